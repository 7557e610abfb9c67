from __future__ import annotations

import attrs
import pytest

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.services.ports import Store
from tests.stores.build import (
    GUILD,
    LEASE,
    MESSAGE,
    NOW,
    OTHER_GUILD,
    claim,
    claim_one,
    later,
    mark,
    prepare,
    prepared,
    row,
    row_id,
    states,
    stored,
)
from tests.stores.lacking import bulk_updates

pytestmark = bulk_updates

SENT, PENDING, CLAIMED = AnnouncementState.SENT, AnnouncementState.PENDING, AnnouncementState.CLAIMED
EXPIRED = NOW + LEASE


async def enqueue_three(store: Store) -> None:
    """Three codes of one server; FIRST will be the anchor."""
    await store.enqueue([row("FIRST", now=later(-1)), row("SECOND"), row("THIRD")])


def codes(rows: list[Announcement]) -> list[str]:
    """The codes of rows."""
    return [item.code for item in rows]


async def test_rows_ride_with_their_anchor(store: Store) -> None:
    """A joined row has the anchor's owner and fence, is not due, and is claimed by nobody else."""
    await enqueue_three(store)
    claimed = await claim_one(store)
    joined = await store.join(claimed.anchor, claimed.others, NOW)
    assert codes(joined) == ["SECOND", "THIRD"]
    for item in joined:
        assert (item.batch, item.state, item.due_at) == (row_id("FIRST"), CLAIMED, None)
        assert (item.owner, item.fence) == (claimed.anchor.owner, claimed.anchor.fence)
    assert await store.join(claimed.anchor, claimed.others, NOW) == joined, "joining again changes nothing"
    assert await claim(store, "b") == []


async def test_only_due_pending_rows_of_the_server_and_epoch_join(store: Store) -> None:
    """Others stay as they are, though their ids are given."""
    await store.enqueue([row("FIRST", now=later(-1)), row("LATER", now=later(60)), row("EPOCH", guild_epoch=1)])
    await store.enqueue([row("FOREIGN", guild=OTHER_GUILD, now=later(1))])
    claimed = await claim_one(store)
    ids = [row_id("LATER"), row_id("EPOCH"), row_id("FOREIGN", OTHER_GUILD), row_id("FIRST"), row_id("ABSENT")]
    assert await store.join(claimed.anchor, ids, NOW) == []
    assert (await states(store)) == {"FIRST": CLAIMED, "LATER": PENDING, "EPOCH": PENDING}


async def test_a_message_marks_all_its_rows(store: Store) -> None:
    """Anchor and joined rows are sent, with the message; each says whose message shows it."""
    await enqueue_three(store)
    attempt = await prepare(store, await claim_one(store))
    assert await store.finish([mark(attempt, now=later(2))]) == {row_id("FIRST")}
    for code in ("FIRST", "SECOND", "THIRD"):
        found = await stored(store, code)
        assert (found.state, found.message_id, found.sent_at, found.due_at) == (SENT, MESSAGE, later(2), None)
        assert found.batch == (None if code == "FIRST" else row_id("FIRST"))
    assert await store.finish([mark(attempt, now=later(2))]) == {row_id("FIRST")}, "repeating it is harmless"


async def test_a_new_claim_takes_over_the_joined_rows(store: Store) -> None:
    """After a crash the next owner has the same batch: the rows are stamped with its owner and fence."""
    await enqueue_three(store)
    await prepare(store, await claim_one(store, "a"))
    second = await claim_one(store, "b", EXPIRED)
    assert second.anchor.is_prepared
    joined = await store.join(second.anchor, (), EXPIRED)
    assert codes(joined) == ["SECOND", "THIRD"]
    assert {(item.owner, item.fence) for item in joined} == {("b", 2)}


async def test_a_crash_between_join_and_prepare_loses_nothing(store: Store) -> None:
    """The rows that had joined an unprepared anchor come with it again."""
    await enqueue_three(store)
    first = await claim_one(store, "a")
    await store.join(first.anchor, first.others, NOW)
    second = await claim_one(store, "b", EXPIRED)
    assert codes(await store.join(second.anchor, second.others, EXPIRED)) == ["SECOND", "THIRD"]


async def test_a_stale_owner_is_refused(store: Store) -> None:
    """Once the claim was taken over, the former owner can neither join, prepare, release nor fail anything."""
    await enqueue_three(store)
    stale = await claim_one(store, "a")
    await store.join(stale.anchor, stale.others, NOW)
    second = await claim_one(store, "b", EXPIRED)
    held = await store.join(second.anchor, second.others, EXPIRED)
    assert await store.join(stale.anchor, stale.others, EXPIRED) == []
    attempt = prepared(stale.anchor, tuple(held))
    assert await store.prepare([attempt]) == set()
    for state in (PENDING, CLAIMED, AnnouncementState.FAILED, AnnouncementState.UNKNOWN):
        assert await store.finish([mark(attempt, state)]) == set()
    assert await store.join(second.anchor, (), EXPIRED) == held
    assert await stored(store, "FIRST") == second.anchor


async def test_a_stale_owner_that_did_send_marks_the_rows_it_showed(store: Store) -> None:
    """The codes of a message that exists are sent, whatever became of the claim; the anchor is the holder's."""
    await enqueue_three(store)
    attempt = await prepare(store, await claim_one(store, "a"))
    second = await claim_one(store, "b", EXPIRED)
    assert await store.finish([mark(attempt)]) == set()
    assert await states(store) == {"FIRST": CLAIMED, "SECOND": SENT, "THIRD": SENT}
    assert await store.join(second.anchor, (), EXPIRED) == []
    assert await store.finish([mark(attrs.evolve(attempt, anchor=second.anchor), now=EXPIRED)]) == {row_id("FIRST")}
    assert (await stored(store, "FIRST")).state is SENT


async def test_a_released_attempt_keeps_batch_nonce_and_rows(store: Store) -> None:
    """Ending a prepared claim without an outcome keeps the message as it will be sent."""
    await enqueue_three(store)
    attempt = await prepare(store, await claim_one(store))
    release = attrs.evolve(mark(attempt, CLAIMED), due_at=later(5))
    assert await store.finish([release]) == {row_id("FIRST")}
    assert await claim(store, now=later(4)) == []
    again = await claim_one(store, "b", later(5))
    assert (again.anchor.nonce, again.anchor.codes) == (attempt.anchor.nonce, attempt.anchor.codes)
    assert again.anchor.fence == 2
    assert codes(await store.join(again.anchor, (), later(5))) == ["SECOND", "THIRD"]


async def test_an_unprepared_release_lets_the_rows_go(store: Store) -> None:
    """They are due by themselves again."""
    await enqueue_three(store)
    claimed = await claim_one(store)
    joined = await store.join(claimed.anchor, claimed.others, NOW)
    release = mark(attrs.evolve(prepared(claimed.anchor, tuple(joined)), anchor=claimed.anchor), PENDING)
    assert await store.finish([attrs.evolve(release, due_at=later(3))]) == {row_id("FIRST")}
    assert await states(store) == {"FIRST": PENDING, "SECOND": PENDING, "THIRD": PENDING}
    again = await claim_one(store, "b", later(3))
    assert len(again.others) == 2


@pytest.mark.parametrize("state", [AnnouncementState.FAILED, AnnouncementState.UNKNOWN])
async def test_an_end_without_a_message_holds_for_all_rows(store: Store, state: AnnouncementState) -> None:
    """Refused or unknown: every code of the message is, with the reason."""
    await enqueue_three(store)
    attempt = await prepare(store, await claim_one(store))
    await store.finish([mark(attempt, state)])
    for code in ("FIRST", "SECOND", "THIRD"):
        found = await stored(store, code)
        assert (found.state, found.reason, found.due_at) == (state, "why", None)


async def test_a_row_that_a_stale_worker_joined_is_let_go(store: Store) -> None:
    """An anchor that is prepared without the row, final or gone never sends it: it becomes due again."""
    await enqueue_three(store)
    claimed = await claim_one(store)
    attempt = prepared(claimed.anchor)
    await store.prepare([attempt])
    await store.join(attempt.anchor, claimed.others, NOW)  # after the batch was fixed
    assert await store.release_orphans(later(1)) == 2
    assert await states(store) == {"FIRST": CLAIMED, "SECOND": PENDING, "THIRD": PENDING}
    assert (await stored(store, "SECOND")).batch is None
    [second] = await claim(store, "b", later(1))
    assert second.anchor.code in {"SECOND", "THIRD"}


async def test_rows_of_a_live_anchor_are_no_orphans(store: Store) -> None:
    """Neither before nor after the batch is fixed."""
    await enqueue_three(store)
    claimed = await claim_one(store)
    joined = await store.join(claimed.anchor, claimed.others, NOW)
    assert await store.release_orphans(NOW) == 0
    await store.prepare([prepared(claimed.anchor, tuple(joined))])
    assert await store.release_orphans(NOW) == 0


async def test_orphans_of_a_final_anchor_follow_its_message(store: Store) -> None:
    """Listed in a message that was sent: sent. Otherwise due again."""
    await enqueue_three(store)
    claimed = await claim_one(store)
    [second] = await store.join(claimed.anchor, [row_id("SECOND")], NOW)
    attempt = prepared(claimed.anchor, (second,))
    await store.prepare([attempt])
    await store.join(attempt.anchor, [row_id("THIRD")], NOW)
    alone = attrs.evolve(mark(attempt, now=later(2)), joined=())  # the joined rows' marks were lost
    assert await store.finish([alone]) == {row_id("FIRST")}
    assert await store.release_orphans(later(3)) == 2
    assert await states(store) == {"FIRST": SENT, "SECOND": SENT, "THIRD": PENDING}
    found = await stored(store, "SECOND")
    assert (found.message_id, found.sent_at) == (MESSAGE, later(2))


async def test_orphans_of_a_removed_anchor_are_let_go(store: Store) -> None:
    """A reset may remove an anchor from under its rows, or raise it to a new epoch."""
    await enqueue_three(store)
    claimed = await claim_one(store)
    await store.join(claimed.anchor, claimed.others, NOW)
    await store.enqueue([row("FIRST", guild_epoch=1)])
    assert await store.release_orphans(later(1)) == 2
    assert (await states(store))["SECOND"] is PENDING
    assert await store.clear_guild_codes(GUILD, before_epoch=1) == 2

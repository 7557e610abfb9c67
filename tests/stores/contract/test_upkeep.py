from __future__ import annotations

import attrs
import pytest

from giftbot.models.announcement import AnnouncementState, Mark, Origin
from giftbot.models.ids import CodeKey
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
    post,
    prepare,
    row,
    row_id,
    states,
    stored,
)
from tests.stores.lacking import bulk_updates

SENT, FAILED, UNKNOWN = AnnouncementState.SENT, AnnouncementState.FAILED, AnnouncementState.UNKNOWN
PENDING, CLAIMED, SKIPPED = AnnouncementState.PENDING, AnnouncementState.CLAIMED, AnnouncementState.SKIPPED


async def prepared_mark(store: Store, *codes: str) -> Mark:
    """A mark that could not be written: the message with these codes was sent, the store went away."""
    await store.enqueue([row(code) for code in codes])
    return mark(await prepare(store, await claim_one(store)), now=later(3))


@bulk_updates
async def test_replay_needs_no_claim(store: Store) -> None:
    """A mark from the journal counts, though another process claimed the rows meanwhile."""
    kept = await prepared_mark(store, "FIRST", "SECOND")
    await claim(store, "b", NOW + LEASE)
    assert await store.replay([kept]) == 2
    assert await states(store) == {"FIRST": SENT, "SECOND": SENT}
    found = await stored(store, "FIRST")
    assert (found.message_id, found.sent_at, found.due_at, found.lease_until) == (MESSAGE, later(3), None, None)
    assert await store.replay([kept, kept]) == 0


@bulk_updates
@pytest.mark.parametrize(
    ("present", "replayed", "result"),
    [
        (UNKNOWN, FAILED, FAILED),
        (UNKNOWN, SENT, SENT),
        (FAILED, SENT, SENT),
        (FAILED, UNKNOWN, FAILED),
        (SENT, UNKNOWN, SENT),
        (SENT, FAILED, SENT),
        (FAILED, CLAIMED, FAILED),
        (UNKNOWN, PENDING, UNKNOWN),
    ],
)
async def test_replay_never_downgrades(
    store: Store, present: AnnouncementState, replayed: AnnouncementState, result: AnnouncementState
) -> None:
    """Pending < claimed < unknown < failed < sent, for joined rows as for anchors."""
    kept = await prepared_mark(store, "FIRST", "SECOND")
    await store.finish([attrs.evolve(kept, state=present)])
    changed = await store.replay([attrs.evolve(kept, state=replayed)])
    assert changed == (0 if result is present else 2)
    assert await states(store) == {"FIRST": result, "SECOND": result}


@bulk_updates
async def test_the_order_of_a_journal_does_not_matter(store: Store) -> None:
    """Among several marks for one row the highest wins."""
    kept = await prepared_mark(store, "FIRST")
    await store.replay([kept, attrs.evolve(kept, state=FAILED), attrs.evolve(kept, state=UNKNOWN)])
    assert (await stored(store, "FIRST")).state is SENT


@bulk_updates
async def test_replay_leaves_other_epochs_alone(store: Store) -> None:
    """A row that started over since, or was removed, is none of the journal's business."""
    kept = await prepared_mark(store, "FIRST", "SECOND", "THIRD")
    await store.enqueue([row("FIRST", guild_epoch=1), row("SECOND", code_epoch=1)])
    assert await store.replay([kept]) == 1
    assert await states(store) == {"FIRST": PENDING, "SECOND": PENDING, "THIRD": SENT}


async def test_claims_of_others_expire_for_the_one_process(store: Store) -> None:
    """Whoever is alone takes over at once; its own claims stay."""
    await store.enqueue([row(), row(guild=OTHER_GUILD, now=later(1))])
    await claim_one(store, "old")
    mine = (await claim_one(store, "new", later(1))).anchor
    assert await store.expire_leases("new", later(2)) == 1
    assert await store.expire_leases("new", later(2)) == 0
    assert [item.anchor.announcement_id for item in await claim(store, "new", later(2))] == [row_id("FROST77")]
    assert await stored(store, guild=OTHER_GUILD) == mine


@bulk_updates
async def test_a_release_that_waits_does_not_expire(store: Store) -> None:
    """A claim that was given back until later, because Discord said so, is no lease."""
    await store.enqueue([row()])
    attempt = await prepare(store, await claim_one(store, "old"))
    await store.finish([attrs.evolve(mark(attempt, CLAIMED), due_at=later(600))])
    assert await store.expire_leases("new", later(1)) == 0
    assert await claim(store, "new", later(599)) == []


async def test_skipping_a_server(store: Store) -> None:
    """What nobody claimed yet is skipped with the reason; other servers and claimed rows stay."""
    await store.enqueue([row("CLAIMED", now=later(-1))])
    await claim_one(store)
    await store.enqueue([row("DUE"), row("LATER", now=later(60)), row("DUE", guild=OTHER_GUILD)])
    assert await store.skip_guild(GUILD, "the bot was removed", later(1)) == 2
    assert await store.skip_guild(GUILD, "the bot was removed", later(1)) == 0
    assert await states(store) == {"CLAIMED": CLAIMED, "DUE": SKIPPED, "LATER": SKIPPED}
    found = await stored(store, "DUE")
    assert (found.reason, found.due_at, found.updated_at) == ("the bot was removed", None, later(1))
    assert await states(store, OTHER_GUILD) == {"DUE": PENDING}


@bulk_updates
async def test_a_prepared_row_is_not_skipped(store: Store) -> None:
    """It may have been sent: whoever claims it finds out."""
    await store.enqueue([row()])
    attempt = await prepare(store, await claim_one(store))
    await store.finish([attrs.evolve(mark(attempt, PENDING), due_at=NOW)])
    assert await store.skip_guild(GUILD, "left", NOW) == 0


@bulk_updates
async def test_what_is_unknown_can_be_posted_again(store: Store) -> None:
    """All rows of the message start over, by themselves, with a fence that voids the former claim."""
    kept = await prepared_mark(store, "FIRST", "SECOND")
    await store.finish([attrs.evolve(kept, state=UNKNOWN)])
    await post(store, "OTHER", guild=OTHER_GUILD)
    assert await store.retry_unresolved(OTHER_GUILD, later(9)) == 0
    assert await store.retry_unresolved(GUILD, later(9)) == 2
    assert await store.retry_unresolved(GUILD, later(9)) == 0
    found = await stored(store, "FIRST")
    fresh = attrs.evolve(row("FIRST"), due_at=later(9), updated_at=later(9), fence=2)
    assert found == fresh
    assert await store.finish([kept]) == set()


@bulk_updates
async def test_a_reset_removes_rows_of_former_epochs(store: Store) -> None:
    """Those of the new epoch stay, other servers too; what was removed can be sent again."""
    await store.mark_codes_sent(GUILD, [CodeKey("OLD"), CodeKey("OLDER")], Origin.AUTO, NOW)
    await store.mark_codes_sent(OTHER_GUILD, [CodeKey("OLD")], Origin.AUTO, NOW)
    await store.enqueue([row("NEW", guild_epoch=1)])
    assert await store.clear_guild_codes(GUILD, before_epoch=0) == 0
    assert await store.clear_guild_codes(GUILD, before_epoch=1) == 2
    assert await store.clear_guild_codes(GUILD, before_epoch=1) == 0
    assert await states(store) == {"NEW": PENDING}
    assert await store.get_sent_codes(OTHER_GUILD) == {"OLD"}
    assert await store.enqueue([row("OLD", guild_epoch=1)]) == 1

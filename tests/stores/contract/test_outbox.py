from __future__ import annotations

import asyncio
import itertools

import attrs
import pytest

from giftbot.models.announcement import REVIVABLE_STATES, AnnouncementState, Origin
from giftbot.models.ids import CodeKey, GuildId
from giftbot.services.ports import Store
from tests.stores.build import (
    GUILD,
    LEASE,
    NOW,
    OTHER_GUILD,
    claim,
    claim_one,
    later,
    mark,
    post,
    prepare,
    prepared,
    row,
    row_id,
    states,
    stored,
)
from tests.stores.conftest import OpenStore
from tests.stores.lacking import bulk_updates


async def test_a_row_is_read_as_it_was_written(store: Store) -> None:
    """Every field survives."""
    full = attrs.evolve(
        prepared(attrs.evolve(row(guild_epoch=2, code_epoch=3), owner="a", fence=7, lease_until=later(45))).anchor,
        batch=row_id("OTHER"),
        sent_at=later(2),
        reason="why",
        source=Origin.RSS,
    )
    assert await store.enqueue([full]) == 1
    assert await stored(store) == full


async def test_a_row_is_enqueued_once(store: Store) -> None:
    """The same code for the same server is one row, however often and from wherever it is enqueued."""
    results = await asyncio.gather(*(store.enqueue([row(), row("OTHER")]) for _ in range(6)))
    assert sum(results) == 2
    assert await store.enqueue([row()]) == 0
    assert await states(store) == {"FROST77": AnnouncementState.PENDING, "OTHER": AnnouncementState.PENDING}


@bulk_updates
async def test_a_sent_row_is_not_enqueued_again(store: Store) -> None:
    """What was noted as sent is not posted, whoever enqueues it, unless an epoch was raised."""
    await store.mark_codes_sent(GUILD, [CodeKey("FROST77")], Origin.MIGRATION, NOW)
    assert await store.enqueue([row()]) == 0
    assert await claim(store) == []


@bulk_updates
async def test_servers_are_isolated(store: Store) -> None:
    """A row of one server is none of another, also where one's id begins like the other's."""
    await store.enqueue([row(guild=11), row(guild=111), row(guild=1)])
    assert {item.anchor.guild_id for item in await claim(store)} == {1, 11, 111}
    await store.mark_codes_sent(GuildId(11), [CodeKey("DONE")], Origin.AUTO, NOW)
    assert await store.get_sent_codes(GuildId(1)) == set()
    assert await store.get_sent_codes(GuildId(111)) == set()


@bulk_updates
async def test_a_row_of_an_older_epoch_starts_over(store: Store) -> None:
    """A reset of the server, or a code that came back, makes a new announcement of the same row."""
    await post(store, "FROST77")
    assert await store.enqueue([row(code_epoch=1, now=later(60))]) == 1
    again = await stored(store)
    assert again == attrs.evolve(row(code_epoch=1, now=later(60)), fence=again.fence)
    assert again.fence > 1
    assert await store.enqueue([row(guild_epoch=1)]) == 1
    assert await store.enqueue([row(code_epoch=5)]) == 0, "of an older server epoch, whatever its code epoch"
    assert (await stored(store)).guild_epoch == 1


@bulk_updates
async def test_what_failed_is_revived_only_when_asked(store: Store) -> None:
    """An admin's "post the codes active now" starts over what was refused or skipped, never what was sent."""
    await post(store, "SENT")
    await store.enqueue([row("FAILED")])
    attempt = await prepare(store, await claim_one(store))
    await store.finish([mark(attempt, AnnouncementState.FAILED)])
    await store.enqueue([row("SKIPPED")])
    await store.skip_guild(GUILD, "only new ones", NOW)
    rows = [row("SENT"), row("FAILED"), row("SKIPPED")]
    assert await store.enqueue(rows) == 0
    assert await store.enqueue(rows, revive=REVIVABLE_STATES) == 2
    assert await store.enqueue(rows, revive=REVIVABLE_STATES) == 0
    revived = await stored(store, "FAILED")
    assert revived == attrs.evolve(row("FAILED"), fence=revived.fence)
    assert (await states(store))["SENT"] is AnnouncementState.SENT


@bulk_updates
async def test_the_claim_of_a_revived_row_is_void(store: Store) -> None:
    """A worker that held the row in its earlier life cannot end the new one."""
    await store.enqueue([row()])
    stale = await prepare(store, await claim_one(store))
    await store.finish([mark(stale, AnnouncementState.FAILED)])
    await store.enqueue([row()], revive=REVIVABLE_STATES)
    assert await store.finish([mark(stale)]) == set()
    assert await store.prepare([stale]) == set()
    assert (await stored(store)).state is AnnouncementState.PENDING


async def test_a_claim_shows_owner_fence_and_lease(store: Store) -> None:
    """The claimed row, as it is stored."""
    await store.enqueue([row()])
    claimed = await claim_one(store, "me", later(1))
    anchor = claimed.anchor
    assert claimed.others == ()
    assert (anchor.state, anchor.owner, anchor.fence) == (AnnouncementState.CLAIMED, "me", 1)
    assert anchor.lease_until == anchor.due_at == later(1) + LEASE
    assert await stored(store) == anchor


async def test_nothing_is_claimed_before_it_is_due(store: Store) -> None:
    """Due means `due_at` is now or earlier."""
    await store.enqueue([row(now=later(10))])
    assert await claim(store, now=later(9.999)) == []
    assert len(await claim(store, now=later(10))) == 1


async def test_one_anchor_per_server_longest_due_first(store: Store) -> None:
    """The server's other due rows come along as others."""
    await store.enqueue([row("LATE", now=later(3)), row("FIRST", now=later(1)), row("THIRD", now=later(4))])
    await store.enqueue([row("EARLY", guild=OTHER_GUILD, now=NOW), row("NOTYET", now=later(99))])
    claims = await claim(store, now=later(5))
    assert [item.anchor.code for item in claims] == ["EARLY", "FIRST"]
    assert [set(item.others) for item in claims] == [set(), {row_id("LATE"), row_id("THIRD")}]


async def test_the_limit_is_kept(store: Store) -> None:
    """At most so many servers at once; none is forgotten."""
    await store.enqueue([row(guild=guild) for guild in range(1, 26)])
    sizes = [len(await claim(store, limit=10)) for _ in range(4)]
    assert sizes == [10, 10, 5, 0]
    assert await claim(store, limit=0) == []


async def test_servers_behind_one_with_many_rows_are_reached(store: Store) -> None:
    """A server with hundreds of due rows does not hide the others."""
    await store.enqueue([row(f"CODE{n}") for n in range(450)])
    await store.enqueue([row(guild=OTHER_GUILD, now=later(1))])
    claims = await claim(store, now=later(2), limit=2)
    assert {item.anchor.guild_id for item in claims} == {GUILD, OTHER_GUILD}


async def test_a_claim_is_due_again_when_its_lease_ends(store: Store) -> None:
    """Whoever claims it then has a higher fence; before, nobody gets it."""
    await store.enqueue([row()])
    first = await claim_one(store, "a")
    end = NOW + LEASE
    assert await claim(store, "b", later(44)) == []
    second = await claim_one(store, "b", end)
    assert second.anchor.fence == first.anchor.fence + 1
    assert second.anchor.owner == "b"


async def test_concurrent_claims_never_share_a_row(open_store: OpenStore) -> None:
    """Several processes, several tasks each: every row is claimed by exactly one of them."""
    stores = [await open_store() for _ in range(2)]
    await stores[0].enqueue([row(guild=guild) for guild in range(1, 201)])
    seen: list[str] = []

    async def work(number: int) -> None:
        store = stores[number % 2]
        while claims := await claim(store, f"owner-{number}", limit=7):
            seen.extend(item.anchor.announcement_id for item in claims)
            assert {item.anchor.owner for item in claims} == {f"owner-{number}"}

    await asyncio.gather(*(work(number) for number in range(6)))
    while claims := await claim(stores[0], "last"):
        seen.extend(item.anchor.announcement_id for item in claims)
    assert sorted(seen) == sorted(row_id("FROST77", guild) for guild in range(1, 201))


@bulk_updates
async def test_an_attempt_is_written_into_its_anchor(store: Store) -> None:
    """Batch, nonce, channel, times and a longer lease; repeating it is harmless."""
    await store.enqueue([row()])
    claimed = await claim_one(store)
    attempt = prepared(attrs.evolve(claimed.anchor, lease_until=later(99), due_at=later(99)), now=later(1))
    for _ in range(2):
        assert await store.prepare([attempt]) == {row_id("FROST77")}
    assert await stored(store) == attempt.anchor
    assert await claim(store, "b", later(60)) == []


@bulk_updates
@pytest.mark.parametrize(
    "change",
    [{"owner": "b"}, {"fence": 9}, {"guild_epoch": 1}, {"code_epoch": 1}],
    ids=lambda change: next(iter(change)),
)
async def test_an_attempt_of_a_lost_claim_is_refused(store: Store, change: dict[str, object]) -> None:
    """Owner, fence and both epochs must be those of the claim."""
    await store.enqueue([row()])
    anchor = (await claim_one(store)).anchor
    stale = prepared(attrs.evolve(anchor, **change))  # type: ignore[arg-type]  # one of several fields
    assert await store.prepare([stale]) == set()
    assert await store.finish([mark(stale)]) == set()
    assert await stored(store) == anchor


@bulk_updates
async def test_of_many_attempts_the_good_ones_are_written(store: Store) -> None:
    """One stale claim among them does not hold up the others."""
    await store.enqueue([row(guild=guild) for guild in (1, 2, 3)])
    attempts = [prepared(item.anchor) for item in await claim(store)]
    stale = attrs.evolve(attempts[1], anchor=attrs.evolve(attempts[1].anchor, fence=0))
    written = await store.prepare([attempts[0], stale, attempts[2]])
    assert written == {attempts[0].anchor.announcement_id, attempts[2].anchor.announcement_id}


@bulk_updates
async def test_a_server_is_worked_off_message_by_message(store: Store) -> None:
    """Rows that did not fit into a message stay due and come next."""
    await store.enqueue([row(f"CODE{n}") for n in range(5)])
    sent: list[str] = []
    for step in itertools.count():
        claims = await claim(store, now=later(step))
        if not claims:
            break
        joined = await store.join(claims[0].anchor, claims[0].others[:1], later(step))
        attempt = prepared(claims[0].anchor, tuple(joined))
        await store.prepare([attempt])
        await store.finish([mark(attempt)])
        sent.append(" ".join(attempt.anchor.batch_keys))
    assert len(sent) == 3
    assert set(" ".join(sent).split()) == {f"CODE{n}" for n in range(5)}
    assert set((await states(store)).values()) == {AnnouncementState.SENT}

from __future__ import annotations

import asyncio
import itertools

import attrs

from giftbot.models.ids import CodeKey, PlayerId
from giftbot.models.redemption import GRANTED, OPEN, Redemption, RedemptionOutcome
from giftbot.services.ports import Store
from tests.stores.build import GUILD, NOW, OTHER_GUILD, later
from tests.stores.build_redeeming import FROST, redemption, stored_row
from tests.stores.conftest import OpenStore
from tests.stores.lacking import bulk_updates

FAILURES = [outcome for outcome in RedemptionOutcome if outcome not in GRANTED]


def players(rows: list[Redemption]) -> list[str]:
    """Whose rows these are."""
    return [str(row.player_id) for row in rows]


async def test_a_row_is_read_as_it_was_written(store: Store) -> None:
    """Every field survives."""
    full = attrs.evolve(
        redemption("98765432109876543210", RedemptionOutcome.RETRY),
        updated_at=later(1),
        raw="40004 TIMEOUT RETRY „x“",
        attempts=3,
        redeemed_at=later(2),
        next_attempt_at=later(3),
    )
    assert await store.open_redemptions([full]) == 1
    assert await stored_row(store, full) == full
    assert await store.list_redemptions(guild_id=GUILD) == [full]


async def test_rows_are_opened_once(store: Store) -> None:
    """What is there stays as it is."""
    first = redemption(1, RedemptionOutcome.RETRY, now=later(9))
    assert await store.open_redemptions([first]) == 1
    assert await store.open_redemptions([redemption(1), redemption(2), redemption(3)]) == 2
    assert await stored_row(store, first) == first
    assert await store.open_redemptions([]) == 0
    results = await asyncio.gather(*(store.open_redemptions([redemption(7)]) for _ in range(6)))
    assert sum(results) == 1


@bulk_updates
async def test_only_rows_that_were_not_granted_are_revived(store: Store) -> None:
    """By a retry: they become as given."""
    outcomes = list(enumerate(RedemptionOutcome))
    known = [attrs.evolve(redemption(number, before), raw="x", attempts=3) for number, before in outcomes]
    given = [redemption(number, now=later(1)) for number, _ in outcomes]
    await store.open_redemptions(known)
    assert await store.open_redemptions([*given, redemption(99)], revive=True) == len(FAILURES) + 1
    for (_, before), old, new in zip(outcomes, known, given, strict=True):
        assert await stored_row(store, old) == (old if before in GRANTED else new)


@bulk_updates
async def test_a_success_is_never_overwritten(store: Store) -> None:
    """Except that `redeemed`, which is ours for sure, replaces `already`; whatever else was recorded at once."""
    pairs = list(enumerate(itertools.product(sorted(GRANTED), RedemptionOutcome)))
    known = [redemption(number, before) for number, (before, _) in pairs]
    given = [redemption(number, after, now=later(1)) for number, (_, after) in pairs]
    await store.open_redemptions(known)
    assert await store.record(given) == 1
    for (_, (before, after)), old, new in zip(pairs, known, given, strict=True):
        wins = (before, after) == (RedemptionOutcome.ALREADY, RedemptionOutcome.REDEEMED)
        assert await stored_row(store, old) == (new if wins else old)


@bulk_updates
async def test_any_other_outcome_is_replaced(store: Store) -> None:
    """The row becomes as given, and loses what it has no more."""
    pairs = list(enumerate(itertools.product(FAILURES, RedemptionOutcome)))
    known = [attrs.evolve(redemption(number, before), redeemed_at=later(3)) for number, (before, _) in pairs]
    given = [redemption(number, after, now=later(1)) for number, (_, after) in pairs]
    await store.open_redemptions([attrs.evolve(row, next_attempt_at=later(4)) for row in known])
    assert await store.record(given) == len(pairs)
    assert await store.get_redemptions([row.redemption_id for row in known]) == {
        row.redemption_id: row for row in given
    }


@bulk_updates
async def test_what_was_not_enrolled_is_recorded_too(store: Store) -> None:
    """Somebody redeems a code for one player, now. Recording once more changes no row."""
    rows = [redemption(number, RedemptionOutcome.REDEEMED) for number in range(600)]
    assert await store.record(rows) == 600
    assert await store.record([*rows, redemption(9999, RedemptionOutcome.UNKNOWN)]) == 1
    assert await store.record([]) == 0
    assert (await store.count_outcomes(GUILD, FROST)).by_outcome == {
        RedemptionOutcome.REDEEMED: 600,
        RedemptionOutcome.UNKNOWN: 1,
    }


@bulk_updates
async def test_of_writers_at_once_the_success_stays(open_store: OpenStore) -> None:
    """Two processes record the same players, some of them for the first time: no order loses a grant."""
    stores = [await open_store() for _ in range(2)]
    await stores[0].open_redemptions([redemption(number) for number in range(0, 40, 2)])
    for outcome in (RedemptionOutcome.REDEEMED, RedemptionOutcome.ALREADY):
        code = CodeKey(f"C-{outcome.upper()}")
        failing = [redemption(number, RedemptionOutcome.RETRY, code=code) for number in range(40)]
        granted = [redemption(number, outcome, code=code) for number in range(40)]
        await asyncio.gather(stores[0].record(failing), stores[1].record(granted), stores[0].record(failing[::-1]))
        assert (await stores[1].count_outcomes(GUILD, code)).by_outcome == {outcome: 40}


async def test_the_batch_query_sees_every_server(store: Store) -> None:
    """Who has the code, through whichever server; failures and other codes do not count."""
    await store.open_redemptions(
        [
            redemption(1, RedemptionOutcome.REDEEMED),
            redemption(2, RedemptionOutcome.ALREADY, guild=OTHER_GUILD),
            redemption(2, RedemptionOutcome.REDEEMED),
            redemption(3, RedemptionOutcome.RETRY),
            redemption(4, RedemptionOutcome.REDEEMED, code="OTHER"),
            redemption(5, RedemptionOutcome.REDEEMED),
        ]
    )
    asked = [PlayerId(str(number)) for number in (1, 2, 3, 4, 6)]
    assert await store.granted_players(FROST, asked) == {"1", "2"}
    assert await store.granted_players(FROST, []) == set()


async def test_the_batch_query_takes_any_number(store: Store) -> None:
    """In chunks."""
    await store.open_redemptions([redemption(number, RedemptionOutcome.REDEEMED) for number in range(1_300)])
    found = await store.granted_players(FROST, [PlayerId(str(number)) for number in range(1_400)])
    assert len(found) == 1_300


async def test_due_rows_come_longest_due_first(store: Store) -> None:
    """Of this job alone; nothing before its moment, and nothing that rests."""
    await store.open_redemptions([redemption(number, now=later(number)) for number in (3, 1, 2, 9)])
    await store.open_redemptions([redemption(4, guild=OTHER_GUILD), redemption(5, code="OTHER")])
    await store.open_redemptions([attrs.evolve(redemption(6), next_attempt_at=None)])
    assert players(await store.due_redemptions(GUILD, FROST, later(3), limit=10)) == ["1", "2", "3"]
    assert players(await store.due_redemptions(GUILD, FROST, later(3), limit=2)) == ["1", "2"]
    assert await store.due_redemptions(GUILD, FROST, later(0.999), limit=10) == []
    assert await store.due_redemptions(GUILD, FROST, later(3), limit=0) == []


async def test_the_next_attempt_is_the_earliest(store: Store) -> None:
    """None when no row is to be asked."""
    assert await store.next_attempt(GUILD, FROST) is None
    await store.open_redemptions([redemption(number, now=later(number)) for number in (7, 3, 5)])
    await store.open_redemptions([redemption(1, RedemptionOutcome.REDEEMED), redemption(2, code="OTHER")])
    assert await store.next_attempt(GUILD, FROST) == later(3)
    await store.close_redemptions(GUILD, FROST, RedemptionOutcome.EXPIRED, "", NOW)
    assert await store.next_attempt(GUILD, FROST) is None


async def test_a_dead_code_ends_what_is_open(store: Store) -> None:
    """Granted and failed rows, other codes and other servers stay."""
    rows = {outcome: redemption(number, outcome) for number, outcome in enumerate(RedemptionOutcome)}
    others = [redemption(1, guild=OTHER_GUILD), redemption(1, code="OTHER")]
    await store.open_redemptions([*rows.values(), *others])
    closed = await store.close_redemptions(GUILD, FROST, RedemptionOutcome.EXPIRED, "40007 TIME ERROR", later(5))
    assert closed == len(OPEN)
    for outcome, row in rows.items():
        ended = attrs.evolve(
            row,
            outcome=RedemptionOutcome.EXPIRED,
            raw="40007 TIME ERROR",
            updated_at=later(5),
            next_attempt_at=None,
        )
        assert await stored_row(store, row) == (ended if outcome in OPEN else row)
    assert [await stored_row(store, row) for row in others] == others
    assert await store.close_redemptions(GUILD, FROST, RedemptionOutcome.EXPIRED, "", NOW) == 0


async def test_outcomes_are_counted_per_job(store: Store) -> None:
    """Of this server and code."""
    assert (await store.count_outcomes(GUILD, FROST)).total == 0
    await store.open_redemptions([redemption(number) for number in range(5)])
    await store.open_redemptions([redemption(6, RedemptionOutcome.ALREADY), redemption(1, guild=OTHER_GUILD)])
    await store.open_redemptions([redemption(1, code="OTHER")])
    counts = await store.count_outcomes(GUILD, FROST)
    assert counts.by_outcome == {RedemptionOutcome.WAITING: 5, RedemptionOutcome.ALREADY: 1}


async def test_rows_of_a_job_are_listed_by_id(store: Store) -> None:
    """Page by page, in some outcomes; never of a server or code whose name begins alike."""
    await store.open_redemptions([redemption(number, now=later(-number)) for number in (1, 10, 2, 3)])
    await store.open_redemptions([redemption(4, RedemptionOutcome.UNKNOWN)])
    await store.open_redemptions([redemption(5, code=f"{FROST}7"), redemption(5, guild=int(f"{GUILD}1"))])
    assert players(await store.list_redemptions(guild_id=GUILD, code=FROST)) == ["1", "10", "2", "3", "4"]
    page = await store.list_redemptions(guild_id=GUILD, code=FROST, limit=2)
    rest = await store.list_redemptions(guild_id=GUILD, code=FROST, after=page[-1].redemption_id)
    assert players(rest) == ["2", "3", "4"]
    parked = await store.list_redemptions(guild_id=GUILD, code=FROST, outcomes=[RedemptionOutcome.UNKNOWN])
    assert players(parked) == ["4"]
    of_one = await store.list_redemptions(guild_id=GUILD, code=FROST, player_id=PlayerId("10"))
    assert players(of_one) == ["10"]


async def test_other_rows_are_listed_newest_first(store: Store) -> None:
    """Of a server, of a player, of a code, or all."""
    rows = [
        redemption(1, now=later(1)),
        redemption(1, code="OTHER", now=later(3)),
        redemption(1, RedemptionOutcome.REDEEMED, guild=OTHER_GUILD, now=later(2)),
        redemption(2, now=later(4)),
    ]
    await store.open_redemptions(rows)
    assert await store.list_redemptions() == [rows[3], rows[1], rows[2], rows[0]]
    assert await store.list_redemptions(limit=1) == [rows[3]]
    assert await store.list_redemptions(guild_id=GUILD) == [rows[3], rows[1], rows[0]]
    assert await store.list_redemptions(player_id=PlayerId("1")) == [rows[1], rows[2], rows[0]]
    assert await store.list_redemptions(guild_id=GUILD, player_id=PlayerId("1")) == [rows[1], rows[0]]
    assert await store.list_redemptions(code=FROST) == [rows[3], rows[2], rows[0]]
    assert await store.list_redemptions(outcomes=GRANTED) == [rows[2]]
    assert await store.list_redemptions(guild_id=GUILD, after=rows[0].redemption_id) == [rows[3], rows[1]]
    by_id = sorted(rows, key=lambda row: row.redemption_id)
    assert await store.list_redemptions(after=by_id[0].redemption_id) == by_id[1:]


async def test_rows_are_fetched_in_any_number(store: Store) -> None:
    """In chunks; those that do not exist are left out."""
    rows = [redemption(number) for number in range(700)]
    await store.open_redemptions(rows[:600])
    assert len(await store.get_redemptions([row.redemption_id for row in rows])) == 600
    assert await store.get_redemptions([]) == {}

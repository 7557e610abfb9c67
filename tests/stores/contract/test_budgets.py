from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from giftbot.models.budget import Budget
from giftbot.services.ports import Store
from giftbot.stores.pacing import slowed, taken
from tests.stores.build import NOW, later
from tests.stores.conftest import OpenStore
from tests.stores.lacking import bulk_updates

GAME = "game:whiteout"
PLAYER = "game:whiteout:123456789"
pipelines = pytest.mark.mock_lacks("updates by a pipeline")

moves = st.lists(
    st.tuples(
        st.sampled_from(["take", "take", "take", "slow"]),
        st.integers(0, 20_000),  # milliseconds since the move before
        st.sampled_from([0.0, 0.1, 1.0, 7.3]),
    ),
    max_size=12,
)


async def test_a_budget_is_unknown_until_it_is_used(store: Store) -> None:
    """Names of games and players are apart."""
    assert await store.peek_budget(GAME) is None
    assert await store.hold_player(PLAYER, "a", NOW, later(30)) is None
    assert await store.peek_budget(PLAYER) is None


@pipelines
async def test_moments_are_given_out_at_the_rate(store: Store) -> None:
    """The first one is now; then one every two seconds, however fast one asks."""
    slots = [(await store.take_slot(GAME, NOW, per_minute=30, earned=0)).slot for _ in range(4)]
    assert slots == [later(0), later(2), later(4), later(6)]
    assert await store.peek_budget(GAME) == Budget(slot=later(6), rate=30)


@pipelines
async def test_unused_time_is_not_saved_up(store: Store) -> None:
    """After an hour without a call there is one at once, and the next one two seconds later."""
    await store.take_slot(GAME, NOW, per_minute=30, earned=0)
    late = later(3600)
    slots = [(await store.take_slot(GAME, late, per_minute=30, earned=0)).slot for _ in range(2)]
    assert slots == [late, late + timedelta(seconds=2)]


@pipelines
async def test_a_rate_that_does_not_divide_is_never_exceeded(store: Store) -> None:
    """Whole milliseconds, rounded up."""
    first = await store.take_slot(GAME, NOW, per_minute=7, earned=0)
    second = await store.take_slot(GAME, NOW, per_minute=7, earned=0)
    assert second.slot - first.slot == timedelta(milliseconds=8572)


@pipelines
async def test_games_have_budgets_of_their_own(store: Store) -> None:
    """One game's calls do not count for another."""
    await store.take_slot(GAME, NOW, per_minute=30, earned=0)
    assert (await store.take_slot("game:other", NOW, per_minute=6, earned=0)).slot == NOW
    assert (await store.take_slot("game:other", NOW, per_minute=6, earned=0)).slot == later(10)


@pipelines
async def test_slowing_down_halves_and_pauses(store: Store) -> None:
    """Never below one a minute; the longer of two pauses counts."""
    await store.take_slot(GAME, NOW, per_minute=30, earned=0)
    slow = await store.slow_down(GAME, later(1), until=later(60))
    assert slow == Budget(slot=NOW, rate=15, paused_until=later(60))
    assert (await store.slow_down(GAME, later(1), until=later(20))) == Budget(NOW, 7.5, later(60))
    for _ in range(5):
        slow = await store.slow_down(GAME, later(1), until=later(61))
    assert slow == Budget(NOW, 1, later(61)) == await store.peek_budget(GAME)
    first = await store.take_slot(GAME, later(2), per_minute=30, earned=0)
    assert first == Budget(later(61), 1, later(61))
    assert (await store.take_slot(GAME, later(2), per_minute=30, earned=0)).slot == later(121)


@pipelines
async def test_the_rate_recovers_up_to_the_configured_one(store: Store) -> None:
    """By what each call earns; a budget that was lowered since is kept at once."""
    await store.take_slot(GAME, NOW, per_minute=30, earned=1)
    await store.slow_down(GAME, NOW, until=NOW)
    rates = [(await store.take_slot(GAME, later(90), per_minute=30, earned=6)).rate for _ in range(4)]
    assert rates == [21, 27, 30, 30]
    assert (await store.take_slot(GAME, later(90), per_minute=10, earned=6)).rate == 10


@pipelines
async def test_a_budget_that_was_never_used_slows_down_too(store: Store) -> None:
    """It begins at the slowest rate, and recovers."""
    assert await store.slow_down(GAME, NOW, until=later(30)) == Budget(NOW, 1, later(30))
    assert (await store.take_slot(GAME, NOW, per_minute=30, earned=59)).slot == later(30)


@pipelines
async def test_no_moment_is_given_out_twice(open_store: OpenStore) -> None:
    """Several processes, several tasks each: all moments are at least the spacing apart, and none is left out."""
    stores = [await open_store() for _ in range(3)]

    async def take(number: int) -> list[Budget]:
        store = stores[number % 3]
        return [await store.take_slot(GAME, NOW, per_minute=40, earned=0.1) for _ in range(8)]

    taken_slots = await asyncio.gather(*map(take, range(6)))
    slots = sorted(budget.slot for budgets in taken_slots for budget in budgets)
    assert slots == [later(1.5 * number) for number in range(48)]


@pipelines
async def test_slow_downs_at_once_all_count(open_store: OpenStore) -> None:
    """None of them is lost between a read and a write."""
    stores = [await open_store() for _ in range(2)]
    await stores[0].take_slot(GAME, NOW, per_minute=64, earned=0)
    await asyncio.gather(*(stores[number % 2].slow_down(GAME, NOW, until=later(number)) for number in range(5)))
    assert await stores[0].peek_budget(GAME) == Budget(NOW, 2, later(4))


@pipelines
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves, number=st.integers(0, 2**60), per_minute=st.sampled_from([0.5, 1.0, 7.0, 30.0, 1000.0]))
async def test_every_store_reckons_alike(
    store: Store, moves: list[tuple[str, int, float]], number: int, per_minute: float
) -> None:
    """Whatever happens, the budget is the one of the plain arithmetic, and moments keep their distance."""
    name = f"{GAME}:{number}"
    expected, now = await store.peek_budget(name), NOW
    for kind, passed, amount in moves:
        now += timedelta(milliseconds=passed)
        before = expected
        if kind == "take":
            expected = taken(expected, now, per_minute=per_minute, earned=amount)
            found = await store.take_slot(name, now, per_minute=per_minute, earned=amount)
            assert found.rate <= per_minute
            assert before is None or (found.slot - before.slot).total_seconds() >= 60 / found.rate
            assert found.slot >= max(now, found.paused_until or now)
        else:
            until = now + timedelta(seconds=amount)
            expected = slowed(expected, now, until=until)
            found = await store.slow_down(name, now, until=until)
        assert found == expected == await store.peek_budget(name)


async def test_a_player_is_held_by_one(store: Store) -> None:
    """The others, and the holder, too, are told until when at the latest."""
    assert await store.hold_player(PLAYER, "a", NOW, later(30)) is None
    assert await store.hold_player(PLAYER, "b", later(1), later(31)) == later(30)
    assert await store.hold_player(PLAYER, "a", later(1), later(31)) == later(30)
    assert await store.hold_player("game:whiteout:5", "b", NOW, later(30)) is None


async def test_a_released_player_is_free_after_the_spacing(store: Store) -> None:
    """For whoever comes first then; only the holder releases."""
    await store.hold_player(PLAYER, "a", NOW, later(30))
    await store.release_player(PLAYER, "b", later(1))
    assert await store.hold_player(PLAYER, "b", later(2), later(32)) == later(30)
    await store.release_player(PLAYER, "a", later(4.5))
    await store.release_player(PLAYER, "a", later(1))
    assert await store.hold_player(PLAYER, "a", later(4), later(34)) == later(4.5)
    assert await store.hold_player(PLAYER, "b", later(4.5), later(34.5)) is None
    await store.release_player(PLAYER, "a", later(5))
    assert await store.hold_player(PLAYER, "a", later(6), later(36)) == later(34.5)
    await store.release_player("game:whiteout:nobody", "a", NOW)


async def test_a_player_of_a_dead_process_is_free_when_the_hold_ends(store: Store) -> None:
    """Nobody has to clean up."""
    await store.hold_player(PLAYER, "a", NOW, later(30))
    assert await store.hold_player(PLAYER, "b", later(29.999), later(60)) == later(30)
    assert await store.hold_player(PLAYER, "b", later(30), later(60)) is None
    await store.release_player(PLAYER, "a", later(30))
    assert await store.hold_player(PLAYER, "c", later(31), later(61)) == later(60)


@bulk_updates
async def test_of_many_who_want_a_player_one_gets_them(open_store: OpenStore) -> None:
    """Also the first time, when there is no row yet."""
    stores = [await open_store() for _ in range(2)]
    for seconds in (0, 100):
        results = await asyncio.gather(
            *(
                stores[number % 2].hold_player(PLAYER, f"owner-{number}", later(seconds), later(seconds + 30))
                for number in range(8)
            )
        )
        assert results.count(None) == 1
        assert set(results) == {None, later(seconds + 30)}


@bulk_updates
async def test_players_who_are_held_and_let_go_at_the_same_time_do_not_disturb_each_other(store: Store) -> None:
    """Each caller is told about their own player, also when one of them is asked for twice."""
    names = [f"game:whiteout:{number}" for number in range(6)]
    await store.hold_player(names[2], "b", NOW, later(10))
    await store.hold_player(names[4], "b", NOW, later(20))
    held = await asyncio.gather(*(store.hold_player(name, "a", later(1), later(31)) for name in [*names, names[5]]))
    assert held == [None, None, later(10), None, later(20), None, later(31)]
    await asyncio.gather(*(store.release_player(name, "a", later(2)) for name in names))
    held = await asyncio.gather(*(store.hold_player(name, "c", later(2), later(40)) for name in names))
    assert held == [None, None, later(10), None, later(20), None]

"""The governor's promises on numbers: the budget, the players' rest, and that nobody starves."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.ports import Store
from giftbot.services.slots import Slots
from giftbot.stores.sqlite.store import open_sqlite
from tests.observed import observe
from tests.services.governing import (
    TOO_FAST,
    Stage,
    ask,
    ask_many,
    busiest_minute,
    closest,
    gift_code,
    settle,
    used,
)
from tests.virtual_time import VirtualClock, virtual

_SLACK = 0.0011
"""Seconds: moments in the store are cut to milliseconds."""


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.sampled_from([1, 2, 7, 30, 31, 90, 600]),
    spacing=st.sampled_from([0.0, 0.5, 2.5, 20.0]),
    processes=st.integers(1, 3),
    store_takes=st.sampled_from([0.0, 0.002, 0.1, 0.4, 1.5]),
    late=st.sampled_from([0.0, 0.02, 0.3, 4.0]),
    seed=st.integers(0, 2**32),
    asks=st.lists(
        st.tuples(st.floats(0, 90), st.integers(0, 9), st.integers(0, 3), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=70,
    ),
)
@virtual
async def test_never_above_the_budget_whatever_happens(
    *,
    per_minute: float,
    spacing: float,
    processes: int,
    store_takes: float,
    late: float,
    seed: int,
    asks: list[tuple[float, int, int, int, bool]],
) -> None:
    """Slow stores, late timers, slow games, several processes, whoever comes when, answers that we are too fast.

    No sliding minute holds a call too many, nobody is asked twice at once or too soon, and everybody is served.
    """
    chance = random.Random(seed)
    stage = Stage(VirtualClock(lambda: chance.random() * late), per_minute=per_minute, spacing=spacing)
    stage.store.latency = lambda: chance.random() * store_takes
    stage.game.latency = lambda: chance.choice([0.1, 0.3, 4.0])
    if seed % 3 == 0:
        stage.game.says = [chance.choice([TOO_FAST, GameAnswer(RedemptionOutcome.REDEEMED)]) for _ in range(20)]
    governors = [stage.governor() for _ in range(processes)]
    codes = [gift_code(f"CODE{age}", age=age) for age in range(4)]

    async def come(number: int) -> None:
        moment, player, guild, code, urgent = asks[number]
        await asyncio.sleep(moment)
        await ask(governors[number % processes], player, guild=guild, code=codes[code], urgent=urgent)

    await asyncio.gather(*(come(number) for number in range(len(asks))))
    assert len(stage.game.calls) == len(asks)
    assert busiest_minute(stage.game.calls) <= per_minute
    assert closest(stage.game.calls) >= spacing - _SLACK
    await asyncio.gather(*(governor.stop() for governor in governors))


@pytest.mark.parametrize("per_minute", [1, 10, 30, 47, 120, 600])
@pytest.mark.parametrize("processes", [1, 2])
@virtual
async def test_the_budget_is_used_while_work_waits(per_minute: float, processes: int) -> None:
    """At least 98 % of it, with a store, a game and timers as they are; never more than it."""
    chance = random.Random(0)
    stage = Stage(VirtualClock(lambda: chance.random() * 0.012), per_minute=per_minute)
    stage.store.latency = lambda: chance.random() * 0.01
    stage.game.latency = chance.random
    governors = [stage.governor() for _ in range(processes)]
    tasks = [ask(governors[player % processes], player) for player in range(400)]
    await asyncio.gather(*tasks)
    assert used(stage.game.calls, per_minute) >= 0.98
    assert busiest_minute(stage.game.calls) <= per_minute
    assert stage.store.count["take_slot"] <= 400 + processes
    await asyncio.gather(*(governor.stop() for governor in governors))


@virtual
async def test_a_game_that_takes_long_does_not_slow_it_down() -> None:
    """Fifteen calls are on their way at once."""
    stage = Stage()
    stage.game.latency = lambda: 25.0
    governor = stage.governor()
    await asyncio.gather(*ask_many(governor, 200))
    assert used(stage.game.calls, 30) >= 0.98
    assert busiest_minute(stage.game.calls) <= 30
    await governor.stop()


@virtual
async def test_a_store_that_takes_long_keeps_nobody_waiting_for_ever() -> None:
    """Players are held ahead of the moment then; without that every moment would be over before the call."""
    chance = random.Random(0)
    stage = Stage()
    stage.store.latency = lambda: chance.choice([0.1, 0.2, 1.2])
    governor = stage.governor()
    await asyncio.gather(*ask_many(governor, 60))
    assert busiest_minute(stage.game.calls) <= 30
    assert used(stage.game.calls, 30) >= 0.8
    assert min(later.began - call.began for call, later in pairwise(stage.game.calls)) >= 1.5
    await governor.stop()


@virtual
async def test_the_end_of_a_sleep_is_never_missed() -> None:
    """Whatever the arithmetic of moments leaves over: a sleep shorter than the clock's step would last for ever."""
    stage = Stage()
    for milliseconds in range(60, 2000):
        slots = Slots(name="whiteout", store=stage.store, clock=stage.clock, per_minute=30)
        slots.note_delay(milliseconds / 1000)
        slots.note_delay(0)
        moment = stage.clock.now() + timedelta(seconds=3)
        await slots.reach(moment)
        assert 0 <= (moment - stage.clock.now()).total_seconds() <= milliseconds / 1000


@virtual
async def test_moments_are_reserved_only_when_somebody_can_be_asked() -> None:
    """One ahead at most; none for a player who rests, and none for nobody."""
    stage = Stage(spacing=30)
    governor = stage.governor()
    tasks = [ask(governor, 1, code=gift_code(f"CODE{age}", age=age)) for age in range(4)]
    await settle(stage.clock, 29)
    assert stage.store.count["take_slot"] == 1
    await asyncio.gather(*tasks)
    assert stage.store.count["take_slot"] == 4
    await settle(stage.clock, 600)
    assert sum(stage.store.count.values()) == 12
    await governor.stop()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=6), st.integers(0, 2**32))
@virtual
async def test_no_server_starves(sizes: list[int], seed: int) -> None:
    """While all of them wait each gets its share, whoever came first; and each call has its bound."""
    chance = random.Random(seed)
    stage = Stage(spacing=0)
    governor = stage.governor()
    served: list[int] = []

    async def come(guild: int, player: int) -> None:
        await ask(governor, player, guild=guild)
        served.append(guild)

    everyone = [(guild, guild * 1000 + number) for guild, size in enumerate(sizes) for number in range(size)]
    chance.shuffle(everyone)
    await asyncio.gather(*(come(guild, player) for guild, player in everyone))
    all_wait = min(sizes) * len(sizes)
    shares = Counter(served[:all_wait])
    assert max(shares.values()) - min(shares.values()) <= 1
    assert stage.clock.monotonic() <= len(everyone) * 2.03 + 1
    await governor.stop()


@virtual
async def test_jobs_go_on_while_people_press_buttons_all_the_time() -> None:
    """Every tenth call is theirs."""
    stage = Stage(spacing=0)
    governor = stage.governor()
    people = [ask(governor, 1000 + number, urgent=True) for number in range(300)]
    jobs = ask_many(governor, 20)
    await asyncio.gather(*jobs)
    assert stage.clock.monotonic() <= 20 * 10 * 2.03
    assert [person.done() for person in people].count(True) >= 170
    await asyncio.gather(*people)
    await governor.stop()


@virtual
async def test_without_limits_the_store_is_asked_twice_a_call() -> None:
    """The player's lease, and its end; the budget is looked at once a second."""
    stage = Stage(per_minute=100_000, spacing=0)
    stage.game.latency = lambda: 0.01
    governor = stage.governor()
    await asyncio.gather(*ask_many(governor, 3000))
    assert stage.store.count["hold_player"] == stage.store.count["release_player"] == 3000
    assert stage.store.count["take_slot"] <= stage.clock.monotonic() + 2
    assert max(Counter(call.player_id for call in stage.game.calls).values()) == 1
    await governor.stop()


@virtual
async def test_without_limits_the_game_can_still_ask_for_less() -> None:
    """This process stops at once, others when they next look at the budget."""
    stage = Stage(per_minute=100_000, spacing=0)
    stage.game.latency = lambda: 0.1
    one, other = stage.governor(), stage.governor()
    await asyncio.gather(*ask_many(one, 100), *ask_many(other, 100, first=200))
    stage.game.says = [TOO_FAST]
    first = ask(one, 999)
    await settle(stage.clock)
    tasks = [*ask_many(one, 500, first=1000), *ask_many(other, 500, first=2000)]
    assert (await first).throttled
    slowed_at = stage.clock.monotonic()
    await asyncio.gather(*tasks)
    early = [call for call in stage.game.calls if slowed_at < call.began < slowed_at + 60]
    assert [call.player_id for call in early if call.player_id < "2000"] == []
    assert max(call.began for call in early) <= slowed_at + 1.1
    assert one.state.rate == pytest.approx(50_000, rel=0.01)
    reserved = stage.store.count["take_slot"]
    await asyncio.gather(*ask_many(one, 50, first=3000))
    assert stage.store.count["take_slot"] >= reserved + 50
    await asyncio.gather(one.stop(), other.stop())


async def test_two_processes_on_one_real_store(tmp_path: Path) -> None:
    """On SQLite, at a pace that real time allows: one budget for both, and no player at two places at once."""
    from giftbot.clock import SystemClock

    path = tmp_path / "giftbot.sqlite"
    async with open_sqlite(path) as first, open_sqlite(path) as second:
        stage = Stage(per_minute=3000, spacing=0.05)
        stage.game.clock = clock = SystemClock()
        stage.game.latency = lambda: 0.03
        stores: list[Store] = [observe(first)[0], observe(second)[0]]
        stage.clock = clock  # type: ignore[assignment]
        governors = [stage.governor(store=store) for store in stores]
        codes = [gift_code(f"CODE{age}", age=age) for age in range(2)]
        tasks = [ask(governors[number % 2], number % 20, code=codes[number % 2]) for number in range(100)]
        await asyncio.gather(*tasks)
        await asyncio.gather(*(governor.stop() for governor in governors))
    assert closest(stage.game.calls) >= 0.05 - _SLACK
    moments = sorted(call.began for call in stage.game.calls)
    assert moments[-1] - moments[0] >= 99 * 0.02

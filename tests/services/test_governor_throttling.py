"""The governor when the game says that we are too fast."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import attrs
import pytest
from structlog.testing import capture_logs

from tests.services.governing import (
    BROKEN,
    TOO_FAST,
    Stage,
    ask,
    ask_many,
    busiest_minute,
    moments,
    settle,
)
from tests.virtual_time import virtual


@pytest.mark.parametrize(("asked_for", "pause"), [(None, 60), (7.0, 7), (300.0, 300), (1e9, 3600)])
@virtual
async def test_too_fast_means_a_pause_and_half_the_rate(asked_for: float | None, pause: float) -> None:
    """For as long as the game asks, within reason; then twice the interval."""
    stage = Stage(spacing=0)
    governor = stage.governor()
    tasks = ask_many(governor, 1)
    stage.game.says = [attrs.evolve(TOO_FAST, retry_after=asked_for)]
    with capture_logs() as logs:
        assert (await tasks[0]).throttled
        await settle(stage.clock)
    assert [line["event"] for line in logs] == ["slowed down"]
    assert governor.state.paused_until is not None
    assert governor.state.rate == pytest.approx(15)
    assert governor.eta(15) == pytest.approx(pause + 60, abs=0.1)
    await asyncio.gather(*ask_many(governor, 4, first=10))
    began = moments(stage)[1:]
    assert pause <= began[0] - 0.3 < pause + 0.1
    assert governor.state.rate > 15
    assert all(3.9 <= later - earlier <= 4.1 for earlier, later in pairwise(began))
    await governor.stop()


@virtual
async def test_a_broken_game_is_left_alone_for_as_long_as_it_asks() -> None:
    """503 with Retry-After: 600 s without calls, in every process, although one broken answer opens no breaker."""
    stage = Stage(spacing=0)
    one, other = stage.governor(), stage.governor()
    stage.game.says = [attrs.evolve(BROKEN, retry_after=600.0)]
    assert (await ask(one)).broken
    await settle(stage.clock)
    assert one.state.breaker == "closed"
    assert one.eta(0) == pytest.approx(600, abs=1)
    await asyncio.gather(ask(one, 2), ask(other, 3), ask(one, 4, urgent=True))
    assert 600 <= min(moments(stage)[1:]) < 605
    await asyncio.gather(one.stop(), other.stop())


@virtual
async def test_calls_on_their_way_together_slow_us_down_once() -> None:
    """Ten were asked before the first one learned that we are too fast."""
    stage = Stage(per_minute=600)
    governor = stage.governor()
    stage.game.latency = lambda: 1.05
    stage.game.says = [TOO_FAST] * 11
    tasks = ask_many(governor, 30)
    await settle(stage.clock, 10)
    assert len(stage.game.calls) == 11
    assert stage.store.count["slow_down"] == 1
    assert governor.state.rate == pytest.approx(300)
    await asyncio.gather(*tasks)
    assert moments(stage)[11] >= 1.05 + 1 + 60
    await governor.stop()


@virtual
async def test_too_fast_again_slows_down_again() -> None:
    """A call that began after the pause is not one of those that were on their way."""
    stage = Stage()
    governor = stage.governor()
    stage.game.says = [attrs.evolve(TOO_FAST, retry_after=5.0)] * 2
    await asyncio.gather(*ask_many(governor, 3))
    assert stage.store.count["slow_down"] == 2
    assert governor.state.rate == pytest.approx(7.5, rel=0.1)
    await governor.stop()


@pytest.mark.parametrize("seconds", [(300.0, 7.0), (None, 300.0)])
@virtual
async def test_the_longest_pause_that_the_game_asks_for_counts(seconds: tuple[float | None, float]) -> None:
    """Of two calls on their way together; for other processes, too, and while the store is away."""
    stage = Stage(per_minute=600)
    one, other = stage.governor(), stage.governor()
    stage.game.latency = lambda: 1.0
    stage.game.says = [attrs.evolve(TOO_FAST, retry_after=span) for span in seconds]
    tasks = ask_many(one, 2)
    await settle(stage.clock, 0.5)
    stage.store.is_away = True
    await asyncio.gather(*tasks)
    await settle(stage.clock, 60)
    assert one.state.paused_until is not None
    assert (one.state.paused_until - stage.clock.now()).total_seconds() > 200
    stage.store.is_away = False
    await settle(stage.clock, 6)
    await asyncio.gather(ask(one, 3), ask(other, 4))
    assert min(moments(stage)[2:]) > 300
    await asyncio.gather(one.stop(), other.stop())


@virtual
async def test_the_rate_comes_back_slowly() -> None:
    """Half of it within some seven minutes of sound answers, and never more than there was."""
    stage = Stage()
    governor = stage.governor()
    stage.game.says = [TOO_FAST]
    tasks = ask_many(governor, 400)
    rates = []
    for _ in range(12):
        await settle(stage.clock, 60)
        rates.append(governor.state.rate)
    assert rates == sorted(rates)
    assert rates[3] < 22 < rates[6] < 30
    assert rates[-1] == pytest.approx(30)
    await asyncio.gather(*tasks)
    assert busiest_minute(stage.game.calls) <= 30
    await governor.stop()


@virtual
async def test_all_processes_slow_down() -> None:
    """The pause and the rate are in the store."""
    stage = Stage()
    one, other = stage.governor(), stage.governor()
    stage.game.says = [TOO_FAST]
    await ask(one)
    await settle(stage.clock)
    await ask(other, 2)
    assert moments(stage)[1] == pytest.approx(60.3, abs=0.1)
    assert other.state.rate == pytest.approx(15)
    await asyncio.gather(one.stop(), other.stop())


@virtual
async def test_a_slow_down_is_written_when_the_store_is_back() -> None:
    """Meanwhile this process keeps the pause by itself."""
    stage = Stage()
    governor = stage.governor()
    stage.game.says = [TOO_FAST]
    task = ask(governor)
    await settle(stage.clock, 0.1)
    stage.store.is_away = True
    await task
    await settle(stage.clock, 20)
    assert stage.store.budgets["whiteout"].paused_until is None
    stage.store.is_away = False
    await ask(governor, 2)
    assert stage.game.calls[1].began >= 60
    assert governor.state.rate == pytest.approx(15)
    await governor.stop()

"""The governor when its store is away."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from giftbot.models.redemption import RedemptionOutcome
from giftbot.services.desk import MOST
from tests.services.governing import (
    Stage,
    ask,
    ask_many,
    busiest_minute,
    gift_code,
    settle,
)
from tests.virtual_time import virtual


@virtual
async def test_a_store_that_is_away_pauses_everything_and_loses_nothing() -> None:
    """Before the moment, and before the player is held; said once in the log."""
    stage = Stage()
    governor = stage.governor()
    stage.store.is_away = True
    tasks = ask_many(governor, 5)
    with capture_logs() as logs:
        await settle(stage.clock, 30)
    assert [line["event"] for line in logs] == ["the governor waits for the store"]
    assert governor.state.store_away is not None
    assert stage.store.count["take_slot"] <= 16
    stage.store.is_away = False
    await settle(stage.clock, 4)
    assert governor.state.store_away is None
    stage.store.is_away = True
    await settle(stage.clock, 10)
    stage.store.is_away = False
    await asyncio.gather(*tasks)
    assert stage.game.granted == {(str(number), "Gift1") for number in range(1, 6)}
    assert len(stage.game.calls) == 5
    await governor.stop()


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.99, 2.03])
@virtual
async def test_answers_of_the_store_that_get_lost_lose_nobody(seconds: float) -> None:
    """The player may be held by then, and nobody knows: everybody is asked in the end, once."""
    stage = Stage()
    governor = stage.governor()
    stage.store.latency = lambda: 0.02
    tasks = ask_many(governor, 6)
    await settle(stage.clock, seconds)
    stage.store.loses_answers = True
    await settle(stage.clock, 4)
    stage.store.loses_answers = False
    await asyncio.gather(*tasks)
    assert len(stage.game.calls) == 6
    assert busiest_minute(stage.game.calls) <= 30
    await governor.stop()


@pytest.mark.parametrize("per_minute", [600, 100_000])
@virtual
async def test_a_store_that_is_away_is_not_stormed(per_minute: float) -> None:
    """Whoever has a turn when it fails waits like the others."""
    stage = Stage(per_minute=per_minute, spacing=0)
    governor = stage.governor()
    stage.game.latency = lambda: 0.2
    tasks = ask_many(governor, 1000)
    await settle(stage.clock, 0.5)
    stage.store.is_away = True
    calls, before = len(stage.game.calls), sum(stage.store.count.values())
    await settle(stage.clock, 20)
    assert len(stage.game.calls) == calls
    assert sum(stage.store.count.values()) - before <= 4 * MOST
    stage.store.is_away = False
    await asyncio.gather(*tasks)
    assert len(stage.game.calls) == 1000
    await governor.stop()


@virtual
async def test_an_answer_is_not_kept_back_by_a_store_that_is_away() -> None:
    """Letting go of the player fails then; they are asked again when the lease is over."""
    stage = Stage()
    governor = stage.governor()
    stage.game.latency = lambda: 1.0
    task = ask(governor)
    await settle(stage.clock, 0.5)
    stage.store.is_away = True
    assert (await task).outcome is RedemptionOutcome.REDEEMED
    assert stage.clock.monotonic() < 1.1
    await settle(stage.clock)
    stage.store.is_away = False
    await ask(governor, 1, code=gift_code("NEXT"))
    assert stage.game.calls[1].began >= 60
    await governor.stop()

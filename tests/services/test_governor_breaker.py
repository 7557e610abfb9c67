"""The governor when the game is broken: it is left alone but for canaries."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from tests.services.governing import (
    BROKEN,
    Stage,
    ask,
    ask_many,
    break_game,
    busiest_minute,
    moments,
    settle,
)
from tests.virtual_time import virtual

RETRY = RedemptionOutcome.RETRY


@virtual
async def test_a_broken_game_is_left_alone_but_for_canaries() -> None:
    """Five answers, then one after 30, 60 and 120 seconds; the jobs wait, and are all asked in the end."""
    stage = Stage()
    governor = stage.governor()
    stage.game.says = [BROKEN] * 7
    with capture_logs() as logs:
        answers = await asyncio.gather(*ask_many(governor, 30))
    assert [answer.broken for answer in answers].count(True) == 7
    began = moments(stage)
    pauses = [round(later - earlier) for earlier, later in pairwise(began[4:8])]
    assert pauses == [30, 60, 120]
    assert len(began) == 30
    assert busiest_minute(stage.game.calls[8:]) <= 30
    events = [line["event"] for line in logs]
    assert events == ["breaker opened"] * 3 + ["breaker closed"]
    await governor.stop()


@virtual
async def test_calls_that_wait_for_the_store_do_not_slip_through() -> None:
    """They have their turn, but not begun when the breaker opens."""
    stage = Stage(per_minute=600)
    governor = stage.governor()
    stage.store.latency = lambda: 0.04
    stage.game.latency = lambda: 0.1
    stage.game.always = BROKEN
    tasks = ask_many(governor, 30)
    await settle(stage.clock, 29)
    opened_at = stage.game.calls[4].ended
    assert opened_at is not None
    assert [began for began in moments(stage) if began > opened_at] == []
    stage.game.always = None
    await asyncio.gather(*tasks)
    await governor.stop()


@virtual
async def test_a_canary_whose_player_is_held_elsewhere_is_followed_by_another() -> None:
    """At the same moment: the breaker does not wait for a call that was never made."""
    stage = Stage()
    governor = stage.governor()
    await break_game(stage, governor)
    await settle(stage.clock, 31)
    stage.store.leases["whiteout:50"] = ("another process", stage.clock.now() + timedelta(seconds=20))
    tasks = ask_many(governor, 2, first=50)
    await tasks[1]
    assert governor.state.breaker == "closed"
    await tasks[0]
    assert [call.player_id for call in stage.game.calls[5:]] == ["51", "50"]
    assert moments(stage)[5] <= moments(stage)[4] + 33
    await governor.stop()


@virtual
async def test_what_the_impatient_are_told_is_noted_too() -> None:
    """As every answer is."""
    stage = Stage()
    governor = stage.governor()
    await break_game(stage, governor)
    noted: list[GameAnswer] = []

    async def note(answer: GameAnswer) -> None:
        noted.append(answer)

    answer = await ask(governor, 9, urgent=True, after=note)
    assert noted == [answer]
    await governor.stop()


@virtual
async def test_who_cannot_wait_is_told_at_once_that_the_game_is_broken() -> None:
    """Those who wait when it opens, and those who come later; others wait."""
    stage = Stage()
    governor = stage.governor()
    stage.game.always = BROKEN
    jobs = ask_many(governor, 5)
    await settle(stage.clock, 8.2)
    assert len(stage.game.calls) == 5
    waiting = ask(governor, 50, urgent=True)
    await settle(stage.clock, 0.3)
    answer = await waiting
    assert governor.state.breaker == "open"
    assert stage.clock.monotonic() < 9
    assert (answer.outcome, answer.broken, answer.throttled) == (RETRY, False, False)
    assert "out of order" in answer.raw
    later = await ask(governor, 51, urgent=True)
    assert later.raw == answer.raw
    assert later.retry_after == pytest.approx(30, abs=1)
    assert len(stage.game.calls) == 5
    await asyncio.gather(*jobs)
    await governor.stop()


@virtual
async def test_a_person_can_be_the_canary() -> None:
    """When nobody else waits, the game would else be left alone for ever. The others are told at once."""
    stage = Stage()
    governor = stage.governor()
    await break_game(stage, governor)
    await settle(stage.clock, 31)
    stage.game.latency = lambda: 5.0
    first, second = ask(governor, 50, urgent=True), ask(governor, 51, urgent=True)
    await settle(stage.clock, 0.1)
    assert governor.state.breaker == "probing"
    assert (await second).outcome is RETRY
    assert (await ask(governor, 52, urgent=True)).outcome is RETRY
    assert (await first).outcome is RedemptionOutcome.REDEEMED
    assert governor.state.breaker == "closed"
    assert len(stage.game.calls) == 6
    await governor.stop()


@virtual
async def test_a_cancelled_canary_is_followed_by_another() -> None:
    """The breaker does not wait for an answer that never comes."""
    stage = Stage()
    governor = stage.governor()
    await break_game(stage, governor)
    await settle(stage.clock, 31)
    stage.game.latency = lambda: 5.0
    canary = ask(governor, 50)
    await settle(stage.clock, 1)
    canary.cancel()
    assert (await ask(governor, 51)).outcome is RedemptionOutcome.REDEEMED
    await governor.stop()

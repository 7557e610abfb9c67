"""The governor when the game refuses our signature."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from giftbot.errors import GameHaltedError
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.governor import Governor
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from tests.fakes import ListeningPeople, ManualClock
from tests.services.governing import (
    REFUSED,
    Stage,
    ask,
    ask_many,
    gift_code,
    moments,
    settle,
)
from tests.virtual_time import virtual


@virtual
async def test_a_refused_signature_halts_everything() -> None:
    """Who waits and who comes later gets the error; what is on its way gets its answer. It is not forgotten."""
    stage = Stage()
    governor = stage.governor()
    stage.game.latency = lambda: 3.0
    stage.game.says = [REFUSED]
    tasks = ask_many(governor, 6)
    with capture_logs() as logs:
        results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[0] == REFUSED
    assert isinstance(results[1], GameAnswer)
    assert [type(result) for result in results[2:]] == [GameHaltedError] * 4
    assert [line["event"] for line in logs] == ["redemption halted"]
    await settle(stage.clock, 86_400)
    with pytest.raises(GameHaltedError, match="does not accept"):
        await ask(governor, 9, urgent=True)
    assert "does not accept" in (governor.state.halted or "")
    assert governor.eta(1) is None
    assert len(stage.game.calls) == 2
    await governor.stop()
    assert "does not accept" in (governor.state.halted or "")


@virtual
async def test_a_halt_is_said_once_and_stops_whoever_is_about_to_call() -> None:
    """Three were on their way, and one had its turn."""
    stage = Stage(per_minute=600)
    governor = stage.governor()
    stage.store.latency = lambda: 0.06
    stage.game.latency = lambda: 0.26
    stage.game.always = REFUSED
    with capture_logs() as logs:
        results = await asyncio.gather(*ask_many(governor, 10), return_exceptions=True)
        await settle(stage.clock, 1)
    first = stage.game.calls[0].ended
    assert first is not None
    assert [began for began in moments(stage) if began > first] == []
    assert results.count(REFUSED) == len(stage.game.calls) > 1
    assert [line["event"] for line in logs] == ["redemption halted"]
    assert governor.state.in_flight == 0
    assert {owner for owner, _ in stage.store.leases.values()} == {None}
    await governor.stop()


async def test_the_owner_is_told_once_of_a_halt(store: Store) -> None:
    """However many answers say so; and again only after the game accepted us in between."""
    clock, people = ManualClock(), ListeningPeople()
    stage = Stage(spacing=0)
    stage.game.clock = clock
    notices = Notices(store=store, notifier=people, clock=clock)

    async def session(*says: GameAnswer) -> None:
        governor = Governor(
            game=stage.game, store=store, clock=clock, per_minute=30, spacing=0, owner="a", notices=notices
        )
        for number, answer in enumerate(says):
            stage.game.says = [answer]
            await asyncio.gather(ask(governor, number, code=gift_code()), return_exceptions=True)
        await governor.stop()

    await session(REFUSED, REFUSED)
    await session(REFUSED)
    assert len(people.owner) == 1
    assert "GAME_SIGN_SALT" in people.owner[0].text
    await session(GameAnswer(RedemptionOutcome.REDEEMED))
    await session(REFUSED)
    assert len(people.owner) == 2

"""The governor: who is asked when, and how it ends."""

from __future__ import annotations

import asyncio

import pytest

from giftbot.errors import GameHaltedError
from giftbot.models.pace import BreakerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.holds import LEASE
from tests.fakes import START
from tests.services.governing import Stage, ask, ask_many, asked, closest, gift_code, settle
from tests.virtual_time import virtual


@virtual
async def test_whoever_asks_gets_the_games_answer() -> None:
    """At once, when nobody else wants anything; the code goes out as it is written."""
    stage = Stage()
    governor = stage.governor()
    answer = await ask(governor, 77, code=gift_code("SummerGift"))
    assert answer == GameAnswer(RedemptionOutcome.REDEEMED, "20000 SUCCESS")
    [call] = stage.game.calls
    assert (call.player_id, call.kingdom, call.code) == ("77", 312, "SummerGift")
    assert call.began < 0.01
    assert (await ask(governor, 77, code=gift_code("SummerGift"))).outcome is RedemptionOutcome.ALREADY
    await governor.stop()


@virtual
async def test_switched_off_it_says_how_to_switch_it_on() -> None:
    """Neither the game nor the store is asked."""
    stage = Stage(per_minute=0)
    governor = stage.governor()
    with pytest.raises(GameHaltedError, match="GAME_RATE_PER_MINUTE"):
        await ask(governor)
    assert governor.eta(5) is None
    assert (governor.state.per_minute, governor.state.rate) == (0, 0)
    assert "GAME_RATE_PER_MINUTE" in (governor.state.halted or "")
    assert not stage.game.calls
    assert not stage.store.count
    await governor.stop()


@virtual
async def test_urgent_ones_overtake_up_to_the_last_moment() -> None:
    """The next moment is reserved already when somebody comes for whom a person waits: they get it."""
    stage = Stage()
    governor = stage.governor()
    jobs = ask_many(governor, 3)
    await settle(stage.clock, 1.9)
    assert stage.store.count["take_slot"] == 2
    button = ask(governor, 50, urgent=True)
    await asyncio.gather(button, *jobs)
    assert asked(stage) == ["1", "50", "2", "3"]
    await governor.stop()


@virtual
async def test_newest_code_first_and_servers_in_turn() -> None:
    """As the waiting line has it."""
    stage = Stage()
    governor = stage.governor()
    old, new = gift_code("OLD", age=48), gift_code("NEW")
    tasks = [ask(governor, player, code=old) for player in (1, 2)]
    tasks += [ask(governor, player, code=new) for player in (3, 4)]
    tasks += [ask(governor, player, guild=2, code=old) for player in (5, 6)]
    await asyncio.gather(*tasks)
    assert asked(stage) == ["3", "5", "4", "6", "1", "2"]
    await governor.stop()


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.06, 0.3])
@virtual
async def test_who_is_cancelled_leaves_nothing_behind(seconds: float) -> None:
    """Waiting, holding the player, or in the middle of the call: another process can ask for the player then."""
    stage = Stage()
    stage.store.latency = lambda: 0.04
    governor, other = stage.governor(), stage.governor()
    task = ask(governor)
    await settle(stage.clock, seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    was_asked = len(stage.game.calls)
    await settle(stage.clock, 0.3)
    assert (governor.state.waiting, governor.state.in_flight) == (0, 0)
    assert stage.store.leases.get("whiteout:1", (None, START))[0] is None
    await ask(other)
    assert len(stage.game.calls) == was_asked + 1
    assert closest(stage.game.calls) >= stage.spacing - 0.001
    assert stage.game.calls[-1].began <= 4.2
    await asyncio.gather(governor.stop(), other.stop())


@virtual
async def test_cancelled_by_the_turn_itself() -> None:
    """Cancelled in the very step in which it gets its turn: the next one gets the moment."""
    stage = Stage()
    governor = stage.governor()
    first, second = ask_many(governor, 2)
    while not governor.state.in_flight:  # noqa: ASYNC110 - a matter of single steps of the loop
        await asyncio.sleep(0)
    first.cancel()
    await second
    assert asked(stage) == ["2"]
    assert stage.game.calls[0].began < 0.1
    third = ask(governor, 1)
    await third
    await governor.stop()


@virtual
async def test_who_is_cancelled_does_not_count_as_waiting() -> None:
    """Not even until their turn would have come."""
    stage = Stage()
    governor = stage.governor()
    tasks = ask_many(governor, 4)
    await settle(stage.clock, 0.1)
    tasks[3].cancel()
    await settle(stage.clock)
    assert governor.state.waiting == 2
    await asyncio.gather(*tasks, return_exceptions=True)
    assert asked(stage) == ["1", "2", "3"]
    await governor.stop()


@virtual
async def test_stop_lets_calls_end_and_tells_those_who_wait() -> None:
    """Nothing begins any more, and `run` returns."""
    stage = Stage()
    governor = stage.governor()
    working = asyncio.create_task(governor.run())
    stage.game.latency = lambda: 3.0
    tasks = ask_many(governor, 5)
    await settle(stage.clock, 2.5)
    await governor.stop()
    await working
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [GameAnswer] * 2 + [GameHaltedError] * 3
    assert len(stage.game.calls) == 2
    assert all(call.ended is not None for call in stage.game.calls)
    assert {owner for owner, _ in stage.store.leases.values()} == {None}
    with pytest.raises(GameHaltedError, match="restarted"):
        await ask(governor)
    await governor.stop()


@virtual
async def test_it_works_without_a_worker_and_ends_without_a_call() -> None:
    """`ops` never calls `run`; and a governor that was never used can be stopped."""
    stage = Stage()
    governor, idle = stage.governor(), stage.governor()
    await ask(governor)
    await asyncio.gather(governor.stop(), idle.stop())
    assert len(asyncio.all_tasks()) == 1


@virtual
async def test_a_call_without_an_end_is_given_up() -> None:
    """Before the player's lease runs out; it counts as broken, and so does a client that fails."""
    stage = Stage()
    governor = stage.governor()
    stage.game.latency = lambda: 3600.0
    answer = await ask(governor)
    assert (answer.outcome, answer.broken) == (RedemptionOutcome.RETRY, True)
    assert stage.clock.monotonic() < LEASE
    stage.game.latency = lambda: 0.1
    stage.game.says = [ValueError("a bug")]
    answer = await ask(governor, 2)
    assert (answer.outcome, answer.broken) == (RedemptionOutcome.RETRY, True)
    await governor.stop()


@virtual
async def test_status_and_eta() -> None:
    """What waits counts; a call takes two seconds at 30 a minute."""
    stage = Stage()
    governor = stage.governor()
    assert governor.eta(30) == pytest.approx(60)
    tasks = ask_many(governor, 16)
    await settle(stage.clock, 0.1)
    assert (governor.state.waiting, governor.state.in_flight) == (15, 1)
    assert governor.eta(15) == pytest.approx(60, rel=0.01)
    assert governor.state.rate == pytest.approx(30)
    assert (governor.state.breaker, governor.state.halted) == (BreakerState.CLOSED, None)
    await asyncio.gather(*tasks)
    assert governor.eta(0) == 0
    await governor.stop()

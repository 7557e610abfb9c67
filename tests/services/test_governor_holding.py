"""Players whom the governor holds: those who rest, those held elsewhere, and what happens around a call."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.governor import CALL
from giftbot.services.holds import LEASE
from tests.fakes import START
from tests.services.governing import Stage, ask, ask_many, asked, closest, gift_code, moments, settle
from tests.virtual_time import virtual

KNOWN = GameAnswer(RedemptionOutcome.ALREADY, "known from before")


async def known() -> GameAnswer:
    """What there is to know before the game is asked."""
    return KNOWN


@virtual
async def test_a_player_who_rests_holds_up_nobody() -> None:
    """Three codes for one player: others are asked in between, and the player is never hurried."""
    stage = Stage(per_minute=60, spacing=5)
    governor = stage.governor()
    codes = [gift_code(f"CODE{age}", age=age) for age in range(3)]
    tasks = [ask(governor, 1, code=code) for code in codes]
    tasks += [ask(governor, player, code=codes[2]) for player in range(2, 12)]
    await asyncio.gather(*tasks)
    assert asked(stage)[:6] == ["1", "2", "3", "4", "5", "6"]
    assert asked(stage).index("1", 1) == 6
    assert closest(stage.game.calls) >= 5
    await governor.stop()


@virtual
async def test_a_player_held_elsewhere_leaves_the_moment_to_the_next() -> None:
    """No time is lost; the player is asked when they are free, with their place in the line."""
    stage = Stage()
    governor = stage.governor()
    stage.store.leases["whiteout:1"] = ("another process", START + timedelta(seconds=5))
    tasks = ask_many(governor, 4)
    await asyncio.gather(*tasks)
    assert asked(stage) == ["2", "3", "4", "1"]
    assert [round(began, 2) for began in moments(stage)] == [0, 2.02, 4.04, 6.06]
    assert stage.store.count["hold_player"] <= 6
    await governor.stop()


@virtual
async def test_a_player_held_elsewhere_is_looked_at_again_soon() -> None:
    """Their reservation is for a minute, but most calls take a second."""
    stage = Stage()
    one, other = stage.governor(), stage.governor()
    stage.game.latency = lambda: 4.0
    await asyncio.gather(ask(one), ask(other, 1, code=gift_code("OTHER")))
    assert stage.game.calls[1].began <= 4 + stage.spacing + 3 + 2.1
    await asyncio.gather(one.stop(), other.stop())


@virtual
async def test_what_a_crash_left_behind_runs_out() -> None:
    """A process died in the middle of a call: its player is asked by another once the lease is over."""
    stage = Stage()
    stage.game.latency = lambda: 20.0
    dead = ask(stage.governor())
    await settle(stage.clock, 1)
    stage.store.is_away = True  # so that nothing is put in order any more
    dead.cancel()
    await settle(stage.clock, 1)
    stage.store.is_away = False
    await ask(stage.governor())
    second = stage.game.calls[1]
    assert LEASE <= second.began <= LEASE + 2.1


@virtual
async def test_before_can_make_the_call_needless() -> None:
    """Its answer is noted while the player is held; the moment goes to the next one."""
    stage = Stage()
    governor = stage.governor()
    noted: list[tuple[GameAnswer, str | None]] = []

    async def note(answer: GameAnswer) -> None:
        noted.append((answer, stage.store.leases["whiteout:1"][0]))

    first = ask(governor, before=known, after=note)
    second = ask(governor, 2)
    assert await first == KNOWN
    await second
    assert noted == [(KNOWN, "process 1")]
    assert asked(stage) == ["2"]
    assert stage.game.calls[0].began < 0.1
    await governor.stop()


@virtual
async def test_a_player_for_whom_nothing_was_asked_does_not_rest() -> None:
    """All that is known already is through at once; the budget is not touched by it."""
    stage = Stage(spacing=20)
    governor = stage.governor()

    answers = [ask(governor, code=gift_code(f"CODE{number}"), before=known) for number in range(3)]
    await asyncio.gather(*answers)
    assert stage.clock.monotonic() < 5
    assert not stage.game.calls
    await governor.stop()


@virtual
async def test_who_is_cancelled_when_a_moment_is_passed_on_does_not_get_it() -> None:
    """The next one does, at once."""
    stage = Stage()
    governor = stage.governor()
    waiting: list[asyncio.Task[GameAnswer]] = []

    async def cancelling() -> GameAnswer:
        waiting[0].cancel()
        return KNOWN

    first = ask(governor, before=cancelling)
    await asyncio.sleep(0)
    waiting += ask_many(governor, 2, first=2)
    await asyncio.gather(first, waiting[1])
    assert waiting[0].cancelled()
    assert asked(stage) == ["3"]
    assert stage.game.calls[0].began < 0.1
    await ask(governor, 2)
    await governor.stop()


@virtual
async def test_a_lease_always_outlasts_its_call() -> None:
    """When too much time passed before the call, the turn is given back, and the player is held anew."""
    stage = Stage(per_minute=100_000)
    governor = stage.governor()
    spans = [35.0, 0.1]

    async def nothing_known() -> None:
        await stage.clock.sleep(spans.pop(0))

    def left_of_the_lease() -> float:
        _, until = stage.store.leases["whiteout:1"]
        lefts.append((until - stage.clock.now()).total_seconds())
        return 0.3

    lefts: list[float] = []
    await ask(governor, 2)
    stage.game.latency = left_of_the_lease
    await ask(governor, before=nothing_known)
    assert len(lefts) == 1
    assert lefts[0] >= CALL
    await governor.stop()


@virtual
async def test_the_answer_is_noted_before_the_player_is_let_go() -> None:
    """And what goes wrong with that is the asker's; the player is let go all the same."""
    stage = Stage()
    governor = stage.governor()
    held: list[str | None] = []

    async def nothing_known() -> None:
        held.append(stage.store.leases["whiteout:1"][0])

    async def note(answer: GameAnswer) -> None:
        await stage.clock.sleep(3)
        held.append(stage.store.leases["whiteout:1"][0])
        raise StoreUnavailableError("away")

    with pytest.raises(StoreUnavailableError):
        await ask(governor, before=nothing_known, after=note)
    assert held == ["process 1"] * 2
    await settle(stage.clock)
    assert stage.store.leases["whiteout:1"][0] is None
    assert governor.state.in_flight == 0
    await governor.stop()

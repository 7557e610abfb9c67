"""The governor: who is asked when, and what becomes of those who wait."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from giftbot.errors import GameHaltedError, StoreUnavailableError
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.pace import BreakerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.governor import CALL
from giftbot.services.holds import LEASE
from tests.fakes import START
from tests.services.governing import Stage, ask, ask_many, closest, gift_code, settle
from tests.virtual_time import run

REDEEMED, ALREADY = RedemptionOutcome.REDEEMED, RedemptionOutcome.ALREADY


def asked(stage: Stage) -> list[str]:
    """The players who were asked, in order."""
    return [call.player_id for call in stage.game.calls]


def test_whoever_asks_gets_the_games_answer() -> None:
    """At once, when nobody else wants anything; the code goes out as it is written."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        answer = await ask(governor, 77, code=gift_code("SummerGift"))
        assert answer == GameAnswer(REDEEMED, "20000 SUCCESS")
        [call] = stage.game.calls
        assert (call.player_id, call.kingdom, call.code) == ("77", 312, "SummerGift")
        assert call.began < 0.01
        assert (await ask(governor, 77, code=gift_code("SummerGift"))).outcome is ALREADY
        await governor.stop()

    run(main())


def test_switched_off_it_says_how_to_switch_it_on() -> None:
    """Neither the game nor the store is asked."""

    async def main() -> None:
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

    run(main())


def test_urgent_ones_overtake_up_to_the_last_moment() -> None:
    """The next moment is reserved already when somebody comes for whom a person waits: they get it."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        jobs = ask_many(governor, 3)
        await settle(stage.clock, 1.9)
        assert stage.store.count["take_slot"] == 2
        button = ask(governor, 50, urgent=True)
        await asyncio.gather(button, *jobs)
        assert asked(stage) == ["1", "50", "2", "3"]
        await governor.stop()

    run(main())


def test_newest_code_first_and_servers_in_turn() -> None:
    """As the waiting line has it."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        old, new = gift_code("OLD", age=48), gift_code("NEW")
        tasks = [ask(governor, player, code=old) for player in (1, 2)]
        tasks += [ask(governor, player, code=new) for player in (3, 4)]
        tasks += [ask(governor, player, guild=2, code=old) for player in (5, 6)]
        await asyncio.gather(*tasks)
        assert asked(stage) == ["3", "5", "4", "6", "1", "2"]
        await governor.stop()

    run(main())


def test_a_player_who_rests_holds_up_nobody() -> None:
    """Three codes for one player: others are asked in between, and the player is never hurried."""

    async def main() -> None:
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

    run(main())


def test_a_player_held_elsewhere_leaves_the_moment_to_the_next() -> None:
    """No time is lost; the player is asked when they are free, with their place in the line."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        stage.store.leases["whiteout:1"] = ("another process", START + timedelta(seconds=5))
        tasks = ask_many(governor, 4)
        await asyncio.gather(*tasks)
        assert asked(stage) == ["2", "3", "4", "1"]
        moments = [round(call.began, 2) for call in stage.game.calls]
        assert moments == [0, 2.02, 4.04, 6.06]
        assert stage.store.count["hold_player"] <= 6
        await governor.stop()

    run(main())


def test_a_player_held_elsewhere_is_looked_at_again_soon() -> None:
    """Their reservation is for a minute, but most calls take a second."""

    async def main() -> None:
        stage = Stage()
        one, other = stage.governor(), stage.governor()
        stage.game.latency = lambda: 4.0
        await asyncio.gather(ask(one), ask(other, 1, code=gift_code("OTHER")))
        assert stage.game.calls[1].began <= 4 + stage.spacing + 3 + 2.1
        await asyncio.gather(one.stop(), other.stop())

    run(main())


def test_what_a_crash_left_behind_runs_out() -> None:
    """A process died in the middle of a call: its player is asked by another once the lease is over."""

    async def main() -> None:
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

    run(main())


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.06, 0.3])
def test_who_is_cancelled_leaves_nothing_behind(seconds: float) -> None:
    """Waiting, holding the player, or in the middle of the call: another process can ask for the player then."""

    async def main() -> None:
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

    run(main())


def test_cancelled_by_the_turn_itself() -> None:
    """Cancelled in the very step in which it gets its turn: the next one gets the moment."""

    async def main() -> None:
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

    run(main())


def test_before_can_make_the_call_needless() -> None:
    """Its answer is noted while the player is held; the moment goes to the next one."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        noted: list[tuple[GameAnswer, str | None]] = []

        async def known() -> GameAnswer:
            return GameAnswer(ALREADY, "known from before")

        async def note(answer: GameAnswer) -> None:
            noted.append((answer, stage.store.leases["whiteout:1"][0]))

        first = asyncio.create_task(
            governor.ask(
                guild_id=GuildId(1), player_id=PlayerId("1"), kingdom=1, code=gift_code(), before=known, after=note
            )
        )
        second = ask(governor, 2)
        assert await first == GameAnswer(ALREADY, "known from before")
        await second
        assert noted == [(GameAnswer(ALREADY, "known from before"), "process 1")]
        assert asked(stage) == ["2"]
        assert stage.game.calls[0].began < 0.1
        await governor.stop()

    run(main())


def test_a_player_for_whom_nothing_was_asked_does_not_rest() -> None:
    """All that is known already is through at once; the budget is not touched by it."""

    async def main() -> None:
        stage = Stage(spacing=20)
        governor = stage.governor()

        async def known() -> GameAnswer:
            return GameAnswer(ALREADY, "known from before")

        answers = (
            governor.ask(
                guild_id=GuildId(1),
                player_id=PlayerId("1"),
                kingdom=1,
                code=gift_code(f"CODE{number}"),
                before=known,
            )
            for number in range(3)
        )
        await asyncio.gather(*answers)
        assert stage.clock.monotonic() < 5
        assert not stage.game.calls
        await governor.stop()

    run(main())


def test_who_is_cancelled_when_a_moment_is_passed_on_does_not_get_it() -> None:
    """The next one does, at once."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        waiting: list[asyncio.Task[GameAnswer]] = []

        async def known() -> GameAnswer:
            waiting[0].cancel()
            return GameAnswer(ALREADY, "known from before")

        first = asyncio.create_task(
            governor.ask(guild_id=GuildId(1), player_id=PlayerId("1"), kingdom=1, code=gift_code(), before=known)
        )
        await asyncio.sleep(0)
        waiting += ask_many(governor, 2, first=2)
        await asyncio.gather(first, waiting[1])
        assert waiting[0].cancelled()
        assert asked(stage) == ["3"]
        assert stage.game.calls[0].began < 0.1
        await ask(governor, 2)
        await governor.stop()

    run(main())


def test_who_is_cancelled_does_not_count_as_waiting() -> None:
    """Not even until their turn would have come."""

    async def main() -> None:
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

    run(main())


def test_a_lease_always_outlasts_its_call() -> None:
    """When too much time passed before the call, the turn is given back, and the player is held anew."""

    async def main() -> None:
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
        await governor.ask(
            guild_id=GuildId(1), player_id=PlayerId("1"), kingdom=1, code=gift_code(), before=nothing_known
        )
        assert len(lefts) == 1
        assert lefts[0] >= CALL
        await governor.stop()

    run(main())


def test_the_answer_is_noted_before_the_player_is_let_go() -> None:
    """And what goes wrong with that is the asker's; the player is let go all the same."""

    async def main() -> None:
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
            await governor.ask(
                guild_id=GuildId(1),
                player_id=PlayerId("1"),
                kingdom=1,
                code=gift_code(),
                before=nothing_known,
                after=note,
            )
        assert held == ["process 1"] * 2
        await settle(stage.clock)
        assert stage.store.leases["whiteout:1"][0] is None
        assert governor.state.in_flight == 0
        await governor.stop()

    run(main())


def test_stop_lets_calls_end_and_tells_those_who_wait() -> None:
    """Nothing begins any more, and `run` returns."""

    async def main() -> None:
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

    run(main())


def test_it_works_without_a_worker_and_ends_without_a_call() -> None:
    """`ops` never calls `run`; and a governor that was never used can be stopped."""

    async def main() -> None:
        stage = Stage()
        governor, idle = stage.governor(), stage.governor()
        await ask(governor)
        await asyncio.gather(governor.stop(), idle.stop())
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_a_call_without_an_end_is_given_up() -> None:
    """Before the player's lease runs out; it counts as broken, and so does a client that fails."""

    async def main() -> None:
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

    run(main())


def test_status_and_eta() -> None:
    """What waits counts; a call takes two seconds at 30 a minute."""

    async def main() -> None:
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

    run(main())

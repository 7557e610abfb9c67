"""The governor when something is wrong: with our pace, with the game, with our signature, with the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.errors import GameHaltedError
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.desk import MOST
from giftbot.services.governor import Governor
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from giftbot.stores.sqlite.store import open_sqlite
from tests.fakes import ListeningPeople, ManualClock
from tests.services.governing import (
    BROKEN,
    REFUSED,
    TOO_FAST,
    Stage,
    ask,
    ask_many,
    busiest_minute,
    gift_code,
    settle,
)
from tests.virtual_time import run

RETRY = RedemptionOutcome.RETRY


def moments(stage: Stage) -> list[float]:
    """When calls began."""
    return [call.began for call in stage.game.calls]


@pytest.mark.parametrize(("asked_for", "pause"), [(None, 60), (7.0, 7), (300.0, 300), (1e9, 3600)])
def test_too_fast_means_a_pause_and_half_the_rate(asked_for: float | None, pause: float) -> None:
    """For as long as the game asks, within reason; then twice the interval."""

    async def main() -> None:
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

    run(main())


def test_calls_on_their_way_together_slow_us_down_once() -> None:
    """Ten were asked before the first one learned that we are too fast."""

    async def main() -> None:
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

    run(main())


def test_too_fast_again_slows_down_again() -> None:
    """A call that began after the pause is not one of those that were on their way."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        stage.game.says = [attrs.evolve(TOO_FAST, retry_after=5.0)] * 2
        await asyncio.gather(*ask_many(governor, 3))
        assert stage.store.count["slow_down"] == 2
        assert governor.state.rate == pytest.approx(7.5, rel=0.1)
        await governor.stop()

    run(main())


@pytest.mark.parametrize("seconds", [(300.0, 7.0), (None, 300.0)])
def test_the_longest_pause_that_the_game_asks_for_counts(seconds: tuple[float | None, float]) -> None:
    """Of two calls on their way together; for other processes, too, and while the store is away."""

    async def main() -> None:
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

    run(main())


def test_the_rate_comes_back_slowly() -> None:
    """Half of it within some seven minutes of sound answers, and never more than there was."""

    async def main() -> None:
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

    run(main())


def test_all_processes_slow_down() -> None:
    """The pause and the rate are in the store."""

    async def main() -> None:
        stage = Stage()
        one, other = stage.governor(), stage.governor()
        stage.game.says = [TOO_FAST]
        await ask(one)
        await settle(stage.clock)
        await ask(other, 2)
        assert moments(stage)[1] == pytest.approx(60.3, abs=0.1)
        assert other.state.rate == pytest.approx(15)
        await asyncio.gather(one.stop(), other.stop())

    run(main())


def test_a_broken_game_is_left_alone_but_for_canaries() -> None:
    """Five answers, then one after 30, 60 and 120 seconds; the jobs wait, and are all asked in the end."""

    async def main() -> None:
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

    run(main())


def test_calls_that_wait_for_the_store_do_not_slip_through() -> None:
    """They have their turn, but not begun when the breaker opens."""

    async def main() -> None:
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

    run(main())


def test_a_canary_whose_player_is_held_elsewhere_is_followed_by_another() -> None:
    """At the same moment: the breaker does not wait for a call that was never made."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        stage.game.says = [BROKEN] * 5
        await asyncio.gather(*ask_many(governor, 5))
        await settle(stage.clock, 31)
        stage.store.leases["whiteout:50"] = ("another process", stage.clock.now() + timedelta(seconds=20))
        tasks = ask_many(governor, 2, first=50)
        await tasks[1]
        assert governor.state.breaker == "closed"
        await tasks[0]
        assert [call.player_id for call in stage.game.calls[5:]] == ["51", "50"]
        assert moments(stage)[5] <= moments(stage)[4] + 33
        await governor.stop()

    run(main())


def test_what_the_impatient_are_told_is_noted_too() -> None:
    """As every answer is."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        stage.game.says = [BROKEN] * 5
        await asyncio.gather(*ask_many(governor, 5))
        noted: list[GameAnswer] = []

        async def note(answer: GameAnswer) -> None:
            noted.append(answer)

        answer = await governor.ask(
            guild_id=GuildId(1), player_id=PlayerId("9"), kingdom=1, code=gift_code(), urgent=True, after=note
        )
        assert noted == [answer]
        await governor.stop()

    run(main())


def test_who_cannot_wait_is_told_at_once_that_the_game_is_broken() -> None:
    """Those who wait when it opens, and those who come later; others wait."""

    async def main() -> None:
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

    run(main())


def test_a_person_can_be_the_canary() -> None:
    """When nobody else waits, the game would else be left alone for ever. The others are told at once."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        stage.game.says = [BROKEN] * 5
        await asyncio.gather(*ask_many(governor, 5))
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

    run(main())


def test_a_cancelled_canary_is_followed_by_another() -> None:
    """The breaker does not wait for an answer that never comes."""

    async def main() -> None:
        stage = Stage()
        governor = stage.governor()
        stage.game.says = [BROKEN] * 5
        await asyncio.gather(*ask_many(governor, 5))
        await settle(stage.clock, 31)
        stage.game.latency = lambda: 5.0
        canary = ask(governor, 50)
        await settle(stage.clock, 1)
        canary.cancel()
        assert (await ask(governor, 51)).outcome is RedemptionOutcome.REDEEMED
        await governor.stop()

    run(main())


def test_a_refused_signature_halts_everything() -> None:
    """Who waits and who comes later gets the error; what is on its way gets its answer. It is not forgotten."""

    async def main() -> None:
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

    run(main())


def test_a_halt_is_said_once_and_stops_whoever_is_about_to_call() -> None:
    """Three were on their way, and one had its turn."""

    async def main() -> None:
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

    run(main())


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[Store]:
    """An empty SQLite store."""
    async with open_sqlite(tmp_path / "giftbot.sqlite") as opened:
        yield opened


async def test_the_owner_is_told_once_of_a_halt(real: Store) -> None:
    """However many answers say so; and again only after the game accepted us in between."""
    clock, people = ManualClock(), ListeningPeople()
    stage = Stage(spacing=0)
    stage.game.clock = clock
    notices = Notices(store=real, notifier=people, clock=clock)

    async def session(*says: GameAnswer) -> None:
        governor = Governor(
            game=stage.game, store=real, clock=clock, per_minute=30, spacing=0, owner="a", notices=notices
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


def test_a_store_that_is_away_pauses_everything_and_loses_nothing() -> None:
    """Before the moment, and before the player is held; said once in the log."""

    async def main() -> None:
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

    run(main())


@pytest.mark.parametrize("seconds", [0.0, 0.5, 1.99, 2.03])
def test_answers_of_the_store_that_get_lost_lose_nobody(seconds: float) -> None:
    """The player may be held by then, and nobody knows: everybody is asked in the end, once."""

    async def main() -> None:
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

    run(main())


@pytest.mark.parametrize("per_minute", [600, 100_000])
def test_a_store_that_is_away_is_not_stormed(per_minute: float) -> None:
    """Whoever has a turn when it fails waits like the others."""

    async def main() -> None:
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

    run(main())


def test_an_answer_is_not_kept_back_by_a_store_that_is_away() -> None:
    """Letting go of the player fails then; they are asked again when the lease is over."""

    async def main() -> None:
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

    run(main())


def test_a_slow_down_is_written_when_the_store_is_back() -> None:
    """Meanwhile this process keeps the pause by itself."""

    async def main() -> None:
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

    run(main())

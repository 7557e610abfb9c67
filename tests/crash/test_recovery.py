"""The bot is killed, and killed again while it recovers from that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.crash.cases import SCALE, TIMES, open_case
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Outage, Point, around
from tests.crash.places import Place
from tests.crash.runs import FULL, Delay, Life, Run, each, matrix
from tests.crash.scenarios import JOINED

NOT_ARRIVED = Point("announcer.send", Moment.BEFORE)
ARRIVED = Point("announcer.send", Moment.AFTER)
RESENDING = around("store.claim_due", "store.join", "store.prepare", "announcer.send", "store.finish")
FINDING = around("store.claim_due", "store.join", "announcer.search", "store.finish")
NOT_FINDING = around("announcer.search", "store.prepare", "announcer.send", "store.finish")
UNHURRIED = 3 * SCALE
"""The second start has to be inside of the window, and a busy machine is slow."""
SECOND_DELAYS = tuple(Delay) if FULL else (Delay.INSIDE,)


@pytest.mark.parametrize(
    ("first", "points"),
    [
        pytest.param(Life(NOT_ARRIVED, leases_end=True), RESENDING, id="inside, not arrived"),
        pytest.param(Life(ARRIVED, leases_end=True), RESENDING, id="inside, arrived"),
        pytest.param(Life(NOT_ARRIVED, Delay.OUTSIDE), NOT_FINDING, id="outside, not arrived"),
        pytest.param(Life(ARRIVED, Delay.OUTSIDE), FINDING, id="outside, arrived"),
    ],
)
async def test_recovery_may_be_killed_as_well(
    first: Life, points: tuple[Point, ...], places: Places, tmp_path: Path
) -> None:
    """Resending within the window, and searching the history after it, may end anywhere: one message."""
    scale = SCALE if first.delay is Delay.OUTSIDE else UNHURRIED
    runs = [Run(JOINED, (first, second), scale=scale) for second in each(points, *SECOND_DELAYS)]
    problems = await matrix(runs, places, tmp_path)
    assert not problems, "\n".join(problems)


NO_MARKS = (Outage("store.finish", Moment.BEFORE),)
LOST_MARKS = (Outage("store.finish", Moment.AFTER),)


async def test_the_journal_may_be_killed_as_well(places: Places, tmp_path: Path) -> None:
    """With the store away at the mark: before and after each touch of the journal, and of its replay."""
    kept = Life(Point("journal.append", Moment.AFTER), outages=NO_MARKS)
    kept_for_long = Life(Point("journal.append", Moment.AFTER), Delay.OUTSIDE, outages=NO_MARKS)
    replaying = each(around("journal.read", "store.replay", "journal.clear"), *SECOND_DELAYS)
    runs = [
        *(
            Run(JOINED, (Life(point, delay, outages),))
            for point in around("journal.append")
            for delay in Delay
            for outages in (NO_MARKS, LOST_MARKS)
        ),
        *(Run(JOINED, (first, second)) for first in (kept, kept_for_long) for second in replaying),
    ]
    problems = await matrix(runs, places, tmp_path)
    assert not problems, "\n".join(problems)


CUT_OFF = ("insert_codes", "enqueue", "replace_code", "claim_due", "get_codes", "join", "prepare", "finish")


async def test_a_store_that_fails_once_anywhere_costs_only_time(places: Places, tmp_path: Path) -> None:
    """Each operation fails once, with nothing done or with its answer lost, and the bot lives on."""
    runs = [
        Run(JOINED, outages=(Outage(f"store.{name}", moment, times=1),)) for name in CUT_OFF for moment in Moment
    ]
    problems = await matrix(runs, places, tmp_path)
    assert not problems, "\n".join(problems)


async def test_a_slow_pace_does_not_carry_a_resend_out_of_the_window(places: Places, tmp_path: Path) -> None:
    """Messages of unknown fate, taken up late in the window at eight a second: none is sent again after it."""
    async with open_case(places(tmp_path), servers=12, codes=1) as case:
        case.sandbox.world.store.nonce_window = 1.1 * TIMES.window
        first = case.start(outages=NO_MARKS, mutant="without journal")
        await case.sandbox.until(lambda: all(case.shown().values()), what="all messages")
        first.bury()
        await asyncio.sleep(0.6 * TIMES.window)
        last = case.start(POST_RATE_PER_SECOND="8")
        assert await case.settled()
        assert await last.stopped() == 0
        assert await case.problems() == []


async def test_a_message_that_waited_for_its_turn_is_found_in_the_history(places: Places, tmp_path: Path) -> None:
    """Sent long after it was prepared, because the pace is slow, and killed then: recovery looks far enough."""
    async with open_case(places(tmp_path), servers=9, codes=1) as case:
        first = case.start(Point("announcer.send", Moment.AFTER, nth=9), POST_RATE_PER_SECOND="10")
        assert await first.ended() == -9
        await case.outlive_window()
        last = case.start()
        assert await case.settled()
        assert await last.stopped() == 0
        assert await case.problems() == []


@pytest.mark.parametrize("clock", ["slow clock", "fast clock"])
async def test_a_clock_that_is_off_does_not_hide_a_message(clock: str, tmp_path: Path) -> None:
    """This machine's time is four minutes from Discord's: what arrived is found in the history all the same."""
    run = Run(JOINED, (Life(ARRIVED, Delay.OUTSIDE),), mutant=clock)
    problems = await matrix([run], Place, tmp_path)
    assert not problems, "\n".join(problems)

"""SIGTERM in the middle of a fan-out, and SIGKILL of a bot that is being stopped."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from giftbot.sandbox import FaultKind
from tests.crash.cases import TIMES, open_case
from tests.crash.conftest import Places

SERVERS = 25
ENDING = 10.0
"""Seconds that disconnecting may take on a busy machine, on top of the drain time."""


@pytest.mark.parametrize("after", [1, 10, 20])
async def test_a_bot_that_is_stopped_in_a_fan_out_ends_in_time_and_goes_on_later(
    after: int, places: Places, tmp_path: Path
) -> None:
    """SIGTERM after some of 25 messages: exit code 0 within the drain time; the next start posts the others."""
    async with open_case(places(tmp_path), servers=SERVERS, codes=1) as case:
        first = case.start(POST_RATE_PER_SECOND="20")
        await case.sandbox.until(lambda: sum(case.shown().values()) >= after, what="some messages")
        asked = time.monotonic()
        assert await first.stopped() == 0
        assert time.monotonic() - asked < TIMES.drain + ENDING
        assert sum(case.shown().values()) < SERVERS
        last = case.start()
        assert await case.settled()
        assert await last.stopped() == 0
        assert await case.problems() == []


async def test_an_attempt_without_an_answer_does_not_hold_up_the_end(places: Places, tmp_path: Path) -> None:
    """Discord stores messages and does not answer: the bot ends within the drain time, and recovers later."""
    async with open_case(places(tmp_path), servers=3, codes=1) as case:
        hold = case.sandbox.faults.hold("/channels/{channel_id}/messages", method="POST", after_store=True)
        first = case.start()
        await hold.held()
        asked = time.monotonic()
        assert await first.stopped() == 0
        assert time.monotonic() - asked < TIMES.drain + ENDING
        hold.release()
        last = case.start()
        assert await case.settled()
        assert await last.stopped() == 0
        assert await case.problems() == []


async def test_faults_during_a_fan_out_do_not_add_up(places: Places, tmp_path: Path) -> None:
    """A tenth of all answers lost, of each kind, over a fan-out that is stopped once: one message each."""
    async with open_case(places(tmp_path), servers=SERVERS, codes=2) as case:
        kinds = (FaultKind.DROP, FaultKind.STATUS, FaultKind.TRUNCATE, FaultKind.NOT_JSON)
        for kind in kinds:
            case.sandbox.faults.add(
                kind=kind,
                method="POST",
                route="/channels/{channel_id}/messages",
                after_store=True,
                times=None,
                probability=0.1,
            )
        first = case.start()
        await case.sandbox.until(lambda: sum(case.shown().values()) >= SERVERS, what="half of it")
        assert await first.stopped() == 0
        last = case.start()
        assert await case.settled()
        assert await last.stopped() == 0
        assert [problem for problem in await case.problems() if "without message" not in problem] == []

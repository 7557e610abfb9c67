"""The pace of messages."""

from __future__ import annotations

import random
from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from giftbot.services.pacer import Pacer
from tests.fakes import ManualClock


class LateClock(ManualClock):
    """A clock whose sleeps end up to 12 ms late, as timers of a busy loop do."""

    async def sleep(self, seconds: float) -> None:
        """Sleep a little longer than asked."""
        self.advance(seconds=seconds + random.uniform(0, 0.012))


async def sent_at(rate: float, count: int, clock: ManualClock, pauses: list[float]) -> list[float]:
    """When messages were let through, with pauses of the sender in between."""
    pacer, moments = Pacer(rate, clock), []
    for number in range(count):
        await pacer.wait()
        moments.append(clock.monotonic())
        clock.advance(seconds=pauses[number % len(pauses)] if pauses else 0)
    return moments


@given(st.lists(st.floats(0, 0.5), max_size=20))
async def test_no_second_holds_more_than_one_message_above_the_rate(pauses: list[float]) -> None:
    """At 44 a second no sliding second has more than 45, whatever pauses there are and however late timers are."""
    moments = await sent_at(44, 200, LateClock(), pauses)
    busiest = max(index + 1 - bisect_left(moments, at - 1.0) for index, at in enumerate(moments))
    assert busiest <= 45


async def test_late_timers_cost_less_than_five_percent_of_the_pace() -> None:
    """The grid makes up for timers that wake late."""
    moments = await sent_at(44, 1000, LateClock(), [])
    assert 999 / (moments[-1] - moments[0]) >= 0.95 * 44


async def test_without_a_rate_nobody_waits() -> None:
    """None is no limit."""
    clock = ManualClock()
    pacer = Pacer(None, clock)
    for _ in range(100):
        await pacer.wait()
    assert clock.elapsed == 0

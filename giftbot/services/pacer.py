"""The bot's own limit on messages per second: Discord's global limit, kept before it is met."""

from __future__ import annotations

import asyncio

from giftbot.services.ports import Clock

_SLACK = 0.015
"""Seconds that a slot may be late without moving the grid: it makes up for timers that wake late, and stays
below one interval at 44 a second, so that no second ever holds more than one message above the rate."""


class Pacer:
    """Hands out moments to send on a grid of `1 / rate` seconds; first come, first served.

    hikari has no pre-emptive global limit: unpaced, a fan-out drew tens of thousands of 429 answers.
    """

    def __init__(self, rate: float | None, clock: Clock) -> None:
        """Take `rate` in messages per second; None is no limit."""
        self._interval = 1.0 / rate if rate else 0.0
        self._clock = clock
        self._next = 0.0
        self._turns = asyncio.Lock()

    async def wait(self) -> None:
        """Return when the next message may be sent.

        The grid follows from when messages were really let go: were slots given out ahead, all that fall into a
        moment in which the machine stood still would go at once after it.
        """
        if not self._interval:
            return
        async with self._turns:
            now = self._clock.monotonic()
            if self._next > now:
                await self._clock.sleep(self._next - now)
                now = self._clock.monotonic()
            self._next = max(self._next, now - min(_SLACK, self._interval)) + self._interval

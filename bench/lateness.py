"""How late an event loop is: the delay with which a short sleep ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PERIOD = 0.01
"""Seconds."""


class Probe:
    """Sleeps again and again, and remembers the worst delay since it was last asked."""

    def __init__(self) -> None:
        self._worst = self._busy = 0.0
        self._due = 0.0
        self._cpu = 0.0

    async def run(self) -> None:
        """Measure for ever."""
        while True:
            self._due, self._cpu = time.monotonic() + PERIOD, time.thread_time()
            await asyncio.sleep(PERIOD)
            self._look()

    def take(self) -> tuple[float, float]:
        """The worst delay in seconds since the last call, and how long this thread computed meanwhile.

        The difference of the two is time in which the machine let something else run.
        """
        if self._due:
            self._look()
        worst, busy = self._worst, self._busy
        self._worst = self._busy = 0.0
        return worst, busy

    def _look(self) -> None:
        late = time.monotonic() - self._due
        if late > self._worst:
            self._worst, self._busy = late, time.thread_time() - self._cpu


@asynccontextmanager
async def probing() -> AsyncIterator[Probe]:
    """A probe of this loop, at work while the block lasts."""
    probe = Probe()
    task = asyncio.create_task(probe.run())
    await asyncio.sleep(2 * PERIOD)
    probe.take()
    try:
        yield probe
    finally:
        task.cancel()

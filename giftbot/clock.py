"""The real clock, corrected so that all processes that share a store agree on the time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import attrs


@attrs.define
class SystemClock:
    """This machine's clock plus an offset; implements `giftbot.services.ports.Clock`."""

    offset: timedelta = timedelta(0)
    """What the store's server is ahead of this machine."""

    def now(self) -> datetime:
        """The current moment on the store's clock, aware UTC, cut to milliseconds."""
        moment = datetime.now(UTC) + self.offset
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds on a clock that never jumps."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(seconds)

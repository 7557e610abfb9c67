"""A pause between calls, for services that ask for one."""

from __future__ import annotations

import asyncio
import random


class Pace:
    """Lets calls begin at least `interval` seconds apart, plus up to `jitter` seconds at random."""

    def __init__(self, interval: float, *, jitter: float = 0.0) -> None:
        self._interval = interval
        self._jitter = jitter
        self._free_at = 0.0
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Return when the next call may begin; callers take turns."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            await asyncio.sleep(max(0.0, self._free_at - loop.time()))
            self._free_at = loop.time() + self._interval + random.uniform(0, self._jitter)

"""A wake-up call between services that otherwise poll."""

from __future__ import annotations

import asyncio


class Signal:
    """Lets a poller react at once when somebody knows that there is work. Losing a call costs only time."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the poller, now or at its next wait."""
        self._event.set()

    async def wait(self, timeout: float) -> None:
        """Return when called, or after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._event.wait()
        except TimeoutError:
            return
        finally:
            self._event.clear()

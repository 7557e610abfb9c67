"""Waiting for a state of the sandbox without polling or sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds that are waited for what has to happen: enough on a busy machine, too."""


class WaitTimeoutError(TimeoutError):
    """What was waited for did not happen in time; the message names it."""


class Pulse:
    """Tells waiters that something changed; each of them looks again at what it waits for."""

    def __init__(self) -> None:
        self._waiters: set[asyncio.Event] = set()

    def beat(self) -> None:
        """Say that something changed."""
        for waiter in self._waiters:
            waiter.set()

    async def until(self, condition: Callable[[], object], *, timeout: float, what: str) -> None:
        """Return once the condition is true.

        Raises:
            WaitTimeoutError: It was not true within `timeout` seconds.
        """
        changed = asyncio.Event()
        self._waiters.add(changed)
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            msg = f"waited {timeout:g} s in vain for {what}"
            raise WaitTimeoutError(msg) from None
        finally:
            self._waiters.discard(changed)

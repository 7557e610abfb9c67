"""Small things that nobody waits for, but that have to be done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.services.ports import Clock

_log = structlog.get_logger(__name__)

AGAIN = 5.0
"""Seconds between two tries while the store is away."""


class Errands:
    """Runs them beside everything else, and waits for them in the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, errand: Coroutine[None, None, None]) -> None:
        """Run this once. It should deal with its own errors; those that it does not are logged."""
        task = asyncio.create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._note_end)

    def insist(self, write: Callable[[], Awaitable[object]]) -> None:
        """Run this, and again for as long as the store is away."""
        self.start(self._insist(write))

    async def aclose(self, timeout: float) -> None:
        """Wait this many seconds for what runs, then end it."""
        if not self._tasks:
            return
        tasks = tuple(self._tasks)
        await asyncio.wait(tasks, timeout=timeout)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an errand failed", ref=new_reference(), exc_info=error)

    async def _insist(self, write: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await write()
            except StoreError as error:
                _log.warning("put off until the store is back", why=str(error))
                await self._clock.sleep(AGAIN)
            except Exception:
                _log.exception("an errand failed", ref=new_reference())
                return
            else:
                return

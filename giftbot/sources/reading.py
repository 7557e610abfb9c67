"""Reading hostile documents off the event loop, within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog

from giftbot.sources.http import Fetched
from giftbot.web.faults import UnreadableError

READ_TIME = 1.5
"""Seconds that one document may take; a parser needs less than one for the worst 256 KiB known."""

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Reader:
    """Runs one source's parser in a thread, one document at a time.

    A thread cannot be stopped: when a document takes too long its thread goes on, and until it is done the source
    reads nothing else. So a hostile page holds one thread at most.
    """

    def __init__(self, source: str, *, limit: float = READ_TIME) -> None:
        self._source = source
        self._limit = limit
        self._running: asyncio.Task[object] | None = None

    async def read(self, parse: Callable[[Fetched], _T], fetched: Fetched) -> _T:
        """What `parse` makes of `fetched`. Raises `UnreadableError` when it does, fails or takes too long."""
        if self._running is not None and not self._running.done():
            raise UnreadableError("is not asked: its last answer is still being read")
        task = asyncio.create_task(asyncio.to_thread(parse, fetched))
        task.add_done_callback(_retrieve)
        self._running = task
        done, _ = await asyncio.wait({task}, timeout=self._limit)
        if not done:
            raise UnreadableError("sent an answer that takes too long to read")
        try:
            return task.result()
        except UnreadableError:
            raise
        except Exception as error:
            _log.exception("answer unreadable", source=self._source)
            raise UnreadableError("sent an answer that cannot be read") from error

    async def aclose(self) -> None:
        """Wait no longer for a document that is still being read."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})


def _retrieve(task: asyncio.Task[_T]) -> None:
    """Look at a late error, so that asyncio does not complain of one that nobody looked at."""
    if not task.cancelled():
        task.exception()

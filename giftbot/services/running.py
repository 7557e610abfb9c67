"""Which jobs this process works on: a lock per server and code, and a way to interrupt the one who holds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from giftbot.models.ids import JobId


@attrs.define
class _Entry:
    lock: asyncio.Lock = attrs.Factory(asyncio.Lock)
    interrupted: asyncio.Event = attrs.Factory(asyncio.Event)
    users: int = 0


class Running:
    """Locks by job. One that nobody uses is forgotten, so that they never pile up."""

    def __init__(self) -> None:
        self._entries: dict[JobId, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def jobs(self) -> frozenset[JobId]:
        """The jobs that are being worked on."""
        return frozenset(job_id for job_id, entry in self._entries.items() if entry.lock.locked())

    def interrupt(self, job_id: JobId) -> None:
        """Let whoever works on a job look at once at what became of it."""
        if entry := self._entries.get(job_id):
            entry.interrupted.set()

    @asynccontextmanager
    async def hold(self, job_id: JobId) -> AsyncIterator[asyncio.Event]:
        """Work on a job, alone; the event is set when somebody interrupts."""
        entry = self._entries.setdefault(job_id, _Entry())
        entry.users += 1
        try:
            async with entry.lock:
                entry.interrupted.clear()
                yield entry.interrupted
        finally:
            entry.users -= 1
            if not entry.users:
                del self._entries[job_id]

"""Counting what is asked of a store: calls of its port, and what its driver really does."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import cast

from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.models.ids import AnnouncementId, ChannelId, JobId
from giftbot.models.job import Job, JobState
from giftbot.models.post import Delivery, Post, SearchResult
from giftbot.services.ports import Announcer, Store


class Tally:
    """A store that counts the calls of each method, and notes when rows were finished as sent."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: Counter[str] = Counter()
        self.finished: list[float] = []
        """When each message was noted as sent, on the monotonic clock."""
        self._progress = asyncio.Event()
        self._done: dict[JobId, asyncio.Future[float]] = {}

    def job_done(self, job_id: JobId) -> asyncio.Future[float]:
        """When this job is stored as done, on the monotonic clock; to be called before it is opened."""
        return self._done.setdefault(job_id, asyncio.get_running_loop().create_future())

    async def save_job(self, job: Job) -> bool:
        """Pass a job on."""
        self.calls["save_job"] += 1
        saved = await self._store.save_job(job)
        if saved and job.state is JobState.DONE and job.job_id in self._done:
            self._done.pop(job.job_id).set_result(time.monotonic())
        return saved

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition; it is looked at after every call."""
        while not condition():
            self._progress.clear()
            await self._progress.wait()

    @property
    def label(self) -> str:
        """The name of the store; no operation."""
        return self._store.label

    def __getattr__(self, name: str) -> Callable[..., object]:
        self.calls[name] += 1
        self._progress.set()
        return cast("Callable[..., object]", getattr(self._store, name))

    async def finish(self, marks: Sequence[Mark]) -> set[AnnouncementId]:
        """Pass the marks on."""
        self.calls["finish"] += 1
        written = await self._store.finish(marks)
        now = time.monotonic()
        self.finished += [
            now for mark in marks if mark.state is AnnouncementState.SENT and mark.anchor.announcement_id in written
        ]
        self._progress.set()
        return written


def counted(store: Store) -> tuple[Store, Tally]:
    """The store with its calls counted."""
    tally = Tally(store)
    return cast("Store", tally), tally


class Sent:
    """An announcer that notes when each message was handed to hikari."""

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer
        self.moments: list[float] = []

    @property
    def application_id(self) -> int:
        """Whose messages these are."""
        return self._announcer.application_id

    def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Awaitable[Delivery]:
        """Note the moment, and send."""
        self.moments.append(time.monotonic())
        return self._announcer.send(channel_id, post, nonce)

    def search(
        self, channel_id: ChannelId, reference: str, after: datetime, until: datetime
    ) -> Awaitable[SearchResult]:
        """Search."""
        return self._announcer.search(channel_id, reference, after, until)

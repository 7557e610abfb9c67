"""Writing down how attempts ended: in groups, and to this machine's journal when the store is away."""

from __future__ import annotations

import asyncio

import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.models.announcement import FINAL_STATES, Mark
from giftbot.models.ids import AnnouncementId
from giftbot.services.ports import AnnouncementStore, Journal

_log = structlog.get_logger(__name__)

TOGETHER = 0.01
"""Seconds in which marks gather before they are written: one write for thirty costs little more than for one."""


class Marks:
    """Collects the marks that end while one group is being written, and writes them as the next group."""

    def __init__(self, store: AnnouncementStore, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._waiting: list[tuple[Mark, asyncio.Future[bool]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.may_have_journal = True
        """Whether marks may lie in the journal; true at start, when nobody has looked yet."""

    async def write(self, mark: Mark) -> bool:
        """Write one mark; False when the claim had been lost to another process meanwhile.

        When the store is away, the mark is on this machine's disk on return, and counts as written. Raises
        `OSError` when that fails too: then nothing more may be sent. A caller that is cancelled leaves the mark
        behind to be written.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((mark, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await done

    async def aclose(self) -> None:
        """Return when every mark that was handed in is written."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._waiting:
            await asyncio.sleep(TOGETHER)
            group, self._waiting = self._waiting, []
            async with self._writing:
                await self._write_group(group)

    async def _write_group(self, group: list[tuple[Mark, asyncio.Future[bool]]]) -> None:
        try:
            written = await self._write_all([mark for mark, _ in group])
        except Exception as error:
            for _, done in group:
                if not done.done():  # a caller that was cancelled does not ask any more
                    done.set_exception(error)
            return
        for mark, done in group:
            if not done.done():
                done.set_result(mark.anchor.announcement_id in written)

    async def _write_all(self, marks: list[Mark]) -> set[AnnouncementId]:
        try:
            written = await self._store.finish(marks)
        except Exception as error:
            if not isinstance(error, StoreError):
                _log.exception("a store broke", ref=new_reference())
            ends = [mark for mark in marks if mark.state in FINAL_STATES]
            if ends:
                await self._journal.append(ends)
                self.may_have_journal = True
            _log.warning("persistence failed", marks=len(ends), kept_in="journal", why=str(error))
            return {mark.anchor.announcement_id for mark in marks}
        _log.info("marked", rows=len(written))
        return written

    async def replay(self) -> int:
        """Bring the journal's marks into the store, before anything else is sent; how many rows changed.

        Raises `StoreUnavailableError` while the store is away; nothing is lost then.
        """
        if not self.may_have_journal:
            return 0
        async with self._writing:
            marks = await self._journal.read()
            changed = 0
            if marks:
                changed = await self._store.replay(marks)
                await self._journal.clear(len(marks))
                _log.info("journal replayed", marks=len(marks), changed=changed)
            self.may_have_journal = False
        return changed

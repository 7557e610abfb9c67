"""Everything that a store has, into an archive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from giftbot import __version__
from giftbot.models.archive import IMPORTED, TABLES, ArchiveTable, Manifest, Progress, Row
from giftbot.services.ports import Clock, Store


class Rows(Protocol):
    """Takes the rows of one table."""

    left_out: list[str]
    """The ids of rows that could not be read."""

    def write(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        ...


class Sink(Protocol):
    """An archive that is written."""

    def member(self, table: ArchiveTable) -> AbstractContextManager[Rows]:
        """Where the rows of a table go."""
        ...

    def finish(self, *, giftbot: str, store: str, taken_at: datetime) -> Manifest:
        """End it."""
        ...


class Exporting:
    """Writes archives. It changes nothing in the store."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.left_out: list[tuple[str, str]] = []
        """Table and id of each row that could not be read, and so is not in the archive."""

    async def run(self, sink: Sink, *, progress: Progress = lambda done, total: None) -> Manifest:
        """Write all rows of all tables; what the archive says of itself."""
        taken_at = self._clock.now()
        total, done = 0, 0
        for table in TABLES:
            total += await self._store.count_rows(table)
        for table in TABLES:
            with sink.member(table) as member:
                async for page in self._store.scan_rows(table):
                    rows = [row for row in page.rows if not _is_of_this_store(table, row)]
                    await asyncio.to_thread(member.write, rows)
                    member.left_out += page.unreadable
                    self.left_out += [(table.name, row_id) for row_id in page.unreadable]
                    done += len(page.rows)
                    progress(done, total)
        return sink.finish(giftbot=__version__, store=self._store.label, taken_at=taken_at)


def _is_of_this_store(table: ArchiveTable, row: Row) -> bool:
    return table.name == "migrations" and str(row["_id"]).startswith(IMPORTED)

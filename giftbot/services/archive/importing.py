"""An archive into a store: looked through first, then added row by row, as often as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from datetime import timedelta
from typing import Protocol

import attrs

from giftbot import __version__
from giftbot.errors import ArchiveError, InvalidInputError
from giftbot.models.archive import IMPORTED, TABLES, ArchiveTable, Manifest, Progress, Row
from giftbot.models.ids import GuildId
from giftbot.models.migration import Counts, Migration, MigrationState
from giftbot.services.migration.migrating import HOLDS_FOR, LEASE
from giftbot.services.ports import Clock, Store

_OF_LEDGERS = frozenset({"invite_batches", "invite_events"})
"""Tables whose rows belong to a server's ledger: they are of use only to the one that they led to."""


class Archive(Protocol):
    """An archive that is read."""

    @property
    def manifest(self) -> Manifest:
        """What it says of itself."""
        ...

    def pages(self, table: ArchiveTable) -> Iterator[list[Row]]:
        """The rows of a table. Raises `ArchiveError`."""
        ...


@attrs.frozen
class Taken:
    """What became of the rows of one table."""

    table: str
    rows: int
    """Rows in the archive."""
    written: int
    """Rows that were absent, or posts that are sent now; the others stayed as they were."""


@attrs.frozen
class Imported:
    """What became of an archive."""

    manifest: Manifest
    tables: tuple[Taken, ...]
    was_done: bool = False
    """Whether it had been taken in before, and was left alone."""


class Importing:
    """Takes archives in. What is in the store is never overwritten; every part may be interrupted and repeated."""

    def __init__(self, *, store: Store, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner

    async def run(
        self,
        archive: Archive,
        *,
        merge: bool = False,
        dry_run: bool = False,
        checking: Progress = lambda done, total: None,
        progress: Progress = lambda done, total: None,
    ) -> Imported:
        """Take it in, after all of it was looked at.

        Raises `ArchiveError` when it is damaged, `InvalidInputError` when the store has rows and `merge` was not
        asked for; then nothing was written. A run that was interrupted is gone on with.
        """
        await self._check(archive, checking)
        record = f"{IMPORTED}{archive.manifest.digest[:16]}"
        known = {one.name: one for one in await self._store.list_migrations()}.get(record)
        if known is not None and known.state is MigrationState.DONE and not merge:
            return Imported(archive.manifest, (), was_done=True)
        if known is None and not merge and await self._has_rows():
            raise InvalidInputError(
                "There is data in the store already. To add what it lacks, and change nothing else: --merge."
            )
        if dry_run:
            taken = [await self._take(archive, table, progress, dry_run=True) for table in TABLES]
            return Imported(archive.manifest, tuple(taken))
        await self._take_lease()
        try:
            return await self._write(archive, record, progress)
        finally:
            await self._store.drop_lease(LEASE, self._owner)

    async def _check(self, archive: Archive, checking: Progress) -> None:
        """Read all of it. Raises `ArchiveError` for the first thing that is wrong."""
        done, total = 0, archive.manifest.rows
        for table in TABLES:
            async for page in _pages(archive, table):
                for row in page:
                    problem = self._store.unusable_row(table, row)
                    if problem is not None:
                        raise ArchiveError(
                            f"The archive cannot be used: in {table.name} {row.get('_id')}, {problem}."
                        )
                done += len(page)
                checking(done, total)

    async def _has_rows(self) -> bool:
        """Whether there is anything but notes of what was taken over before."""
        for table in TABLES:
            if table.name != "migrations" and await self._store.has_rows(table):
                return True
        return False

    async def _write(self, archive: Archive, record: str, progress: Progress) -> Imported:
        manifest = archive.manifest
        migration = Migration(
            name=record,
            title=f"an archive of {manifest.taken_at:%Y-%m-%dT%H:%M:%SZ}",
            state=MigrationState.RUNNING,
            started_at=self._clock.now(),
            fingerprint=manifest.digest,
            version=__version__,
        )
        await self._store.save_migration(migration)
        taken = tuple([await self._take(archive, table, progress, dry_run=False) for table in TABLES])
        counts = Counts(
            found={one.table: one.rows for one in taken if one.rows}, changed=sum(one.written for one in taken)
        )
        done = attrs.evolve(migration, state=MigrationState.DONE, finished_at=self._clock.now(), counts=counts)
        await self._store.save_migration(done)
        return Imported(manifest, taken)

    async def _take(self, archive: Archive, table: ArchiveTable, progress: Progress, *, dry_run: bool) -> Taken:
        members = archive.manifest.members
        total = archive.manifest.rows
        before = sum(one.rows for one in members[: [one.table for one in members].index(table.name)])
        rows = written = 0
        ledgers: Collection[GuildId] = ()
        if table.name in _OF_LEDGERS:
            ledgers = (await self._store.ledger_numbers()).keys()
        renewed = self._clock.monotonic()
        async for page in _pages(archive, table):
            rows += len(page)
            wanted = [row for row in page if not ledgers or _guild_of(row) not in ledgers]
            if dry_run:
                present = await self._store.present_rows(table, [row["_id"] for row in wanted])
                written += len(wanted) - len(present)
            else:
                written += await self._store.add_rows(table, wanted)
                if self._clock.monotonic() - renewed > HOLDS_FOR / 4:
                    await self._take_lease()
                    renewed = self._clock.monotonic()
            progress(before + rows, total)
        return Taken(table.name, rows, written)

    async def _take_lease(self) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=HOLDS_FOR)
        if await self._store.take_lease(LEASE, self._owner, now, until) is not None:
            raise InvalidInputError(
                "Something else takes data in at this moment, or died doing so: try again in a minute."
            )


def _guild_of(row: Row) -> GuildId:
    return GuildId(int(str(row["_id"]).partition(":")[0]))


async def _pages(archive: Archive, table: ArchiveTable) -> AsyncIterator[list[Row]]:
    """The pages of a table, read in a thread."""
    pages = archive.pages(table)
    read: Callable[[], list[Row] | None] = lambda: next(pages, None)  # noqa: E731 - one expression
    while (page := await asyncio.to_thread(read)) is not None:
        yield page

"""SQLite files of earlier bots. Columns differ from version to version; rows are read by the columns' names."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from giftbot.errors import LegacyError
from giftbot.legacy import cells
from giftbot.models.legacy import Chunk, Found

ReadRow = Callable[[Mapping[str, object], str, tzinfo | None], Iterator[Found]]

CHUNK = 500
"""Rows that are handed on together."""
_BESIDE = ("-wal", "-journal")
"""Files beside the tables in which SQLite keeps what is not finished."""


class TablesSource:
    """`LegacySource` of the tables of one SQLite file, opened so that it cannot be written."""

    has_posts = False

    def __init__(
        self,
        path: Path,
        tables: Mapping[str, ReadRow],
        *,
        name: str,
        zone: tzinfo | None,
        is_fallback: bool = False,
        rank: int = 0,
    ) -> None:
        """Take `zone`, in which moments are that name none; None is this machine's own."""
        self._path = path
        self._tables = tables
        self._zone = zone
        self.name = name
        self.title = str(path)
        self.is_fallback = self.has_servers = is_fallback
        self.rank = rank

    def covers(self, name: str) -> bool:
        """Itself alone."""
        return name == self.name

    async def fingerprint(self) -> str:
        """The contents of the file, and of what SQLite has not yet put into it."""
        return await asyncio.to_thread(self._fingerprint)

    async def size(self) -> int:
        """Rows."""
        return await asyncio.to_thread(self._count)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """All rows of the tables that are known."""
        rows, done = self._rows(), 0
        while part := await asyncio.to_thread(self._some, rows):
            done += len(part)
            yield Chunk(tuple(found for one in part for found in one), done)

    def _some(self, rows: Iterator[tuple[Found, ...]]) -> list[tuple[Found, ...]]:
        try:
            return list(islice(rows, CHUNK))
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(error) from error

    def _rows(self) -> Iterator[tuple[Found, ...]]:
        with self._opened() as connection:
            if others := tuple(self._others(connection)):
                yield others
            for table in self._present(connection):
                yield from self._table(connection, table)

    def _table(self, connection: sqlite3.Connection, table: str) -> Iterator[tuple[Found, ...]]:
        """The rows of a table, up to a damage: the other tables may be whole."""
        number = 0
        try:
            # The names are our own constants.
            cursor = connection.execute(f"SELECT * FROM {table}")  # noqa: S608
            names = [column[0].lower() for column in cursor.description]
            for number, row in enumerate(cursor, start=1):
                values = dict(zip(names, row, strict=True))
                yield tuple(self._tables[table](values, f"{table}, row {number}", self._zone))
        except sqlite3.DatabaseError as error:
            yield (cells.skip(f"{table}, after row {number}", "the file is damaged", str(error)),)

    def _others(self, connection: sqlite3.Connection) -> Iterator[Found]:
        """Tables that hold something of which this bot has no use."""
        for name in sorted(_names(connection) - set(self._tables)):
            quoted = name.replace('"', '""')
            try:
                [count] = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608
            except sqlite3.DatabaseError as error:
                yield cells.skip(f"table {name}", "the file is damaged", str(error))
                continue
            if count:
                yield cells.skip(f"table {name}", "a table that this bot has no use for", f"{count} rows")

    def _count(self) -> int:
        count = 0
        try:
            with self._opened() as connection:
                for table in self._present(connection):
                    with suppress(sqlite3.DatabaseError):  # told when its rows are read
                        count += connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
        except (sqlite3.Error, OSError) as error:
            raise self._unreadable(error) from error
        return count

    def _present(self, connection: sqlite3.Connection) -> list[str]:
        names = _names(connection)
        return [table for table in self._tables if table in names]

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A connection that leaves nothing beside the file: what was written ahead is read from a copy."""
        with ExitStack() as stack:
            path = self._path.absolute()
            beside = [path.with_name(f"{path.name}{suffix}") for suffix in _BESIDE]
            if unfinished := [one for one in beside if one.exists() and one.stat().st_size]:
                copy = Path(stack.enter_context(TemporaryDirectory(prefix="giftbot-legacy-")))
                for one in (path, *unfinished):
                    shutil.copyfile(one, copy / one.name)
                uri = f"{(copy / path.name).as_uri()}?mode=rw"
            else:
                uri = f"{path.as_uri()}?mode=ro&immutable=1"
            connection = stack.enter_context(closing(sqlite3.connect(uri, uri=True, check_same_thread=False)))
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            yield connection

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        try:
            for path in (self._path, *(self._path.with_name(f"{self._path.name}{one}") for one in _BESIDE)):
                if path.exists():
                    with path.open("rb") as file:
                        digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise LegacyError(f"{self._path} cannot be read: {error.strerror or error}.") from error
        return digest.hexdigest()

    def _unreadable(self, error: sqlite3.Error | OSError) -> LegacyError:
        why = error.strerror or error if isinstance(error, OSError) else error
        return LegacyError(f"{self._path} cannot be read: {why}.")


def _names(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    return {str(row[0]) for row in found}

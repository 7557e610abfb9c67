"""The SQLite file: how it is opened, how it is written to by one connection and read by another, and its faults."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite

from giftbot.errors import StoreError, StoreUnavailableError
from giftbot.services.groups import Groups
from giftbot.stores.sqlite.schema import MIGRATIONS

Value = int | float | str | None
"""What a column holds."""

Row = tuple[Value, ...]
Parameters = Sequence[Value] | Mapping[str, Value]
T = TypeVar("T")

_OLDEST = (3, 35)
"""SQLite's first version with RETURNING."""

_FAULTS = {
    sqlite3.SQLITE_BUSY: "is busy: another process has been writing to it for too long; try again",
    sqlite3.SQLITE_LOCKED: "is busy: another process has been writing to it for too long; try again",
    sqlite3.SQLITE_FULL: "cannot be written: the disk is full",
    sqlite3.SQLITE_READONLY: "cannot be written: it is read-only",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that its directory exists and may be written",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore it from a backup",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database",
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into `StoreUnavailableError`, or `StoreError` where trying again cannot help."""
    try:
        yield
    except sqlite3.Error as error:
        number = getattr(error, "sqlite_errorcode", None)
        code = number & 0xFF if isinstance(number, int) else None
        if code in _FAULTS:
            raise StoreUnavailableError(f"The database {path} {_FAULTS[code]}.") from error
        kind = StoreUnavailableError if code is None else StoreError
        raise kind(f"The database {path} failed: {error}.") from error
    except ValueError as error:  # aiosqlite, once the connection is closed
        raise StoreUnavailableError(f"The database {path} is closed.") from error


class Transaction:
    """Statements within one write transaction.

    Each is one turn to the connection's thread and back, which is most of what it costs; so cursors of statements
    that give no rows are not closed: SQLite is done with them once they have run.
    """

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    async def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that gives rows, all of them."""
        with translated(self._path):
            return [tuple(row) for row in await self._connection.execute_fetchall(sql, parameters)]

    async def run(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement; how many rows it changed."""
        with translated(self._path):
            cursor = await self._connection.execute(sql, parameters)
            return max(cursor.rowcount, 0)

    async def run_many(self, sql: str, parameters: Sequence[Parameters]) -> int:
        """Run a statement once per parameter set; how many rows were changed in all."""
        if not parameters:
            return 0
        with translated(self._path):
            cursor = await self._connection.executemany(sql, parameters)
            return max(cursor.rowcount, 0)


class Turn:
    """Statements within one write transaction that is done in a single turn to the connection's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """Run a statement that gives rows, all of them."""
        return self._connection.execute(sql, parameters).fetchall()

    def run_many(self, sql: str, parameters: Sequence[Parameters]) -> int:
        """Run a statement once per parameter set; how many rows were changed in all."""
        return max(self._connection.executemany(sql, parameters).rowcount, 0) if parameters else 0


Work = Callable[[Turn], object]


def _in_transaction(connection: sqlite3.Connection, group: Sequence[Work]) -> list[object]:
    """Do a group of works as one transaction; the result of each, or the exception that undid it alone."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [_do(connection, work, is_alone=len(group) == 1) for work in group]
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return results


def _do(connection: sqlite3.Connection, work: Work, *, is_alone: bool) -> object:
    if is_alone:
        return work(Turn(connection))
    connection.execute("SAVEPOINT work")
    try:
        return work(Turn(connection))
    except Exception as error:
        if not connection.in_transaction:  # a fault that undid everything
            raise
        connection.execute("ROLLBACK TO work")
        return error
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE work")


class _Connection(aiosqlite.Connection):
    async def transact(self, group: Sequence[Work]) -> list[object]:
        """Do all of these works on the connection's thread, as one transaction."""
        results: list[object] = await self._execute(_in_transaction, self._conn, group)  # type: ignore[no-untyped-call]  # aiosqlite's
        return results


class Database:
    """One file, open twice: a connection that writes, one transaction at a time, and one that reads beside it."""

    def __init__(self, path: Path, writer: _Connection, reader: _Connection) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._lock = asyncio.Lock()
        self._works: Groups[Work, object] = Groups(self._transact)

    async def read(self, sql: str, parameters: Parameters = ()) -> list[Row]:
        """All rows of a query; it sees what was committed before."""
        with translated(self.path):
            return [tuple(row) for row in await self._reader.execute_fetchall(sql, parameters)]

    async def write(self, work: Callable[[Turn], T]) -> T:
        """Do `work` as one write transaction: on disk on return, undone when it raises.

        A turn to the connection's thread costs more than most statements, and under load it waits for the loop; so
        what is done for every message is done in one. Works that come while another one is on its way share a
        transaction, one after the other; what one of them raises undoes that one alone. A caller that is cancelled
        does not stop it halfway.
        """
        with translated(self.path):
            return cast("T", await self._works.put(work))

    async def _transact(self, group: Sequence[Work]) -> Sequence[object]:
        async with self._lock:
            return await self._writer.transact(group)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A write transaction: on disk once the block is left, undone when an error leaves it."""
        async with self._lock:
            transaction = Transaction(self._writer, self.path)
            try:
                await transaction.run("BEGIN IMMEDIATE")
                yield transaction
                await transaction.run("COMMIT")
            except BaseException:
                # Also after a cancellation: whatever was queued runs before this, nothing of it stays open.
                with suppress(sqlite3.Error, ValueError):
                    await self._writer.rollback()
                raise


async def _migrate(database: Database) -> None:
    async with database.transaction() as transaction:
        [[version]] = await transaction.rows("PRAGMA user_version")
        if not isinstance(version, int) or version > len(MIGRATIONS):
            raise StoreError(
                f"The database {database.path} was written by a newer giftbot (schema {version}, this one knows"
                f" {len(MIGRATIONS)}): update giftbot, or restore a backup made with this version."
            )
        for number, statements in enumerate(MIGRATIONS[version:], start=version + 1):
            for statement in statements:
                await transaction.run(statement)
            await transaction.run(f"PRAGMA user_version = {number}")


async def _connect(stack: AsyncExitStack, path: Path, busy_timeout: float, *pragmas: str) -> _Connection:
    with translated(path):
        opener = partial(sqlite3.connect, path, isolation_level=None, timeout=busy_timeout, cached_statements=256)
        connection = _Connection(opener, 64)
        await stack.enter_async_context(connection)
        for pragma in pragmas:
            await connection.execute_fetchall(f"PRAGMA {pragma}")
    return connection


@asynccontextmanager
async def open_database(path: Path, *, busy_timeout: float) -> AsyncIterator[Database]:
    """Open (create, migrate) the file; `busy_timeout` is how many seconds a write waits for another process."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: giftbot needs 3.35 or newer.")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnavailableError(f"The database {path} cannot be opened: {error.strerror}.") from error
    async with AsyncExitStack() as stack:
        writer = await _connect(
            stack, path, busy_timeout, "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"
        )
        reader = await _connect(stack, path, busy_timeout, "query_only = ON")
        database = Database(path, writer, reader)
        await _migrate(database)
        yield database

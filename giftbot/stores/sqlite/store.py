"""The embedded store as a whole."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from giftbot.stores.sqlite.archive import SqliteArchiveStore
from giftbot.stores.sqlite.budgets import SqliteBudgetStore
from giftbot.stores.sqlite.codes import SqliteCodeStore
from giftbot.stores.sqlite.database import Database, open_database
from giftbot.stores.sqlite.figures import SqliteFiguresStore
from giftbot.stores.sqlite.guilds import SqliteGuildStore
from giftbot.stores.sqlite.history import SqliteHistory
from giftbot.stores.sqlite.invites_batches import SqliteInviteBatchStore
from giftbot.stores.sqlite.invites_joins import SqliteJoinStore
from giftbot.stores.sqlite.invites_settings import SqliteInviteSettingsStore
from giftbot.stores.sqlite.invites_staff import SqliteStaffStore
from giftbot.stores.sqlite.jobs import SqliteJobStore
from giftbot.stores.sqlite.marks import SqliteMarks
from giftbot.stores.sqlite.migrations import SqliteMigrationStore
from giftbot.stores.sqlite.notices import SqliteNoticeStore
from giftbot.stores.sqlite.outbox import SqliteOutbox
from giftbot.stores.sqlite.players import SqlitePlayerStore
from giftbot.stores.sqlite.redemptions import SqliteRedemptionStore
from giftbot.stores.sqlite.upkeep import SqliteUpkeep

BUSY_TIMEOUT = 5.0
"""Seconds that a write waits for another process by default."""


class SqliteStore(
    SqliteCodeStore,
    SqliteGuildStore,
    SqliteOutbox,
    SqliteMarks,
    SqliteUpkeep,
    SqliteHistory,
    SqliteNoticeStore,
    SqlitePlayerStore,
    SqliteRedemptionStore,
    SqliteJobStore,
    SqliteBudgetStore,
    SqliteInviteBatchStore,
    SqliteJoinStore,
    SqliteStaffStore,
    SqliteInviteSettingsStore,
    SqliteMigrationStore,
    SqliteArchiveStore,
    SqliteFiguresStore,
):
    """`Store` on SQLite; each parent adds one noun."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def label(self) -> str:
        """`SQLite`."""
        return "SQLite"

    async def last_change(self) -> str:
        """A short text that differs after anything in the file changed."""
        [[version]] = await self._database.read("PRAGMA data_version")
        return str(version)

    async def ping(self) -> float:
        """Seconds of one round trip. Raises `StoreUnavailableError`."""
        start = time.perf_counter()
        await self._database.read("SELECT _id FROM guilds LIMIT 1")
        return time.perf_counter() - start

    async def facts(self) -> Mapping[str, str]:
        """Version, file, size and schema version."""
        [[schema]] = await self._database.read("PRAGMA user_version")
        path = self._database.path
        size = (await asyncio.to_thread(path.stat)).st_size
        return {
            "version": sqlite3.sqlite_version,
            "file": str(path),
            "size": f"{size / 1_000_000:.1f} MB",
            "schema": str(schema),
        }


@asynccontextmanager
async def open_sqlite(path: Path, *, busy_timeout: float = BUSY_TIMEOUT) -> AsyncIterator[SqliteStore]:
    """Open the store in this file, which is created when it is absent.

    `busy_timeout` is how many seconds a write waits for another process (`ops` beside a running bot). Raises
    `StoreUnavailableError` when the file cannot be opened, `StoreError` when a newer giftbot wrote it.
    """
    async with open_database(path, busy_timeout=busy_timeout) as database:
        yield SqliteStore(database)

"""The store on MongoDB as a whole."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from giftbot.stores.mongo.codes import MongoCodeStore
from giftbot.stores.mongo.driver import MongoDatabase, measure_clock_offset, open_client, topology
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.guilds import MongoGuildStore
from giftbot.stores.mongo.history import MongoHistory
from giftbot.stores.mongo.marks import MongoMarks
from giftbot.stores.mongo.notices import MongoNoticeStore
from giftbot.stores.mongo.outbox import MongoOutbox
from giftbot.stores.mongo.schema import ensure_indexes
from giftbot.stores.mongo.upkeep import MongoUpkeep


class MongoStore(
    MongoCodeStore, MongoGuildStore, MongoOutbox, MongoMarks, MongoUpkeep, MongoHistory, MongoNoticeStore
):
    """`Store` on MongoDB; each parent adds one noun. Takes motor's database, or one that behaves like it."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def label(self) -> str:
        """`MongoDB`."""
        return "MongoDB"

    async def ping(self) -> float:
        """Seconds of one round trip. Raises `StoreUnavailableError`."""
        start = time.perf_counter()
        with translated():
            await self._database.command("ping")
        return time.perf_counter() - start

    async def facts(self) -> Mapping[str, str]:
        """Version, topology, database and size."""
        with translated():
            hello = await self._database.command("hello")
            build = await self._database.command("buildInfo")
            stats = await self._database.command("dbStats")
        size = float(str(stats.get("storageSize", 0))) + float(str(stats.get("indexSize", 0)))
        return {
            "version": str(build.get("version")),
            "topology": topology(hello),
            "database": self._database.name,
            "size": f"{size / 1_000_000:.1f} MB",
        }

    async def clock_offset(self) -> timedelta:
        """The server's time minus this machine's: what a `Clock` shared by several processes has to add."""
        return await measure_clock_offset(self._database)


@asynccontextmanager
async def open_mongo(uri: str, database: str, *, appname: str = "giftbot") -> AsyncIterator[MongoStore]:
    """Open the store in this database, and create the indexes that are missing.

    Raises `StoreUnavailableError` when no server answers within 2 s, `StoreError` when URI or login are wrong.
    """
    async with open_client(uri, database, appname=appname) as opened:
        await ensure_indexes(opened)
        yield MongoStore(opened)

"""The store on MongoDB as a whole."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from giftbot.models.announcement import AnnouncementState
from giftbot.stores.documents import Document
from giftbot.stores.mongo.archive import MongoArchiveStore
from giftbot.stores.mongo.budgets import MongoBudgetStore
from giftbot.stores.mongo.codes import MongoCodeStore
from giftbot.stores.mongo.driver import MongoDatabase, measure_clock_offset, open_client, topology
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.figures import MongoFiguresStore
from giftbot.stores.mongo.guilds import MongoGuildStore
from giftbot.stores.mongo.history import MongoHistory
from giftbot.stores.mongo.invites_batches import MongoInviteBatchStore
from giftbot.stores.mongo.invites_joins import MongoJoinStore
from giftbot.stores.mongo.invites_settings import MongoInviteSettingsStore
from giftbot.stores.mongo.invites_staff import MongoStaffStore
from giftbot.stores.mongo.jobs import MongoJobStore
from giftbot.stores.mongo.marks import MongoMarks
from giftbot.stores.mongo.migrations import MongoMigrationStore
from giftbot.stores.mongo.notices import MongoNoticeStore
from giftbot.stores.mongo.outbox import MongoOutbox
from giftbot.stores.mongo.players import MongoPlayerStore
from giftbot.stores.mongo.redemptions import MongoRedemptionStore
from giftbot.stores.mongo.upkeep import MongoUpkeep
from giftbot.stores.mongo.versions import upgrade


def _newest(counted: object) -> list[Document]:
    """Stages that give the newest `updated_at`, and how often it occurs (two changes may share a millisecond)."""
    return [
        {"$sort": {"updated_at": -1}},
        {"$limit": 1000},
        {"$group": {"_id": "$updated_at", "count": {"$sum": counted}}},
        {"$sort": {"_id": -1}},
        {"$limit": 1},
    ]


_LAST_CHANGE: list[Document] = [
    {"$match": {"state": AnnouncementState.SENT.value}},
    *_newest(1),
    {"$unionWith": {"coll": "guilds", "pipeline": _newest("$revision")}},
    {"$unionWith": {"coll": "sent_giftcodes", "pipeline": [{"$collStats": {"count": {}}}]}},
]
"""One round trip over both collections; the number of rows shows what was removed."""


class MongoStore(
    MongoCodeStore,
    MongoGuildStore,
    MongoOutbox,
    MongoMarks,
    MongoUpkeep,
    MongoHistory,
    MongoNoticeStore,
    MongoPlayerStore,
    MongoRedemptionStore,
    MongoJobStore,
    MongoBudgetStore,
    MongoInviteBatchStore,
    MongoJoinStore,
    MongoStaffStore,
    MongoInviteSettingsStore,
    MongoMigrationStore,
    MongoArchiveStore,
    MongoFiguresStore,
):
    """`Store` on MongoDB; each parent adds one noun. Takes motor's database, or one that behaves like it."""

    def __init__(self, database: MongoDatabase) -> None:
        MongoPlayerStore.__init__(self, database)  # these two keep more than the database
        MongoBudgetStore.__init__(self, database)

    @property
    def label(self) -> str:
        """`MongoDB`."""
        return "MongoDB"

    async def last_change(self) -> str:
        """A short text that differs after sent codes or servers' settings changed."""
        with translated():
            found = await self._database["sent_giftcodes"].aggregate(_LAST_CHANGE).to_list(None)
        return " ".join(f"{row.get('_id')}:{row.get('count')}" for row in found)

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
    """Open the store in this database, which is brought to this giftbot's schema and gets the indexes it lacks.

    Raises `StoreUnavailableError` when no server answers within 2 s, `StoreError` when URI or login are wrong, or
    when a newer giftbot wrote it.
    """
    async with open_client(uri, database, appname=appname) as opened:
        await upgrade(opened)
        yield MongoStore(opened)

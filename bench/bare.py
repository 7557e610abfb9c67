"""The bare driver calls that the stores' operations are compared with, through the same kind of connection."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Protocol

import aiosqlite
from pymongo import UpdateOne

from bench.places import Place
from giftbot.models.announcement import Announcement, AnnouncementState, Origin
from giftbot.models.ids import AnnouncementId, CodeKey, GuildId, announcement_id
from giftbot.stores.documents import guild_prefix, milliseconds
from giftbot.stores.mongo.driver import MongoDatabase, open_client
from giftbot.stores.sqlite.rows import ANNOUNCEMENT_COLUMNS, ANNOUNCEMENT_NAMES, encode_announcement


class Bare(Protocol):
    """What a driver does for each operation, with everything prepared beforehand that can be."""

    async def sent_codes(self, guild_id: GuildId) -> int:
        """The codes of a server; how many."""
        ...

    async def is_sent(self, row_id: AnnouncementId) -> bool:
        """One row by its id."""
        ...

    async def among(self, row_ids: Sequence[AnnouncementId]) -> int:
        """Those of the rows that exist; how many."""
        ...

    async def due(self, now: datetime) -> int:
        """Look for rows that are due; how many there are, 1 at most."""
        ...

    def mark(self, guild_id: GuildId, codes: Collection[CodeKey], now: datetime) -> object:
        """Prepare a write of new rows."""
        ...

    async def write(self, prepared: object) -> None:
        """Do it."""
        ...


class BareSqlite:
    """aiosqlite, with the bot's pragmas."""

    def __init__(self, reader: aiosqlite.Connection, writer: aiosqlite.Connection) -> None:
        self._reader = reader
        self._writer = writer

    async def sent_codes(self, guild_id: GuildId) -> int:
        """The codes of a server; how many."""
        sql = "SELECT code FROM sent_giftcodes WHERE _id >= ? AND _id < ? AND +state = 'sent'"
        return len(list(await self._reader.execute_fetchall(sql, guild_prefix(guild_id))))

    async def is_sent(self, row_id: AnnouncementId) -> bool:
        """One row by its id."""
        sql = "SELECT 1 FROM sent_giftcodes WHERE _id = ? AND +state = 'sent'"
        return bool(await self._reader.execute_fetchall(sql, [row_id]))

    async def among(self, row_ids: Sequence[AnnouncementId]) -> int:
        """Those of the rows that exist; how many."""
        sql = "SELECT code FROM sent_giftcodes WHERE _id IN (SELECT value FROM json_each(?)) AND +state = 'sent'"
        return len(list(await self._reader.execute_fetchall(sql, [json.dumps(row_ids)])))

    async def due(self, now: datetime) -> int:
        """Look for rows that are due."""
        sql = "SELECT _id FROM sent_giftcodes WHERE due_at <= ? ORDER BY due_at LIMIT 1"
        return len(list(await self._reader.execute_fetchall(sql, [milliseconds(now)])))

    def mark(self, guild_id: GuildId, codes: Collection[CodeKey], now: datetime) -> object:
        """The values of the rows."""
        return [encode_announcement(_sent(guild_id, code, now)) for code in codes]

    async def write(self, prepared: object) -> None:
        """One transaction with one statement for all rows."""
        sql = (
            f"INSERT INTO sent_giftcodes ({ANNOUNCEMENT_NAMES}) VALUES"  # noqa: S608 - our own columns
            f" ({', '.join('?' * len(ANNOUNCEMENT_COLUMNS))})"
        )
        assert isinstance(prepared, list)
        await self._writer.execute("BEGIN IMMEDIATE")
        await self._writer.executemany(sql, prepared)
        await self._writer.execute("COMMIT")


class BareMongo:
    """motor, with the bot's client options."""

    def __init__(self, database: MongoDatabase) -> None:
        self._rows = database["sent_giftcodes"]

    async def sent_codes(self, guild_id: GuildId) -> int:
        """The codes of a server; how many."""
        first, end = guild_prefix(guild_id)
        query = {"_id": {"$gte": first, "$lt": end}, "state": "sent"}
        return len(await self._rows.find(query, {"code": 1, "_id": 0}).batch_size(1000).to_list(None))

    async def is_sent(self, row_id: AnnouncementId) -> bool:
        """One row by its id."""
        return await self._rows.find_one({"_id": row_id, "state": "sent"}, {"_id": 1}) is not None

    async def among(self, row_ids: Sequence[AnnouncementId]) -> int:
        """Those of the rows that exist; how many."""
        query = {"_id": {"$in": row_ids}, "state": "sent"}
        return len(await self._rows.find(query, {"_id": 1}).batch_size(1000).to_list(None))

    async def due(self, now: datetime) -> int:
        """Look for rows that are due."""
        return len(await self._rows.find({"due_at": {"$lte": now}}).sort([("due_at", 1)]).limit(1).to_list(None))

    def mark(self, guild_id: GuildId, codes: Collection[CodeKey], now: datetime) -> object:
        """The upserts of the rows; like ours they leave rows alone that are noted as sent."""
        values = {"state": "sent", "source": "auto", "sent_at": now, "updated_at": now, "guild_epoch": 0}
        fresh = {"guild_id": guild_id, "created_at": now, "code_epoch": 0, "fence": 0, "attempts": 0}
        other = {"guild_epoch": {"$in": [0, None]}, "state": {"$nin": ["sent", None]}}
        return [
            UpdateOne(
                {"_id": announcement_id(guild_id, code), **other},
                {"$set": values, "$setOnInsert": {**fresh, "code": code}},
                upsert=True,
            )
            for code in codes
        ]

    async def write(self, prepared: object) -> None:
        """One bulk write."""
        assert isinstance(prepared, list)
        await self._rows.bulk_write(prepared, ordered=False)


def _sent(guild_id: GuildId, code: CodeKey, now: datetime) -> Announcement:
    return Announcement(
        guild_id=guild_id,
        code=code,
        source=Origin.AUTO,
        state=AnnouncementState.SENT,
        created_at=now,
        updated_at=now,
        sent_at=now,
    )


@asynccontextmanager
async def open_bare(place: Place) -> AsyncIterator[Bare]:
    """The driver on this store."""
    if place.uri:
        async with open_client(place.uri, place.database) as database:
            yield BareMongo(database)
        return
    async with (
        aiosqlite.connect(place.file, isolation_level=None) as reader,
        aiosqlite.connect(place.file, isolation_level=None) as writer,
    ):
        await writer.execute("PRAGMA synchronous = FULL")
        yield BareSqlite(reader, writer)

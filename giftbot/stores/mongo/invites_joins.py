"""Memberships in MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime

from bson import Int64
from pymongo.errors import BulkWriteError

from giftbot.models.ids import GuildId, InviteCode, JoinId, UserId
from giftbot.models.join import Join, Level
from giftbot.stores.documents import CHUNK, Document, chunks, guild_prefix, without_nones
from giftbot.stores.invite_documents import in_turns, read_all, read_document, to_document
from giftbot.stores.mongo.documents import changing, same
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.mongo.invites_documents import documents_of, join_fields

_DOCUMENT = {"document": 1}


async def _read(rows: Sequence[Document]) -> list[Join]:
    return await read_all(Join, documents_of(rows), read_document)


def _inserted(join: Join) -> Document:
    return without_nones({"_id": join.join_id, **join_fields(join), "revision": 1})


class MongoJoinStore:
    """`JoinStore` on MongoDB. A row's `revision` rises with each write."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def _joins(self) -> Rows:
        return self._database["invite_joins"]

    async def _found(self, condition: Document) -> list[Join]:
        with translated():
            found = await self._joins.find(condition, _DOCUMENT).batch_size(CHUNK + 1).to_list(None)
        return await _read(found)

    async def get_joins(self, ids: Collection[JoinId]) -> dict[JoinId, Join]:
        """Those that exist."""
        found: dict[JoinId, Join] = {}
        for chunk in chunks(list(ids)):
            found |= {join.join_id: join for join in await self._found({"_id": {"$in": list(chunk)}})}
        return found

    async def open_joins(self, guild_id: GuildId, user_ids: Collection[UserId] | None = None) -> list[Join]:
        """Memberships that have not ended, of these users or of all."""
        condition: Document = {"guild_id": Int64(guild_id), "is_open": True}
        if user_ids is None:
            return await self._found(condition)
        found: list[Join] = []
        for chunk in chunks(list(set(user_ids))):
            found += await self._found({**condition, "user_id": {"$in": [Int64(user_id) for user_id in chunk]}})
        return found

    async def last_joins(self, guild_id: GuildId, user_ids: Collection[UserId]) -> dict[UserId, Join]:
        """Each user's newest membership."""
        found: dict[UserId, Join] = {}
        for chunk in chunks(list(user_ids)):
            users = {"$in": [Int64(user_id) for user_id in chunk]}
            newest: list[Document] = [
                {"$match": {"guild_id": Int64(guild_id), "user_id": users}},
                {"$sort": {"user_id": 1, "joined_at": -1}},
                {"$group": {"_id": "$user_id", "document": {"$first": "$document"}}},
            ]
            with translated():
                rows = await self._joins.aggregate(newest).batch_size(CHUNK + 1).to_list(None)
            found |= {join.user_id: join for join in await _read(rows)}
        return found

    async def list_joins(
        self,
        guild_id: GuildId | None = None,
        *,
        owner_id: UserId | None = None,
        user_id: UserId | None = None,
        code: InviteCode | None = None,
        levels: Collection[Level] = (),
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[Join]:
        """Memberships that match, newest `joined_at` first."""
        if limit < 1:  # which MongoDB takes for "all"
            return []
        ids = {"guild_id": guild_id, "owner_id": owner_id, "user_id": user_id}
        condition: Document = {name: Int64(value) for name, value in ids.items() if value is not None}
        if code is not None:
            condition["code"] = code
        if levels:
            condition["level"] = {"$in": [int(level) for level in levels]}
        time = without_nones({"$gte": since, "$lt": before})
        if time:
            condition["joined_at"] = time
        with translated():
            cursor = self._joins.find(condition, _DOCUMENT).sort([("joined_at", -1), ("_id", 1)]).limit(limit)
            found = await cursor.batch_size(min(limit, CHUNK) + 1).to_list(None)
        return await _read(found)

    async def count_joins(self, guild_id: GuildId, owner_id: UserId, *, levels: Collection[Level] = ()) -> int:
        """How many of a server's memberships count for somebody, of these levels or of all."""
        condition: Document = {"guild_id": Int64(guild_id), "owner_id": Int64(owner_id)}
        if levels:
            condition["level"] = {"$in": [int(level) for level in levels]}
        with translated():
            return await self._joins.count_documents(condition)

    async def scan_joins(self, guild_id: GuildId | None = None) -> AsyncIterator[list[Join]]:
        """All memberships, in pages, by row id."""
        last, end = ("", ";") if guild_id is None else guild_prefix(guild_id)
        while True:
            with translated():
                cursor = self._joins.find({"_id": {"$gt": last, "$lt": end}}, _DOCUMENT).sort([("_id", 1)])
                found = await cursor.limit(CHUNK).batch_size(CHUNK + 1).to_list(None)
            if not found:
                return
            last = str(found[-1]["_id"])
            yield await _read(found)

    async def insert_joins(self, joins: Sequence[Join]) -> set[JoinId]:
        """Store memberships that are not there; which were new."""
        inserted: set[JoinId] = set()
        for chunk in chunks(joins):
            existing: Collection[int] = ()
            documents = await in_turns(chunk, _inserted)
            with translated():
                try:
                    await self._joins.insert_many(documents, ordered=False)
                except BulkWriteError as error:
                    existing = duplicates(error).keys()
            inserted.update(join.join_id for position, join in enumerate(chunk) if position not in existing)
        return inserted

    async def save_join(self, join: Join, *, before: Join) -> bool:
        """Replace a membership, if it is still as `before`: a look at it, and a write if nobody wrote since."""
        with translated():
            row = await self._joins.find_one({"_id": before.join_id}, {"document": 1, "revision": 1})
        stored = read_document(Join, row.get("document")) if row else None
        if row is None or stored is None or to_document(stored) != to_document(before):
            return False
        revision = row.get("revision")
        query = {"_id": before.join_id, "revision": same(revision if isinstance(revision, int) else 0)}
        update = {**changing(join_fields(join)), "$inc": {"revision": 1}}
        with translated():
            result = await self._joins.update_one(query, update)
        return result.matched_count == 1

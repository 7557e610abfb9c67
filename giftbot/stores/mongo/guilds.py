"""Servers' settings in MongoDB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from datetime import datetime

import attrs
from bson import Int64
from pymongo.errors import DuplicateKeyError

from giftbot.errors import StoreUnavailableError
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.stores.documents import CHUNK, Document, read_in_turns
from giftbot.stores.mongo.documents import CONVERTER, changing, replacing, same
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated

_POSTING: Document = {
    "channel_id": {"$ne": None},
    "auto_post": {"$ne": False},
    "disabled_reason": None,
    "left_at": None,
}


def _read_one(document: Document) -> GuildSettings:
    return CONVERTER.structure(document, GuildSettings)


def _read(documents: Iterable[Document]) -> list[GuildSettings]:
    return [_read_one(document) for document in documents]


class MongoGuildStore:
    """`GuildStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def get_guilds(self, guild_ids: Collection[GuildId]) -> dict[GuildId, GuildSettings]:
        """Settings of those servers that have any."""
        ids = [Int64(guild_id) for guild_id in guild_ids]
        with translated():
            cursor = self._database["guilds"].find({"_id": {"$in": ids}})
            found = await cursor.batch_size(max(len(ids), 2)).to_list(None)
        return {settings.guild_id: settings for settings in _read(found)}

    async def scan_guilds(self, *, posting_only: bool, chunk: int = 500) -> AsyncIterator[list[GuildSettings]]:
        """All servers with settings in chunks, by ascending id."""
        last = Int64(-1)
        while True:
            condition = {"_id": {"$gt": last}, **(_POSTING if posting_only else {})}
            with translated():
                cursor = self._database["guilds"].find(condition).sort([("_id", 1)]).limit(chunk)
                found = await cursor.batch_size(chunk + 1).to_list(None)
            if not found:
                return
            settings = _read(found)
            last = Int64(settings[-1].guild_id)
            yield settings

    async def list_backfills(self) -> list[GuildSettings]:
        """Servers whose `backfill` was asked for and is not finished."""
        with translated():
            # In batches: while the driver reads one, in a thread, the event loop stands still.
            cursor = self._database["guilds"].find({"backfill": {"$exists": True}}).batch_size(CHUNK)
            found = await cursor.to_list(None)
        settings = [item for item in await read_in_turns(found, _read_one) if item.backfill is not None]
        return sorted(settings, key=lambda item: (item.backfill_at is not None, item.backfill_at, item.guild_id))

    async def save_guild(self, settings: GuildSettings) -> bool:
        """Insert (revision 0) or replace, if nobody else changed the settings since they were read."""
        saved = attrs.evolve(settings, revision=settings.revision + 1)
        update = replacing(saved, CONVERTER.unstructure(saved))
        query: Document = {"_id": Int64(settings.guild_id), "revision": same(settings.revision)}
        with translated():
            try:
                result = await self._database["guilds"].update_one(query, update, upsert=settings.revision == 0)
            except DuplicateKeyError:
                return False
        return result.matched_count == 1 or result.upserted_id is not None

    async def disable_channel(self, guild_id: GuildId, channel_id: ChannelId, reason: str, now: datetime) -> bool:
        """Stop posting to this channel. True only for the one call that changed it."""
        values = {"disabled_reason": reason, "disabled_at": now, "updated_at": now}
        with translated():
            result = await self._database["guilds"].update_one(
                {"_id": Int64(guild_id), "channel_id": Int64(channel_id), "disabled_reason": None},
                {"$set": values, "$inc": {"revision": 1}},
            )
        return result.modified_count == 1

    async def raise_epoch(self, guild_id: GuildId, backfill: Backfill | None, now: datetime) -> GuildSettings:
        """Begin a new epoch and ask for a backfill, in one atomic write; the settings after it."""
        update = changing({"backfill": backfill, "backfill_at": now if backfill else None, "updated_at": now})
        update["$inc"] = {"epoch": 1, "revision": 1}
        update["$setOnInsert"] = {"auto_post": True}
        for _ in range(3):  # two that insert the same row at once: one of them may be told that it exists
            with translated():
                try:
                    found = await self._database["guilds"].find_one_and_update(
                        {"_id": Int64(guild_id)}, update, upsert=True, return_document=True
                    )
                except DuplicateKeyError:
                    continue
            if found is not None:
                return CONVERTER.structure(found, GuildSettings)
        raise StoreUnavailableError("MongoDB did not take a reset: try again.")

    async def finish_backfill(self, guild_id: GuildId, backfill_at: datetime) -> None:
        """Forget the backfill that was asked for at this moment; a later one stays."""
        with translated():
            await self._database["guilds"].update_one(
                {"_id": Int64(guild_id), "backfill_at": backfill_at},
                {"$unset": {"backfill": "", "backfill_at": ""}, "$inc": {"revision": 1}},
            )

"""Ledgers of invites in MongoDB: how they are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from bson import Int64

from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import Ledger
from giftbot.models.ledger_document import LedgerDocument
from giftbot.stores.documents import CHUNK, Document, chunks
from giftbot.stores.invite_batches import read_stored_ledger, stored_document
from giftbot.stores.invite_documents import TOGETHER, in_turns
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.invites_documents import unpacked

_PAGE = 50


def whole(value: object) -> int:
    """A number of a row; 0 for what is none."""
    return value if isinstance(value, int) else 0


class MongoLedgers:
    """The collection `invite_ledgers`; what is in it, batches write."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def _ledgers(self) -> Rows:
        return self._database["invite_ledgers"]

    async def _number(self, guild_id: GuildId) -> int:
        with translated():
            found = await self._ledgers.find_one({"_id": Int64(guild_id)}, {"number": 1})
        return whole(found.get("number")) if found else 0

    async def get_ledger(self, guild_id: GuildId) -> Ledger | None:
        """What is known of a server's invites; None before the first look."""
        row = await self._row(guild_id)
        return await read_stored_ledger(*row) if row else None

    async def get_ledger_document(self, guild_id: GuildId) -> LedgerDocument | None:
        """What `get_ledger` reads, as it is stored; an invite in it may be one that cannot be read."""
        row = await self._row(guild_id)
        return stored_document(*row) if row else None

    async def _row(self, guild_id: GuildId) -> tuple[GuildId, int, str] | None:
        with translated():
            found = await self._ledgers.find_one({"_id": Int64(guild_id)})
        return await _text(found) if found else None

    async def scan_ledgers(self, changed_after: datetime | None = None) -> AsyncIterator[list[Ledger]]:
        """All ledgers by server id, in pages; or those whose baseline is newer than that."""
        async for page in self._scan(changed_after):
            yield [await read_stored_ledger(*row) for row in page]

    async def scan_ledger_documents(
        self, changed_after: datetime | None = None
    ) -> AsyncIterator[list[LedgerDocument]]:
        """What `scan_ledgers` reads, as it is stored."""
        async for page in self._scan(changed_after):
            yield await in_turns(page, lambda row: stored_document(*row), turn=TOGETHER)

    async def _scan(self, changed_after: datetime | None) -> AsyncIterator[list[tuple[GuildId, int, str]]]:
        condition: Document = {} if changed_after is None else {"taken_at": {"$gt": changed_after}}
        with translated():
            cursor = self._ledgers.find(condition, {"_id": 1}).sort([("_id", 1)]).batch_size(10 * CHUNK)
            ids = [row["_id"] for row in await cursor.to_list(None)]
        for page in chunks(ids, _PAGE):
            with translated():
                rows = self._ledgers.find({"_id": {"$in": list(page)}}).sort([("_id", 1)]).batch_size(_PAGE + 1)
                found = await rows.to_list(None)
            yield [await _text(row) for row in found]

    async def ledger_numbers(self) -> dict[GuildId, int]:
        """The number of each ledger."""
        with translated():
            cursor = self._ledgers.find({}, {"number": 1}).sort([("_id", 1)]).batch_size(100 * CHUNK)
            found = await cursor.to_list(None)
        return {GuildId(whole(row["_id"])): whole(row.get("number")) for row in found}


async def _text(row: Document) -> tuple[GuildId, int, str]:
    return GuildId(whole(row["_id"])), whole(row.get("number")), await unpacked(row.get("document"))

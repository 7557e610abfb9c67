"""What was taken over of earlier bots, in MongoDB."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from giftbot.models.ids import announcement_id
from giftbot.models.legacy import SentCode
from giftbot.models.migration import Migration
from giftbot.stores.documents import EPOCH, Document, chunks, read_moment
from giftbot.stores.migration_documents import migration_document, read_migration
from giftbot.stores.mongo.documents import same
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated


def noted_document(code: SentCode, now: datetime) -> Document:
    """The row of a code that an earlier bot sent."""
    document: Document = {
        "_id": announcement_id(code.guild_id, code.key),
        "guild_id": Int64(code.guild_id),
        "code": code.key,
        "source": "migration",
        "state": "sent",
        "created_at": code.at or now,
        "updated_at": code.at or now,
        "guild_epoch": 0,
        "code_epoch": 0,
        "fence": 0,
        "attempts": 0,
    }
    if code.at is not None:
        document["sent_at"] = code.at
    return document


def _noted_again(code: SentCode, now: datetime) -> list[UpdateOne]:
    """The writes for a row that is there: one that was to be posted and never was; one that is to be dated back."""
    here = {"_id": announcement_id(code.guild_id, code.key), "guild_epoch": same(0), "code_epoch": same(0)}
    untried = {**here, "state": {"$nin": ["sent", None]}, "nonce": None, "batch": None}
    at = {} if code.at is None else {"sent_at": code.at}
    sent = {"state": "sent", "source": "migration", "updated_at": code.at or now, **at}
    removed = dict.fromkeys(("due_at", "lease_until", "owner", "reason"), "")
    writes = [UpdateOne(untried, {"$set": sent, "$unset": removed, "$inc": {"fence": 1}})]
    if code.at is not None:
        later = {"$or": [{"sent_at": None}, {"sent_at": {"$gt": code.at}}]}
        moments = {"sent_at": code.at, "updated_at": code.at}
        dated = {"$set": moments, "$min": {"created_at": code.at}}
        writes.append(UpdateOne({**here, "source": "migration", **later}, dated))
    return writes


class MongoMigrationStore:
    """`MigrationStore` and `LeaseStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def list_migrations(self) -> list[Migration]:
        """What became of each source, by name."""
        with translated():
            rows = await self._database["migrations"].find({}).sort([("_id", 1)]).to_list(None)
        found = (read_migration(str(row["_id"]), row) for row in rows)
        return [migration for migration in found if migration is not None]

    async def save_migration(self, migration: Migration) -> None:
        """Insert or replace what is known of a source."""
        document = migration_document(migration)
        gone = {name: "" for name in ("finished_at", "problem") if name not in document}
        change: Document = {"$set": document, "$unset": gone} if gone else {"$set": document}
        with translated():
            await self._database["migrations"].update_one({"_id": migration.name}, change, upsert=True)

    async def note_sent(self, codes: Sequence[SentCode], now: datetime) -> int:
        """Note codes of any servers as sent by an earlier bot; how many rows changed."""
        return sum(await asyncio.gather(*(self._note(chunk, now) for chunk in chunks(codes))))

    async def _note(self, codes: Sequence[SentCode], now: datetime) -> int:
        rows = self._database["sent_giftcodes"]
        with translated():
            try:
                await rows.insert_many([noted_document(code, now) for code in codes], ordered=False)
            except BulkWriteError as error:
                again = [codes[index] for index in duplicates(error)]
            else:
                return len(codes)
            result = await rows.bulk_write([write for code in again for write in _noted_again(code, now)])
        return len(codes) - len(again) + result.modified_count

    async def take_lease(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Take or prolong a lease; None when that worked, else until when somebody else has it."""
        free = {"_id": name, "$or": [{"until": {"$lte": now}}, {"owner": owner}]}
        leases = self._database["leases"]
        with translated():
            try:
                await leases.update_one(free, {"$set": {"owner": owner, "until": until}}, upsert=True)
            except DuplicateKeyError:
                held = await leases.find_one({"_id": name})
                return (read_moment(held.get("until")) if held else None) or EPOCH
        return None

    async def drop_lease(self, name: str, owner: str) -> None:
        """Let go of a lease; nothing if it is not held by `owner`."""
        with translated():
            await self._database["leases"].delete_one({"_id": name, "owner": owner})

"""The outbox in MongoDB: what keeps it clean."""

from __future__ import annotations

from datetime import datetime

from bson import Int64
from pymongo import UpdateOne

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.models.ids import GuildId
from giftbot.stores.documents import CHUNK, Document, read_announcements
from giftbot.stores.merging import RESTART_VALUES, is_forgotten, lists
from giftbot.stores.mongo.documents import changing, of_guild, same
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.outbox import stored_announcements

_CLAIMED = AnnouncementState.CLAIMED.value


def _resolved(row: Announcement, anchor: Announcement | None, now: datetime) -> UpdateOne:
    """The write that resolves a forgotten row, as long as it is joined as it was read."""
    if anchor and anchor.state is AnnouncementState.SENT and lists(anchor.codes, row):
        sent = {"state": AnnouncementState.SENT, "sent_at": anchor.sent_at or now, "updated_at": now}
        update = changing(sent if anchor.message_id is None else {**sent, "message_id": Int64(anchor.message_id)})
    else:
        update = changing(
            {"state": AnnouncementState.PENDING, "due_at": now, "updated_at": now, "batch": None, "owner": None}
        )
    query = {"_id": row.announcement_id, "state": _CLAIMED, "batch": row.batch, "owner": row.owner}
    return UpdateOne({**query, "fence": same(row.fence)}, update)


class MongoUpkeep:
    """The methods of `AnnouncementStore` that resolve rows without an attempt."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def release_orphans(self, now: datetime) -> int:
        """Resolve joined rows that their anchor has forgotten; how many.

        The rows are read before their anchors: an anchor that is prepared without a row then, never gets it.
        """
        released, last = 0, ""
        while True:
            rows = await self._joined_after(last)
            anchors = await stored_announcements(self._database, {row.batch for row in rows if row.batch})
            writes = [
                _resolved(row, anchor, now)
                for row in rows
                if is_forgotten(row, anchor := anchors.get(row.batch) if row.batch else None)
            ]
            if writes:
                with translated():
                    result = await self._database["sent_giftcodes"].bulk_write(writes, ordered=False)
                released += result.modified_count
            if len(rows) < CHUNK or rows[-1].batch == last:
                return released
            last = rows[-1].batch or ""

    async def _joined_after(self, last: str) -> list[Announcement]:
        condition: Document = {"state": _CLAIMED, "batch": {"$gte": last}}
        with translated():
            cursor = self._database["sent_giftcodes"].find(condition).sort([("batch", 1)]).limit(CHUNK)
            return read_announcements(await cursor.batch_size(CHUNK + 1).to_list(None))

    async def expire_leases(self, owner: str, now: datetime) -> int:
        """Make the claims of every other owner due now."""
        others = {"state": _CLAIMED, "due_at": {"$gt": now}, "lease_until": {"$ne": None}, "owner": {"$ne": owner}}
        with translated():
            result = await self._database["sent_giftcodes"].update_many(
                others, {"$set": {"due_at": now, "lease_until": now}}
            )
        return result.modified_count

    async def skip_guild(self, guild_id: GuildId, reason: str, now: datetime) -> int:
        """Turn a server's pending rows, of which no attempt was prepared, into skipped ones; how many."""
        waiting = {"guild_id": Int64(guild_id), "due_at": {"$exists": True}, "state": "pending", "nonce": None}
        update = changing({"state": AnnouncementState.SKIPPED, "reason": reason, "updated_at": now, "due_at": None})
        with translated():
            return (await self._database["sent_giftcodes"].update_many(waiting, update)).modified_count

    async def retry_unresolved(self, guild_id: GuildId, now: datetime) -> int:
        """Make a server's `unknown` rows pending from the start; how many."""
        fresh = {"state": AnnouncementState.PENDING, "due_at": now, "updated_at": now, "attempts": 0}
        update = changing({**RESTART_VALUES, **fresh})
        update["$inc"] = {"fence": 1}
        with translated():
            result = await self._database["sent_giftcodes"].update_many(
                {**of_guild(guild_id), "state": AnnouncementState.UNKNOWN.value}, update
            )
        return result.modified_count

    async def clear_guild_codes(self, guild_id: GuildId, *, before_epoch: int) -> int:
        """Remove a server's rows of epochs before this one; how many."""
        if before_epoch <= 0:
            return 0
        with translated():
            result = await self._database["sent_giftcodes"].delete_many(
                {**of_guild(guild_id), "guild_epoch": {"$not": {"$gte": before_epoch}}}
            )
        return result.deleted_count

"""The history of posts in MongoDB: what was sent where, lists and counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from datetime import datetime

import pymongo
from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.announcement import Announcement, AnnouncementState, Origin
from giftbot.models.ids import CodeKey, GuildId, announcement_id
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.stores.documents import (
    Document,
    given_key,
    read_announcement,
    read_announcements,
    read_moment,
)
from giftbot.stores.figures import DAY, MONTH, WEEK, summarise
from giftbot.stores.mongo.documents import SENT, WITH_CODE, changing, in_states, of_guild, older, same
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated

_MANY = 100_000
"""Rows of one server that come in one round trip."""
_PATIENCE = 30.0
"""Seconds for what looks at all servers' rows and is seldom asked."""
_ALL_CODES: list[Document] = [
    {"$sort": {"code": 1}},
    # With the sort before it, and no condition that could be moved there: one look into the index for each code.
    {"$group": {"_id": "$code"}},
    {
        "$lookup": {
            "from": "sent_giftcodes",
            "let": {"code": "$_id"},
            "pipeline": [
                {"$match": {"$expr": {"$eq": ["$code", "$$code"]}, "state": SENT}},
                {"$limit": 1},
                {"$project": {"_id": 1}},
            ],
            "as": "sent",
        }
    },
    {"$match": {"sent": {"$ne": []}}},
]
_OPEN_STATES = ["pending", "claimed", "unknown", "failed"]


def _marked(guild_id: GuildId, code: CodeKey, source: Origin, now: datetime, guild_epoch: int) -> UpdateOne:
    """The write that notes a code as sent, unless it is noted in this epoch or a later one."""
    unsent = {"guild_epoch": same(guild_epoch), "state": {"$nin": ["sent", None]}}
    update = changing(
        {
            "state": AnnouncementState.SENT,
            "source": source,
            "sent_at": now,
            "updated_at": now,
            "guild_epoch": guild_epoch,
            **dict.fromkeys(("due_at", "lease_until", "batch", "reason")),
        }
    )
    fresh = {
        "guild_id": Int64(guild_id),
        "code": code,
        "created_at": now,
        "code_epoch": 0,
        "fence": 0,
        "attempts": 0,
    }
    update["$setOnInsert"] = fresh
    query = {"_id": announcement_id(guild_id, code), "$or": [*older(guild_epoch, 0), unsent]}
    return UpdateOne(query, update, upsert=True)


def _after(moment: datetime) -> Document:
    """Condition for `sent_at`, which earlier bots wrote as text, in UTC without saying so."""
    text = moment.replace(tzinfo=None).isoformat()
    return {"$or": [{"sent_at": {"$gt": moment}}, {"sent_at": {"$gt": text}}]}


class MongoHistory:
    """The methods of `AnnouncementStore` that look back."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def _rows(self) -> Rows:
        return self._database["sent_giftcodes"]

    async def find_by_reference(self, guild_id: GuildId, reference: str) -> Announcement | None:
        """The anchor whose message shows this reference."""
        with translated():
            found = await self._rows.find_one({**of_guild(guild_id), "reference": reference, "batch": None})
        return None if found is None else read_announcement(found)

    async def list_announcements(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[AnnouncementState] = (),
        code: CodeKey | None = None,
        limit: int = 100,
    ) -> list[Announcement]:
        """Rows that match, newest `updated_at` first."""
        condition: Document = {"code": WITH_CODE if code is None else code}
        if guild_id is not None:
            condition |= of_guild(guild_id)
        if states or (guild_id is None and code is None):
            condition["state"] = in_states(states or AnnouncementState)
        with translated():
            cursor = self._rows.find(condition).sort([("updated_at", -1)]).limit(limit)
            return read_announcements(await cursor.batch_size(limit + 1).to_list(None))

    async def scan_sent(self, *, chunk: int = 5000) -> AsyncIterator[list[tuple[GuildId, CodeKey]]]:
        """Every sent (server, code), ordered by id, in chunks."""
        last = ""
        while True:
            condition = {"_id": {"$gt": last}, "state": SENT, "code": WITH_CODE}
            with translated():
                cursor = self._rows.find(condition, {"guild_id": 1, "code": 1}).sort([("_id", 1)])
                found = await cursor.limit(chunk).batch_size(500).to_list(None)
            if not found:
                return
            last = str(found[-1]["_id"])
            yield [(GuildId(int(str(row["guild_id"]))), CodeKey(str(row["code"]))) for row in found]

    async def count_outbox(self, guild_id: GuildId | None = None) -> OutboxCounts:
        """How many rows need work or a decision, and since when the oldest is due."""
        place = {} if guild_id is None else of_guild(guild_id)
        due: Document = {"due_at": {"$exists": True}}
        if guild_id is not None:
            due["guild_id"] = Int64(guild_id)
        counting: list[Document] = [
            {"$match": {**place, "state": {"$in": _OPEN_STATES}}},
            {"$group": {"_id": "$state", "count": {"$sum": 1}}},
        ]
        with translated():
            counted, oldest = await asyncio.gather(
                self._rows.aggregate(counting).to_list(None),
                self._rows.find(due, {"due_at": 1}).sort([("due_at", 1)]).limit(1).to_list(None),
            )
        counts = {str(row["_id"]): int(str(row["count"])) for row in counted}
        return OutboxCounts(**counts, oldest_due_at=read_moment(oldest[0].get("due_at")) if oldest else None)

    async def mark_codes_sent(
        self,
        guild_id: GuildId,
        codes: Collection[CodeKey],
        source: Origin,
        now: datetime,
        *,
        guild_epoch: int = 0,
    ) -> int:
        """Note codes as sent without sending them; how many were not noted as sent (in this epoch) before."""
        keys = sorted({given_key(code) for code in codes})
        if not keys:
            return 0
        with translated():
            try:
                writes = [_marked(guild_id, key, source, now, guild_epoch) for key in keys]
                result = await self._rows.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                return len(keys) - len(duplicates(error))
        return result.upserted_count + result.modified_count

    async def get_sent_codes(self, guild_id: GuildId) -> set[CodeKey]:
        """The codes that were sent in a server."""
        with translated():
            cursor = self._rows.find({**of_guild(guild_id), "state": SENT}, {"code": 1, "_id": 0})
            found = await cursor.batch_size(_MANY).to_list(None)
        return {CodeKey(str(row["code"])) for row in found if "code" in row}

    async def is_code_sent(self, guild_id: GuildId, code: CodeKey) -> bool:
        """Whether this code was sent in this server."""
        with translated():
            row_id = announcement_id(guild_id, given_key(code))
            return await self._rows.find_one({"_id": row_id, "state": SENT}, {"_id": 1}) is not None

    async def batch_check_codes(self, guild_id: GuildId, codes: Collection[CodeKey]) -> dict[CodeKey, bool]:
        """For each code whether it was sent in this server."""
        ids = {code: announcement_id(guild_id, given_key(code)) for code in codes}
        with translated():
            cursor = self._rows.find({"_id": {"$in": list(ids.values())}, "state": SENT}, {"_id": 1})
            sent = {row["_id"] for row in await cursor.batch_size(_MANY).to_list(None)}
        return {code: row_id in sent for code, row_id in ids.items()}

    async def get_all_sent_codes_global(self) -> set[CodeKey]:
        """The codes that were sent in at least one server."""
        with translated(), pymongo.timeout(_PATIENCE):
            found = await self._rows.aggregate(_ALL_CODES).to_list(None)
        return {CodeKey(row["_id"]) for row in found if isinstance(row["_id"], str)}

    async def get_stats(self, guild_id: GuildId | None, now: datetime) -> GuildStatistics:
        """Figures on the sent codes of one server, or of all (then a code counts once per server)."""
        if guild_id is None:
            return await self._stats_of_all(now)
        with translated():
            cursor = self._rows.find({**of_guild(guild_id), "state": SENT}, {"code": 1, "source": 1, "sent_at": 1})
            found = await cursor.batch_size(_MANY).to_list(None)
        return summarise(
            (
                (
                    CodeKey(str(row["code"])),
                    str(row.get("source", Origin.AUTO.value)),
                    read_moment(row.get("sent_at")),
                )
                for row in found
                if "code" in row
            ),
            now,
        )

    async def _stats_of_all(self, now: datetime) -> GuildStatistics:
        anywhere: Document = {"source": {"$in": [origin.value for origin in Origin]}}
        with translated(), pymongo.timeout(_PATIENCE):
            (sent, earlier, *windows), latest = await asyncio.gather(
                asyncio.gather(
                    self._rows.count_documents({"state": AnnouncementState.SENT.value}),
                    self._rows.count_documents({"state": None, "code": WITH_CODE}),
                    *(self._rows.count_documents({**anywhere, **_after(now - age)}) for age in (DAY, WEEK, MONTH)),
                ),
                asyncio.gather(*map(self._latest, Origin)),
            )
        known = [
            (row.sent_at, row.code, row.source) for row in latest if row is not None and row.sent_at is not None
        ]
        last = max(known, default=None)
        return GuildStatistics(
            total_codes=sent + earlier,
            last_sent_at=last[0] if last else None,
            last_code=last[1] if last else None,
            sources=tuple(sorted(source for _, _, source in known)),
            day=windows[0],
            week=windows[1],
            month=windows[2],
        )

    async def _latest(self, origin: Origin) -> Announcement | None:
        """The row that was sent last, of those with this origin."""
        cursor = self._rows.find({"source": origin.value, "code": WITH_CODE}).sort([("sent_at", -1)]).limit(1)
        found = await cursor.to_list(None)
        return read_announcement(found[0]) if found else None

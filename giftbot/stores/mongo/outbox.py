"""The outbox in MongoDB, on the way out: rows are enqueued, claimed, joined and prepared."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime

import attrs
from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.announcement import Announcement, AnnouncementState, Attempt, Claim
from giftbot.models.ids import AnnouncementId, GuildId
from giftbot.stores.documents import Document, chunks, read_announcements
from giftbot.stores.merging import is_held
from giftbot.stores.mongo.documents import changing, encode_announcement, held, in_states, older, same
from giftbot.stores.mongo.driver import Filter, MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated

_TRIES = 3
"""Rounds of a claim that finds rows due, and loses all of them to other processes."""
_LOOKS = 4
"""Look-ups of one round at most, while too few different servers were found."""

_OPEN = in_states((AnnouncementState.PENDING, AnnouncementState.CLAIMED))
_ATTEMPT_FIELDS = (
    "channel_id",
    "nonce",
    "reference",
    "first_attempt_at",
    "last_attempt_at",
    "window_at",
    "attempts",
    "lease_until",
    "updated_at",
)


async def stored_announcements(
    database: MongoDatabase, ids: Collection[AnnouncementId]
) -> dict[AnnouncementId, Announcement]:
    """Those rows that exist."""
    if not ids:
        return {}
    with translated():
        cursor = database["sent_giftcodes"].find({"_id": {"$in": list(ids)}})
        found = await cursor.batch_size(len(ids) + 1).to_list(None)
    return {row.announcement_id: row for row in read_announcements(found)}


def _restart(row: Announcement, revive: Collection[AnnouncementState]) -> UpdateOne | None:
    """The write that lets a present row start over as given, if it may; None if it never may."""
    conditions = older(row.guild_epoch, row.code_epoch)
    if revive:
        epochs = {"guild_epoch": same(row.guild_epoch), "code_epoch": same(row.code_epoch)}
        conditions.append({**epochs, "state": in_states(revive)})
    if not conditions:
        return None
    document = encode_announcement(row)
    names = [field.name for field in attrs.fields(Announcement) if field.name != "fence"]
    update = changing({name: document.get(name) for name in names})
    update["$inc"] = {"fence": 1}
    return UpdateOne({"_id": row.announcement_id, "$or": conditions}, update)


def _attempted(anchor: Announcement) -> UpdateOne:
    document = encode_announcement(anchor)
    values: Document = {name: document.get(name) for name in _ATTEMPT_FIELDS}
    values["codes"] = document.get("codes")
    values["due_at"] = anchor.lease_until or anchor.due_at
    return UpdateOne({**held(anchor), "state": AnnouncementState.CLAIMED.value}, changing(values))


class MongoOutbox:
    """The methods of `AnnouncementStore` that lead to an attempt."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def enqueue(self, rows: Sequence[Announcement], *, revive: Collection[AnnouncementState] = ()) -> int:
        """Insert rows that are absent; how many rows are now as given."""
        outbox = self._database["sent_giftcodes"]
        written = 0
        for chunk in chunks(rows):
            present: Collection[int] = ()
            with translated():
                try:
                    await outbox.insert_many([encode_announcement(row) for row in chunk], ordered=False)
                except BulkWriteError as error:
                    present = duplicates(error).keys()
                written += len(chunk) - len(present)
                restarts = [write for index in present if (write := _restart(chunk[index], revive)) is not None]
                if restarts:
                    written += (await outbox.bulk_write(restarts, ordered=False)).modified_count
        return written

    async def claim_due(self, owner: str, now: datetime, lease_until: datetime, *, limit: int) -> list[Claim]:
        """Take up to `limit` anchors that are due, at most one per server, longest due first.

        A row is claimed by a write that is conditional on its being due still, and stamped with a token of this
        call: what carries the token afterwards is ours, and nobody else's.
        """
        for _ in range(_TRIES):
            due = await self._longest_due(now, limit)
            if not due:
                break
            claims = await self._claim(due, owner, now, lease_until)
            if claims:
                return claims
        return []

    async def _longest_due(self, now: datetime, limit: int) -> dict[GuildId, AnnouncementId]:
        """The longest due row of each of up to `limit` servers, longest due first."""
        found: dict[GuildId, AnnouncementId] = {}
        page = max(200, 4 * limit)
        for _ in range(_LOOKS if limit > 0 else 0):
            condition: Document = {"due_at": {"$lte": now}, "state": _OPEN}
            if found:
                condition["guild_id"] = {"$nin": [Int64(guild_id) for guild_id in found]}
            with translated():
                cursor = self._database["sent_giftcodes"].find(condition, {"guild_id": 1})
                rows = await cursor.sort([("due_at", 1)]).limit(page).batch_size(page + 1).to_list(None)
            for row in rows:
                if len(found) < limit:
                    found.setdefault(GuildId(int(str(row["guild_id"]))), AnnouncementId(str(row["_id"])))
            if len(found) == limit or len(rows) < page:
                break
        return found

    async def _claim(
        self, due: dict[GuildId, AnnouncementId], owner: str, now: datetime, lease_until: datetime
    ) -> list[Claim]:
        outbox = self._database["sent_giftcodes"]
        token = uuid.uuid4().hex
        ids = list(due.values())
        update = changing(
            {
                "state": AnnouncementState.CLAIMED,
                "owner": owner,
                "claim": token,
                "updated_at": now,
                "lease_until": lease_until,
                "due_at": lease_until,
            }
        )
        update["$inc"] = {"fence": 1}
        mine: Filter = {"_id": {"$in": ids}, "claim": token}
        guilds = [Int64(guild_id) for guild_id in due]
        riding = {"guild_id": {"$in": guilds}, "due_at": {"$lte": now}, "state": "pending", "nonce": None}
        with translated():
            result = await outbox.update_many(
                {"_id": {"$in": ids}, "due_at": {"$lte": now}, "state": _OPEN}, update
            )
            if not result.modified_count:
                return []
            found = await outbox.find({"$or": [mine, riding]}).batch_size(10_000).to_list(None)
        anchors = {
            row.guild_id: row for row in read_announcements(item for item in found if item.get("claim") == token)
        }
        riders: dict[GuildId, list[Announcement]] = {}
        for row in read_announcements(item for item in found if item.get("claim") != token):
            riders.setdefault(row.guild_id, []).append(row)
        return [
            Claim(anchors[guild_id], tuple(row.announcement_id for row in riders.get(guild_id, ())))
            for guild_id in due
            if guild_id in anchors
        ]

    async def join(self, anchor: Announcement, ids: Sequence[AnnouncementId], now: datetime) -> list[Announcement]:
        """Let due, pending rows of the same server ride with a claimed anchor; all rows that now do.

        None, when the anchor is not held any more: rows that joined it nevertheless are orphans, or the holder's.
        """
        anchor_id = anchor.announcement_id
        epoch = {"guild_id": Int64(anchor.guild_id), "guild_epoch": same(anchor.guild_epoch)}
        riding: Document = {"batch": anchor_id, "state": AnnouncementState.CLAIMED.value, **epoch}
        joining: list[Document] = [{**riding, "fence": {"$lte": anchor.fence}}]
        if ids:
            chosen = [row_id for row_id in ids if row_id != anchor_id]
            waiting = {"state": AnnouncementState.PENDING.value, "due_at": {"$lte": now}, "nonce": None}
            joining.append({"_id": {"$in": chosen}, **epoch, **waiting})
        stamp = {
            "batch": anchor_id,
            "state": AnnouncementState.CLAIMED,
            "owner": anchor.owner,
            "fence": anchor.fence,
        }
        update = changing({**stamp, "updated_at": now, "due_at": None, "lease_until": None})
        with translated():
            await self._database["sent_giftcodes"].update_many({"$or": joining}, update)
            found = await self._database["sent_giftcodes"].find({"$or": [riding, {"_id": anchor_id}]}).to_list(None)
        rows = {row.announcement_id: row for row in read_announcements(found)}
        stored = rows.pop(anchor_id, None)
        if stored is None or not is_held(stored, anchor) or stored.state is not AnnouncementState.CLAIMED:
            return []
        mine = (row for row in rows.values() if (row.owner, row.fence) == (anchor.owner, anchor.fence))
        return sorted(mine, key=lambda row: row.code)

    async def prepare(self, attempts: Sequence[Attempt]) -> set[AnnouncementId]:
        """Write attempts into their anchors where owner, fence and epochs still match; the ids written."""
        written: set[AnnouncementId] = set()
        for chunk in chunks([attempt.anchor for attempt in attempts]):
            ids = [anchor.announcement_id for anchor in chunk]
            with translated():
                result = await self._database["sent_giftcodes"].bulk_write(
                    [_attempted(anchor) for anchor in chunk], ordered=False
                )
            if result.matched_count == len(chunk):
                written.update(ids)
                continue
            stored = await stored_announcements(self._database, ids)
            for anchor in chunk:
                row = stored.get(anchor.announcement_id)
                if row and is_held(row, anchor) and (row.nonce, row.attempts) == (anchor.nonce, anchor.attempts):
                    written.add(anchor.announcement_id)
        return written

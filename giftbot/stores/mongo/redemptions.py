"""What the game answered, in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.ids import CodeKey, GuildId, PlayerId, RedemptionId
from giftbot.models.job import Counts
from giftbot.models.redemption import GRANTED, OPEN, Redemption, RedemptionOutcome
from giftbot.stores.documents import CHUNK, EPOCH, Document, chunks, guild_prefix, read_moment
from giftbot.stores.merging import UNGRANTED
from giftbot.stores.mongo.documents import changing, encode_redemption
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.redeeming_documents import counts_of, read_redemption, readable

_EMPTY: Document = dict.fromkeys(("redeemed_at", "next_attempt_at"))
"""The fields that a row loses when it has no value for them."""

_ASKED: Document = {"$in": sorted(OPEN)}
"""Outcomes of due rows. What a later version put off for reasons of its own is not ours to ask for."""


def _in_outcomes(outcomes: Collection[RedemptionOutcome]) -> Document:
    """Condition for one of these outcomes; rows of earlier bots have none, which means redeemed."""
    values: list[str | None] = [outcome.value for outcome in outcomes]
    return {"$in": [*values, None] if RedemptionOutcome.REDEEMED in outcomes else values}


def _of_job(guild_id: GuildId, code: CodeKey) -> Document:
    return {"guild_id": Int64(guild_id), "code": code}


def _read(documents: Sequence[Document]) -> list[Redemption]:
    return readable(map(read_redemption, documents))


def _replaced(row: Redemption, replaceable: Sequence[str], *, upsert: bool = False) -> UpdateOne:
    """The write that makes a row as given, if its outcome is one of these."""
    document = encode_redemption(row)
    row_id = document.pop("_id")
    query = {"_id": row_id, "outcome": {"$in": list(replaceable)}}
    return UpdateOne(query, changing({**_EMPTY, **document}), upsert=upsert)


def _recorded(row: Redemption, *, upsert: bool = False) -> UpdateOne:
    is_redeemed = row.outcome is RedemptionOutcome.REDEEMED
    replaceable = (*UNGRANTED, RedemptionOutcome.ALREADY.value) if is_redeemed else UNGRANTED
    return _replaced(row, replaceable, upsert=upsert)


class MongoRedemptionStore:
    """`RedemptionStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    @property
    def _redemptions(self) -> Rows:
        return self._database["auto_redeemed_codes"]

    async def granted_players(self, code: CodeKey, player_ids: Collection[PlayerId]) -> set[PlayerId]:
        """Those of the players who have this code already, through whichever server."""
        found: set[PlayerId] = set()
        for chunk in chunks(list(player_ids)):
            condition = {"code": code, "fid": {"$in": list(chunk)}, "outcome": _in_outcomes(GRANTED)}
            with translated():
                cursor = self._redemptions.find(condition, {"fid": 1, "_id": 0}).batch_size(10 * CHUNK)
                found.update(PlayerId(str(row["fid"])) for row in await cursor.to_list(None))
        return found

    async def open_redemptions(self, rows: Sequence[Redemption], *, revive: bool = False) -> int:
        """Insert rows that are absent; how many rows are now as given."""
        written = 0
        for chunk in chunks(rows):
            present: Collection[int] = ()
            with translated():
                try:
                    await self._redemptions.insert_many([encode_redemption(row) for row in chunk], ordered=False)
                except BulkWriteError as error:
                    present = duplicates(error).keys()
                written += len(chunk) - len(present)
                if revive and present:
                    revived = [_replaced(chunk[index], UNGRANTED) for index in present]
                    written += (await self._redemptions.bulk_write(revived, ordered=False)).matched_count
        return written

    async def record(self, rows: Sequence[Redemption]) -> int:
        """Write what the game answered; how many rows changed.

        One command; a second one for rows that could not be inserted, because they are granted already or were
        inserted at the same moment by somebody else.
        """
        written = 0
        for chunk in chunks(rows):
            with translated():
                try:
                    writes = [_recorded(row, upsert=True) for row in chunk]
                    result = await self._redemptions.bulk_write(writes, ordered=False)
                    written += result.matched_count + result.upserted_count
                except BulkWriteError as error:
                    present = duplicates(error)
                    again = [_recorded(chunk[index]) for index in present]
                    written += len(chunk) - len(present)
                    written += (await self._redemptions.bulk_write(again, ordered=False)).matched_count
        return written

    async def due_redemptions(
        self, guild_id: GuildId, code: CodeKey, now: datetime, *, limit: int
    ) -> list[Redemption]:
        """A job's rows whose `next_attempt_at` has come, longest due first."""
        if limit < 1:  # which MongoDB takes for "all"
            return []
        condition = {**_of_job(guild_id, code), "next_attempt_at": {"$lte": now}, "outcome": _ASKED}
        with translated():
            cursor = self._redemptions.find(condition).sort([("next_attempt_at", 1)]).limit(limit)
            return _read(await cursor.batch_size(limit + 1).to_list(None))

    async def next_attempt(self, guild_id: GuildId, code: CodeKey) -> datetime | None:
        """When the earliest of a job's rows is to be asked; None when none is."""
        condition = {**_of_job(guild_id, code), "next_attempt_at": {"$gte": EPOCH}, "outcome": _ASKED}
        with translated():
            cursor = self._redemptions.find(condition, {"next_attempt_at": 1})
            found = await cursor.sort([("next_attempt_at", 1)]).limit(1).to_list(None)
        return read_moment(found[0]["next_attempt_at"]) if found else None

    async def close_redemptions(
        self, guild_id: GuildId, code: CodeKey, outcome: RedemptionOutcome, raw: str, now: datetime
    ) -> int:
        """End all open rows of a job with this outcome; how many."""
        condition = {**_of_job(guild_id, code), "outcome": _in_outcomes(OPEN)}
        update = changing({"outcome": outcome, "raw": raw, "updated_at": now, "next_attempt_at": None})
        with translated():
            return (await self._redemptions.update_many(condition, update)).matched_count

    async def count_outcomes(self, guild_id: GuildId, code: CodeKey) -> Counts:
        """How many rows of a job have which outcome."""
        # Sorted, so that one index answers it without a look at any row.
        counting: list[Document] = [
            {"$match": _of_job(guild_id, code)},
            {"$sort": {"outcome": 1}},
            {"$group": {"_id": "$outcome", "count": {"$sum": 1}}},
        ]
        with translated():
            found = await self._redemptions.aggregate(counting).to_list(None)
        return counts_of((row["_id"], int(str(row["count"]))) for row in found)

    async def get_redemptions(self, ids: Collection[RedemptionId]) -> dict[RedemptionId, Redemption]:
        """Those of the rows that exist."""
        found: dict[RedemptionId, Redemption] = {}
        for chunk in chunks(list(ids)):
            with translated():
                cursor = self._redemptions.find({"_id": {"$in": list(chunk)}}).batch_size(CHUNK + 1)
                found |= {row.redemption_id: row for row in _read(await cursor.to_list(None))}
        return found

    async def list_redemptions(
        self,
        *,
        guild_id: GuildId | None = None,
        code: CodeKey | None = None,
        player_id: PlayerId | None = None,
        outcomes: Collection[RedemptionOutcome] = (),
        after: RedemptionId | None = None,
        limit: int = 100,
    ) -> list[Redemption]:
        """Rows that match: with `after`, or a server and a code, by ascending id; else newest first.

        By id, a row of an earlier bot that has an id of another kind is left out.
        """
        is_by_id = after is not None or (guild_id is not None and code is not None)
        given: Document = {"code": code, "fid": player_id}
        condition = {name: value for name, value in given.items() if value is not None}
        if guild_id is not None:
            condition["guild_id"] = Int64(guild_id)
        if outcomes:
            condition["outcome"] = _in_outcomes(outcomes)
        if is_by_id:
            first, end = ("", ";") if guild_id is None else guild_prefix(guild_id)
            if guild_id is not None and code is not None:
                first, end = f"{guild_id}:{code}:", f"{guild_id}:{code};"
            condition["_id"] = {"$gt": max(first, after or first), "$lt": end}
        order = [("_id", 1)] if is_by_id else [("updated_at", -1), ("_id", 1)]
        with translated():
            cursor = self._redemptions.find(condition).sort(order).limit(limit)
            return _read(await cursor.batch_size(limit + 1).to_list(None))

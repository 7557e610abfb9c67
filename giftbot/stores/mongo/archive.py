"""All rows of MongoDB as archives have them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import cast

import pymongo
from bson import Int64
from cattrs.errors import BaseValidationError
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from giftbot.models.announcement import AnnouncementState
from giftbot.models.archive import ArchiveTable, Kind, Page, Row
from giftbot.models.code import GiftCode
from giftbot.models.credit import Credit
from giftbot.models.guild import GuildSettings
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join
from giftbot.models.notice import Notice
from giftbot.models.staff import StaffLink
from giftbot.stores.archive_rows import (
    MODELS,
    converted,
    guild_of,
    page_of,
    settled_migration,
    unusable_row,
    value_of,
)
from giftbot.stores.documents import (
    EPOCH,
    Document,
    announcement_document,
    milliseconds,
    read_announcement,
    read_moment,
    upgrade_code,
    without_nones,
)
from giftbot.stores.invite_documents import from_json
from giftbot.stores.mongo.documents import CONVERTER, changing
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.mongo.invites_documents import credit_fields, join_fields, link_fields, packed, unpacked
from giftbot.stores.redeeming_documents import (
    job_document,
    player_document,
    read_job,
    read_player,
    read_redemption,
    redemption_document,
)

_PATIENCE = 30.0
"""Seconds for one page: of whole servers, it may be large."""
_FIRST_NUMBER = Int64(-(2**63))
_PACKED: Mapping[str, tuple[str, ...]] = {
    "invite_batches": ("document", "joins"),
    "invite_ledgers": ("document",),
    "carried_tables": ("document",),
}
_SCHEMA = "schema"
"""The row of `migrations` that says how the database itself is built: no part of what is in it."""
_UNREADABLE = (BaseValidationError, KeyError, TypeError, ValueError)


def _milliseconds(value: object) -> object:
    return milliseconds(value) if isinstance(value, datetime) else value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _sightings(value: object, moment: Callable[[object], object]) -> object:
    if not isinstance(value, dict):
        return value
    return {
        name: {field: moment(at) for field, at in one.items()} if isinstance(one, dict) else one
        for name, one in value.items()
    }


def _date(value: object) -> object:
    return EPOCH + timedelta(milliseconds=cast("int", value))


_READ: Mapping[Kind, Callable[[object], object]] = {
    Kind.MOMENT: _milliseconds,
    Kind.WHOLE: _whole,
    Kind.ID: _whole,
    Kind.SIGHTINGS: partial(_sightings, moment=_milliseconds),
}
_WRITTEN: Mapping[Kind, Callable[[object], object]] = {
    Kind.MOMENT: _date,
    Kind.ID: lambda value: Int64(cast("int", value)),
    Kind.SIGHTINGS: partial(_sightings, moment=_date),
}


def _upgraded_code(row: Document) -> Document | None:
    known = upgrade_code(row)
    return None if known is None else CONVERTER.unstructure(CONVERTER.structure(known, GiftCode))


def _upgraded_post(row: Document) -> Document | None:
    found = read_announcement(row)
    return None if found is None else announcement_document(found)


def _upgraded_player(row: Document) -> Document | None:
    found = read_player(row)
    return None if found is None else player_document(found)


def _upgraded_redemption(row: Document) -> Document | None:
    found = read_redemption(row)
    return None if found is None else redemption_document(found)


def _upgraded_job(row: Document) -> Document | None:
    found = read_job(row)
    return None if found is None else job_document(found)


_UPGRADES: Mapping[str, Callable[[Document], Document | None]] = {
    "gift_codes": _upgraded_code,
    "guilds": lambda row: CONVERTER.unstructure(CONVERTER.structure(row, GuildSettings)),
    "sent_giftcodes": _upgraded_post,
    "players": _upgraded_player,
    "auto_redeemed_codes": _upgraded_redemption,
    "redemption_jobs": _upgraded_job,
    "notices": lambda row: CONVERTER.unstructure(CONVERTER.structure(row, Notice)),
}
"""What a row means that an earlier version, or an earlier bot, wrote."""


def _upgraded(table: ArchiveTable, row: Document) -> Row | None:
    upgrade = _UPGRADES.get(table.name)
    try:
        found = None if upgrade is None else upgrade(row)
    except _UNREADABLE:
        return None
    return None if found is None else converted(table, found, _READ)


async def _read(table: ArchiveTable, stored: Document) -> Row | None:
    if table.name == "migrations":
        document = {name: value for name, value in stored.items() if name != "_id"}
        return settled_migration({"_id": stored["_id"], "document": document})
    for name in _PACKED.get(table.name, ()):
        stored = {**stored, name: await unpacked(stored.get(name))}
    row = converted(table, stored, _READ)
    return row if table.problem_with(row) is None else _upgraded(table, stored)


def _of_model(table: ArchiveTable, row: Row) -> Document:
    """A row of a table of `MODELS`."""
    match value_of(table, row):
        case Join() as join:
            fields = {**join_fields(join), "revision": 1}
        case StaffLink() as link:
            fields = link_fields(link)
        case Credit() as credit:
            fields = credit_fields(credit)
        case InviteSettings() as settings:
            return {
                "_id": Int64(settings.guild_id),
                "revision": settings.revision,
                "document": row["document"],
            }
        case _:
            fields = {}
    return without_nones({"_id": row["_id"], **fields, "document": row["document"]})


async def _written(table: ArchiveTable, row: Row) -> Document:
    if table.name in MODELS:
        return _of_model(table, row)
    if table.name == "migrations":
        return {"_id": row["_id"], **cast("Document", row["document"])}
    written: Document = converted(table, row, _WRITTEN)
    if table.name in {"invite_batches", "invite_ledgers"}:
        found = from_json(row["document"])
        document = found if isinstance(found, dict) else {}
        if table.name == "invite_ledgers":
            written["taken_at"] = read_moment(document.get("taken_at"))
        else:
            number = int(str(row["_id"]).partition(":")[2])
            written |= {"guild_id": Int64(guild_of(row) or 0), "number": number}
            written["decided_at"] = read_moment(document.get("decided_at"))
    for name in _PACKED.get(table.name, ()):
        written[name] = await packed(str(row[name]))
    return without_nones(written)


def _settles(row: Document) -> UpdateOne:
    """The write that makes a post sent which is pending here, and was never tried."""
    epochs: list[Document] = [
        {"guild_epoch": {"$not": {"$gte": row["guild_epoch"]}}},
        {"guild_epoch": row["guild_epoch"], "code_epoch": {"$not": {"$gt": row["code_epoch"]}}},
    ]
    query = {"_id": row["_id"], "state": "pending", "nonce": None, "batch": None, "$or": epochs}
    fields = {name: value for name, value in row.items() if name not in {"_id", "fence"}}
    update = changing({**dict.fromkeys(("due_at", "owner", "lease_until", "reason")), **fields})
    return UpdateOne(query, {**update, "$inc": {"fence": cast("int", row["fence"]) + 1}})


class MongoArchiveStore:
    """`ArchiveStore` on MongoDB."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def scan_rows(self, table: ArchiveTable) -> AsyncIterator[Page]:
        """All rows of a table, in pages, by ascending id; in the end those whose ids are of another type."""
        last: object = _FIRST_NUMBER if table.has_numbers else ""
        rows = self._database[table.name]
        while True:
            with translated(), pymongo.timeout(_PATIENCE):
                cursor = rows.find({"_id": {"$gt": last, "$ne": _SCHEMA}}).sort([("_id", 1)]).limit(table.page)
                found = await cursor.batch_size(table.page + 1).to_list(None)
            if not found:
                break
            last = found[-1]["_id"]
            yield page_of(table, [(row["_id"], await _read(table, row)) for row in found])
        kinds = ["int", "long", "double", "decimal"] if table.has_numbers else ["string"]
        with translated(), pymongo.timeout(_PATIENCE):
            others = rows.find({"_id": {"$not": {"$type": kinds}}}, {"_id": 1})
            ids = [str(row["_id"]) for row in await others.to_list(None)]
        if ids:
            yield Page([], tuple(ids))

    async def count_rows(self, table: ArchiveTable) -> int:
        """How many rows a table has."""
        with translated(), pymongo.timeout(_PATIENCE):
            return await self._database[table.name].count_documents({})

    async def has_rows(self, table: ArchiveTable) -> bool:
        """Whether there is any."""
        with translated():
            return await self._database[table.name].find_one({}, {"_id": 1}) is not None

    async def present_rows(self, table: ArchiveTable, ids: Collection[object]) -> set[object]:
        """Those of the ids that exist."""
        with translated(), pymongo.timeout(_PATIENCE):
            cursor = self._database[table.name].find({"_id": {"$in": list(ids)}}, {"_id": 1})
            return {row["_id"] for row in await cursor.batch_size(len(ids) + 1).to_list(None)}

    def unusable_row(self, table: ArchiveTable, row: Row) -> str | None:
        """Why a row could not be read again once it was written; None when it could."""
        return unusable_row(table, row)

    async def add_rows(self, table: ArchiveTable, rows: Sequence[Row]) -> int:
        """Insert rows that are absent, and settle posts; how many rows changed."""
        documents = [await _written(table, row) for row in rows]
        if not documents:
            return 0
        with translated(), pymongo.timeout(_PATIENCE):
            try:
                await self._database[table.name].insert_many(documents, ordered=False)
            except BulkWriteError as error:
                there = [documents[position] for position in duplicates(error)]
            else:
                return len(documents)
            settled = 0
            sent = [row for row in there if row.get("state") == AnnouncementState.SENT.value]
            if table.name == "sent_giftcodes" and sent:
                result = await self._database[table.name].bulk_write([_settles(row) for row in sent], ordered=False)
                settled = result.modified_count
        return len(documents) - len(there) + settled

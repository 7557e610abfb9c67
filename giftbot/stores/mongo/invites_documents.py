"""How MongoDB holds invites, joins, staff links and credits: the document, and what it is looked for by.

What may be large, or has names of anybody's choice for its fields (ledgers, batches, carried tables), is held as
JSON text, packed when it is long.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence

import structlog
from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from giftbot.models.credit import Credit
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink
from giftbot.stores.documents import Document, chunks
from giftbot.stores.invite_documents import to_document
from giftbot.stores.mongo.documents import changing, same
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.faults import duplicates, translated

_log = structlog.get_logger(__name__)

_LONG = 64 * 1024
"""Characters from which on a text is packed: a document of MongoDB has at most 16 MB."""


def _optional(number: int | None) -> Int64 | None:
    return None if number is None else Int64(number)


def join_fields(join: Join) -> Document:
    """A join's fields but `_id`; those that are None are not to be there."""
    return {
        "guild_id": Int64(join.guild_id),
        "user_id": Int64(join.user_id),
        "joined_at": join.joined_at,
        "is_open": join.is_open,
        "owner_id": _optional(join.owner_id),
        "code": join.code,
        "level": int(join.level),
        "document": to_document(join),
    }


def link_fields(link: StaffLink) -> Document:
    """A staff link's fields but `_id`."""
    return {
        "guild_id": Int64(link.guild_id),
        "staff_id": Int64(link.staff_id),
        "valid_from": link.valid_from,
        "is_valid": link.valid_to is None,
        "revision": link.revision,
        "document": to_document(link),
    }


def credit_fields(credit: Credit) -> Document:
    """A credit's fields but `_id`; those that are None are not to be there."""
    return {
        "guild_id": Int64(credit.guild_id),
        "user_id": Int64(credit.user_id),
        "staff_id": _optional(credit.staff_id),
        "state": credit.state.value,
        "created_at": credit.created_at,
        "revision": credit.revision,
        "document": to_document(credit),
    }


def documents_of(rows: Sequence[Document]) -> list[object]:
    """The documents in rows."""
    return [row.get("document") for row in rows]


async def packed(text: str) -> str | bytes:
    """A text as a field holds it."""
    return text if len(text) < _LONG else await asyncio.to_thread(lambda: zlib.compress(text.encode(), 1))


async def unpacked(value: object) -> str:
    """The text in a field; an empty one, and a warning, when it cannot be unpacked."""
    if isinstance(value, bytes):
        try:
            return await asyncio.to_thread(lambda: zlib.decompress(value).decode())
        except (zlib.error, UnicodeDecodeError) as error:
            _log.warning("packed text cannot be read", error=f"{type(error).__name__}: {error}")
            return ""
    return value if isinstance(value, str) else ""


async def save(rows: Rows, row_id: object, fields: Document, revision: int, *, may_insert: bool) -> bool:
    """Replace the row whose revision is this one; with `may_insert`, add it if it is absent and that is 0."""
    query: Document = {"_id": row_id, "revision": same(revision)}
    with translated():
        try:
            result = await rows.update_one(query, changing(fields), upsert=may_insert and revision == 0)
        except DuplicateKeyError:
            return False
    return result.matched_count == 1 or result.upserted_id is not None


def saving(row_id: object, fields: Document, revision: int) -> UpdateOne:
    """What replaces the row whose revision is this one, or adds it if it is absent and that is 0."""
    return UpdateOne({"_id": row_id, "revision": same(revision)}, changing(fields), upsert=revision == 0)


async def save_all(rows: Rows, writes: Sequence[UpdateOne]) -> int:
    """Do any number of `saving`; how many rows were saved."""
    saved = 0
    for chunk in chunks(writes):
        with translated():
            try:
                result = await rows.bulk_write(chunk, ordered=False)
                saved += result.matched_count + result.upserted_count
            except BulkWriteError as error:
                duplicates(error)  # of these another revision is there
                saved += sum(int((error.details or {}).get(name, 0)) for name in ("nMatched", "nUpserted"))
    return saved

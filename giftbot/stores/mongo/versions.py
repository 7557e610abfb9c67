"""The schema of a MongoDB database: ordered steps, each recorded together with when it was done and by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from giftbot import __version__
from giftbot.errors import StoreError
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.schema import ensure_indexes

Step = Callable[[MongoDatabase], Awaitable[None]]

STEPS: tuple[Step, ...] = (ensure_indexes,)
"""What leads from each schema to the next; the schema is how many of these were done. Each may be repeated."""
KNOWN = len(STEPS)
"""The schema that this giftbot writes."""
_COLLECTION, _ROW = "migrations", "schema"


async def read_schema(database: MongoDatabase) -> int:
    """Which schema a database has; 0 when none is recorded."""
    with translated():
        row = await database[_COLLECTION].find_one({"_id": _ROW})
    number = row.get("number") if row else None
    return number if isinstance(number, int) else 0


async def upgrade(database: MongoDatabase) -> None:
    """Bring a database to this giftbot's schema, and create the indexes that are missing.

    Raises `StoreError` when a newer giftbot wrote it.
    """
    found = await read_schema(database)
    if found > KNOWN:
        raise StoreError(
            f"The database {database.name} was written by a newer giftbot (schema {found}, this one knows {KNOWN}):"
            " update giftbot, or restore a backup made with this version."
        )
    for number, step in enumerate(STEPS[found:], start=found + 1):
        await step(database)
        await _record(database, number)
    if found == KNOWN:
        await ensure_indexes(database)


async def _record(database: MongoDatabase, number: int) -> None:
    done = {"at": datetime.now(UTC), "version": __version__}
    with translated():
        await database[_COLLECTION].update_one(
            {"_id": _ROW}, {"$max": {"number": number}, "$set": {f"steps.{number}": done}}, upsert=True
        )

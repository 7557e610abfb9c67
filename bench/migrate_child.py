"""Takes over what an earlier bot left, or writes the same rows barely: `python -m bench.migrate_child`.

Each in a process of its own, whose peak of memory is its own, too. Settings come from the environment.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pymongo
from bson import Int64

from bench.link import serve
from bench.rows import FIRST_GUILD
from giftbot.app import SQLITE_NAME, Role, open_outside
from giftbot.clock import SystemClock
from giftbot.logs import configure_logging
from giftbot.models.legacy import Skip
from giftbot.sandbox.payload import Payload
from giftbot.services.migration.migrating import Migrating
from giftbot.services.migration.ports import LegacySource
from giftbot.settings import load_settings
from giftbot.stores.documents import milliseconds
from giftbot.takeover import open_legacy

_INSERT = """
    INSERT INTO sent_giftcodes (_id, guild_id, code, source, state, created_at, updated_at, guild_epoch, code_epoch,
        fence, attempts)
    VALUES (?, ?, ?, 'migration', 'sent', ?, ?, 0, 0, 0, 0)
"""
TOGETHER = 10_000
"""Documents of one bare `insert_many`; as many as fit into the memory that is allowed."""


def codes(count: int) -> list[str]:
    """The codes that each server was sent."""
    return [f"FROST{1000 + number}" for number in range(count)]


class _Strict:
    """A report that takes nothing: every row can be used."""

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Raises `AssertionError` when a row was not taken over."""
        assert not skips, skips[0]


async def take_over(wanted: Payload) -> Payload:
    """Take over what is in a place, all of which can be used."""
    settings = load_settings()
    async with open_outside(settings, Role.OPS, owner="bench") as outside:
        migrating = Migrating(store=outside.store, clock=SystemClock(), owner="bench")
        began = time.monotonic()
        async with open_legacy(settings, [wanted["place"]]) as sources:
            outcomes = await migrating.run(sources, report=_Strict())
        seconds = time.monotonic() - began
    found = sum(outcome.migration.counts.found.get("sent codes", 0) for outcome in outcomes)
    return {"seconds": seconds, "found": found, "peak": _peak()}


async def write_barely(wanted: Payload) -> Payload:
    """Write the same rows in the same order, with what the driver has for it."""
    settings = load_settings()
    async with open_outside(settings, Role.OPS, owner="bench"):
        pass  # the tables and their indexes
    now = datetime.now(UTC)
    rows = _rows(wanted["servers"], wanted["codes"])
    began = time.monotonic()
    if uri := settings.mongo_uri.get_secret_value():
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(uri)
        with closing(client):
            _insert_many(client[settings.mongo_db_name]["sent_giftcodes"], rows, now)
    else:
        with closing(sqlite3.connect(settings.giftbot_data_dir / SQLITE_NAME)) as connection, connection:
            connection.execute("PRAGMA synchronous = FULL")
            at = milliseconds(now)
            connection.executemany(_INSERT, ((row_id, guild, code, at, at) for row_id, guild, code in rows))
    return {"seconds": time.monotonic() - began, "peak": _peak()}


def _insert_many(
    rows: pymongo.collection.Collection[dict[str, object]], values: Iterator[tuple[str, int, str]], now: datetime
) -> None:
    documents: list[dict[str, object]] = []
    for row_id, guild, code in values:
        documents.append(
            {
                "_id": row_id,
                "guild_id": Int64(guild),
                "code": code,
                "source": "migration",
                "state": "sent",
                "created_at": now,
                "updated_at": now,
                **dict.fromkeys(("guild_epoch", "code_epoch", "fence", "attempts"), 0),
            }
        )
        if len(documents) == TOGETHER:
            rows.insert_many(documents)
            documents = []
    if documents:
        rows.insert_many(documents)


def _rows(servers: int, count: int) -> Iterator[tuple[str, int, str]]:
    names = codes(count)
    for guild in range(FIRST_GUILD, FIRST_GUILD + servers):
        for code in names:
            yield f"{guild}:{code}", guild, code


def _peak() -> float:
    """Megabytes. What the kernel counts for `getrusage` begins with the parent's memory; this does not."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    configure_logging("WARNING", "console")
    asyncio.run(serve({"take_over": take_over, "write_barely": write_barely}))

"""Figures 21 and 22: a million sent codes of an earlier bot are taken over, by `ops` and by a bot that starts."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import pymongo

from bench.figures import Figure
from bench.link import child
from bench.migrate_child import codes
from bench.places import STORES, Place
from bench.rows import FIRST_GUILD
from bench.session import Session
from bench.town import STILL, open_town

AT_MOST = 2.0
"""Times what the driver needs for the same rows."""
MEMORY = 150.0
"""Megabytes, of the whole process."""
FILE, COLLECTION = "giftcode_state.json", "MongoDB collection"
OLD = "earlier"
"""Name of the earlier bot's database."""


async def measure(session: Session) -> list[Figure]:
    """Speed and memory from each kind of source into each store, and the loop of a bot that does it."""
    servers, each = (1000, 100) if session.quick else (10_000, 100)
    directory = session.root / "earlier"
    leave_file(directory, servers, each)
    leave_collection(session, servers, each)
    figures = []
    for kind in STORES:
        for source in (FILE, COLLECTION):
            figures += await _measure(session, kind, source, servers, each)
    await _watch(session, directory, servers)
    return figures


async def _measure(session: Session, kind: str, source: str, servers: int, each: int) -> list[Figure]:
    """Ours and the bare one by turns; of each the fastest, for whatever else is at work only slows down."""
    ours, bare, peaks = [], [], []
    for _ in range(1 if session.quick else 2):
        barely = session.places.new(kind)
        answer = await _ask(session, barely, "write_barely", servers=servers, codes=each)
        bare.append(answer["seconds"])
        place = "mongo" if source == COLLECTION else str(session.root / "earlier")
        answer = await _ask(session, session.places.new(kind), "take_over", place=place)
        assert answer["found"] == servers * each, answer
        ours.append(answer["seconds"])
        peaks.append(answer["peak"])
    ratio, peak = min(ours) / min(bare), max(peaks)
    what = f"{kind}: {servers * each:,} sent codes of {servers:,} servers from a {source}"
    driver = "executemany" if kind == "SQLite" else "insert_many"
    return [
        Figure(
            "21",
            what,
            f"<= {AT_MOST:.0f} x a bare {driver}",
            f"{min(ours):.1f} s = {ratio:.2f} x {min(bare):.1f} s ({servers * each / min(ours):,.0f} rows/s)",
            ratio <= AT_MOST,
            {"seconds": min(ours), "bare_seconds": min(bare), "ratio": ratio},
        ),
        Figure(
            "22",
            f"{what}: peak memory of the process",
            f"< {MEMORY:.0f} MB",
            f"{peak:.1f} MB",
            peak < MEMORY,
            {"peak": peak},
        ),
    ]


async def _ask(session: Session, store: Place, what: str, **arguments: object) -> dict[str, float]:
    """Have a process of its own do it."""
    store.directory.mkdir(parents=True, exist_ok=True)
    environ = {**os.environ, "MONGO_DB_WOS": OLD, "MONGO_URI_FALLBACK": session.places.mongod.uri, **store.environ}
    if store.uri:
        del environ["MONGO_URI_FALLBACK"]
    async with child("bench.migrate_child", store.directory, environ=environ) as process:
        answer: dict[str, float] = await process.ask(what, **arguments)
        return answer


async def _watch(session: Session, directory: Path, servers: int) -> None:
    """A bot that starts on the earlier bot's directory: how long its loop is held until all is taken over."""
    async with open_town(session.root, 50) as town:
        for kind in STORES:
            place = session.places.new(kind)
            place.directory.mkdir(parents=True)
            (place.directory / FILE).write_bytes((directory / FILE).read_bytes())
            await session.watch.begin()
            async with town.bot(place, "--still", **STILL) as bot:  # ready once posting is no longer held
                late = (await bot.ask("settle"))["late"]
                await session.watch.end(f"first start that takes over {servers} servers, {kind}", late)
            async with place.open() as store:
                [migration] = await store.list_migrations()
                assert migration.state.value == "done", migration


def leave_file(directory: Path, servers: int, each: int) -> None:
    """The state file of an earlier bot."""
    directory.mkdir(parents=True, exist_ok=True)
    guilds = range(FIRST_GUILD, FIRST_GUILD + servers)
    state = {
        "channels": {str(guild): guild + 1 for guild in guilds},
        "sent": {str(guild): codes(each) for guild in guilds},
        "initialized": True,
    }
    (directory / FILE).write_text(json.dumps(state, indent=2), encoding="utf-8")


def leave_collection(session: Session, servers: int, each: int) -> None:
    """`sent_giftcodes` of an earlier bot, made inside the database itself."""
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(session.places.mongod.uri)
    moment = {"$literal": "2025-12-25T10:30:00.123456"}
    row = {
        "_id": {"$concat": [{"$toString": "$_id"}, ":", "$code"]},
        "guild_id": "$_id",
        "code": "$code",
        "source": {"$literal": "auto"},
        **dict.fromkeys(("sent_at", "updated_at", "created_at"), moment),
    }
    with closing(client):
        database = client[OLD]
        database["seed"].insert_many([{"_id": FIRST_GUILD + number} for number in range(servers)])
        database["seed"].aggregate(
            [
                {"$set": {"code": {"$literal": codes(each)}}},
                {"$unwind": "$code"},
                {"$project": row},
                {"$out": "sent_giftcodes"},
            ]
        )
        database["seed"].drop()

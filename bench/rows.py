"""A million finished rows, made inside the databases themselves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pymongo
from bson import Int64

from bench.places import Place
from giftbot.models.ids import CodeKey, GuildId
from giftbot.stores.documents import milliseconds
from giftbot.stores.sqlite.schema import MIGRATIONS

CODES = 500
"""Codes that each server was sent."""
FIRST_GUILD = 10**17

_FILL = f"""
    WITH RECURSIVE guild (id) AS (SELECT {FIRST_GUILD} UNION ALL SELECT id + 1 FROM guild LIMIT :guilds),
        code (name) AS (SELECT 1000 UNION ALL SELECT name + 1 FROM code LIMIT {CODES})
    INSERT INTO sent_giftcodes (_id, guild_id, code, source, state, created_at, updated_at, guild_epoch, code_epoch,
        fence, codes, channel_id, nonce, reference, first_attempt_at, last_attempt_at, window_at, attempts,
        message_id, sent_at)
    SELECT id || ':FROST' || name, id, 'FROST' || name, 'api', 'sent', :now, :now, 0, 0,
        1, '["FROST' || name || '@0"]', id, 'bm9uY2Vub25jZW5vbmNlbm9u', '7F3A-91C2', :now, :now, :now, 1, id + name,
        :now + name
    FROM guild, code
"""  # noqa: S608 - numbers of this module


def guild_of(number: int) -> GuildId:
    """One of the servers."""
    return GuildId(FIRST_GUILD + number)


def codes_of() -> list[CodeKey]:
    """The codes that every server was sent."""
    return [CodeKey(f"FROST{1000 + number}") for number in range(CODES)]


def fill(place: Place, guilds: int) -> None:
    """Create the rows of so many servers. Blocks for some ten seconds per million."""
    if place.uri:
        _fill_mongo(place, guilds)
    else:
        _fill_sqlite(place, guilds)


def _fill_sqlite(place: Place, guilds: int) -> None:
    place.directory.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(place.file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
        statements = [statement for migration in MIGRATIONS for statement in migration]
        later = [statement for statement in statements if "INDEX" in statement.split("(", maxsplit=1)[0]]
        for statement in statements:
            if statement not in later:
                connection.execute(statement)
        connection.execute("BEGIN")
        connection.execute(_FILL, {"guilds": guilds, "now": milliseconds(datetime.now(UTC))})
        connection.execute("COMMIT")
        for statement in later:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _fill_mongo(place: Place, guilds: int) -> None:
    now = datetime.now(UTC)
    seed: list[dict[str, object]] = [{"_id": Int64(FIRST_GUILD + number)} for number in range(guilds)]
    name = {"$concat": ["FROST", {"$toString": "$number"}]}
    row = {
        "_id": {"$concat": [{"$toString": "$_id"}, ":", name]},
        "guild_id": "$_id",
        "code": name,
        **{field: {"$literal": value} for field, value in {"source": "api", "state": "sent"}.items()},
        **dict.fromkeys(("created_at", "updated_at", "first_attempt_at", "last_attempt_at", "window_at"), now),
        **{field: {"$literal": value} for field, value in {"guild_epoch": 0, "code_epoch": 0}.items()},
        **{field: {"$literal": 1} for field in ("fence", "attempts")},
        "codes": [{"$concat": [name, "@0"]}],
        "channel_id": "$_id",
        "nonce": "bm9uY2Vub25jZW5vbmNlbm9u",
        "reference": "7F3A-91C2",
        "message_id": {"$add": ["$_id", "$number"]},
        "sent_at": {"$add": [now, "$number"]},
    }
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(place.uri)
    with closing(client):
        database = client[place.database]
        database["seed"].insert_many(seed)
        database["seed"].aggregate(
            [
                {"$set": {"number": {"$range": [1000, 1000 + CODES]}}},
                {"$unwind": "$number"},
                {"$project": row},
                {"$out": "sent_giftcodes"},
            ]
        )
        database["seed"].drop()

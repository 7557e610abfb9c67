"""Figure 20: `ops stats` over a million rows, from figures by day that were counted before, beside a bare query."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import attrs
import pymongo

from bench.figures import Figure, median, ms
from bench.lateness import probing
from bench.places import STORES, Place
from bench.rows import CODES, FIRST_GUILD, fill
from bench.session import Session
from giftbot.clock import SystemClock
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.services.inspection import Inspection, Overview
from giftbot.services.rollups import Rollups
from giftbot.stores.documents import milliseconds
from giftbot.stores.mongo.driver import open_client
from giftbot.stores.sqlite.database import open_database

AT_MOST = 0.1
"""Seconds for all figures, once the bot has counted."""
DAYS = 400
"""Over so many days the posts are spread."""
_TIMES = 15


async def measure(session: Session) -> list[Figure]:
    """Figure 20, on both stores."""
    figures = []
    guilds = 200 if session.quick else 2000
    for kind in STORES:
        place = session.places.new(kind)
        await asyncio.to_thread(fill, place, guilds)
        await asyncio.to_thread(_spread, place)
        chosen = [
            GuildSettings(guild_id=GuildId(FIRST_GUILD + number), channel_id=ChannelId(1))
            for number in range(5 * guilds)
        ]
        await place.configure(chosen)
        figures += await _of(session, place, guilds * CODES)
    return figures


async def _of(session: Session, place: Place, rows: int) -> list[Figure]:
    async with place.open() as store:
        clock = SystemClock()
        rollups = Rollups(store=store, clock=clock)
        await session.watch.begin()
        async with probing() as probe:
            began = time.perf_counter()
            counted = await rollups.refresh()
            first = time.perf_counter() - began
            began = time.perf_counter()
            await rollups.refresh()
            again = time.perf_counter() - began
        await session.watch.end(f"counting figures, {place.kind}", probe.take())
        inspection = Inspection(store=store, clock=clock, game="whiteout")
        ours: list[float] = []
        found: Overview | None = None
        for _ in range(_TIMES):
            began = time.perf_counter()
            found = await inspection.overview()
            ours.append(time.perf_counter() - began)
        assert found is not None
        exact = await store.get_stats(None, clock.now())
        statistics = found.figures.statistics
        is_right = attrs.astuple(statistics) == attrs.astuple(exact) and statistics.total_codes == rows
    bare = await _bare(place)
    seconds = median(ours)
    title = f"{place.kind}: ops stats over {rows:,} rows of {DAYS} days"
    words = f"{ms(seconds)} = {seconds / bare:.2f} x {ms(bare)} for one bare count of them"
    return [
        Figure(
            "20",
            title,
            f"< {ms(AT_MOST)}, and exact",
            words if is_right else f"{words}, but not what there is",
            seconds < AT_MOST and is_right,
            {"seconds": seconds, "bare_seconds": bare, "ratio": seconds / bare},
        ),
        Figure(
            "20",
            f"{place.kind}: counting {rows:,} rows in the background",
            "for information",
            f"{ms(first)} for all, {ms(again)} for what is new, {len(counted.figures)} figures",
            True,
            {"first": first, "again": again},
        ),
    ]


async def _bare(place: Place) -> float:
    """The median seconds of the query that gives the total alone, through the driver."""
    seconds = []
    if place.uri:
        async with open_client(place.uri, place.database) as database:
            for _ in range(5):
                began = time.perf_counter()
                await database["sent_giftcodes"].count_documents({"state": "sent"})
                seconds.append(time.perf_counter() - began)
    else:
        async with open_database(place.file, busy_timeout=5) as opened:
            for _ in range(5):
                began = time.perf_counter()
                await opened.read("SELECT count(*) FROM sent_giftcodes WHERE state = 'sent'")
                seconds.append(time.perf_counter() - began)
    return median(seconds)


def _spread(place: Place) -> None:
    """Give each code a day of its own or few others', up to now."""
    now = datetime.now(UTC)
    if not place.uri:
        with closing(sqlite3.connect(place.file)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(
                "UPDATE sent_giftcodes SET sent_at = ? - (CAST(substr(code, 6) AS INTEGER) - 1000) * ?",
                [milliseconds(now), int(timedelta(days=DAYS) / timedelta(milliseconds=CODES))],
            )
        return
    step = int(timedelta(days=DAYS) / timedelta(milliseconds=CODES))
    number = {"$subtract": [{"$toInt": {"$substrBytes": ["$code", 5, 10]}}, 1000]}
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(place.uri)
    with closing(client):
        client[place.database]["sent_giftcodes"].update_many(
            {}, [{"$set": {"sent_at": {"$subtract": [now, {"$multiply": [number, step]}]}}}]
        )

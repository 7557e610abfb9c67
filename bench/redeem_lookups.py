"""Figure 9: who has a code already, asked of the store once for many players."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiosqlite

from bench.figures import Figure, median, ms
from bench.lateness import probing
from bench.places import STORES, Place
from bench.players import player_ids, redeem_before
from bench.session import Session
from bench.trips import counting
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.stores.documents import CHUNK, chunks
from giftbot.stores.mongo.driver import open_client

GUILD = GuildId(10**17)
CODE, SMALL = CodeKey("BIG1"), CodeKey("SMALL1")
OTHERS = [CodeKey(f"OTHER{number}") for number in range(4)]
MEMBERS, HOLDERS = 88, 13
EVERY = 7
"""One of so many members has a code; of the 88 that is 13."""
TIMES_BARE = 1.5
LONGEST_HOLD = 0.015
"""Seconds for which the look-up may hold the loop."""

Ask = Callable[[], Awaitable[int]]


async def measure(session: Session) -> list[Figure]:
    """Figure 9, on both stores."""
    figures = []
    for kind in STORES:
        place = session.places.new(kind)
        members = player_ids(MEMBERS)
        everybody = player_ids(2000 if session.quick else 10_000)
        async with place.open() as store:
            await redeem_before(store, GUILD, [SMALL], members, every=EVERY)
            await redeem_before(
                store, GUILD, [CODE, *(CodeKey(f"OTHER{n}") for n in range(4))], everybody, every=EVERY
            )
        figures += [await _small(place, members), *await _big(session, place, everybody)]
    return figures


async def _small(place: Place, members: Sequence[PlayerId]) -> Figure:
    """88 members of whom 13 have the code, beside one query per member."""
    with counting() as trips:
        async with place.open() as store:
            before = trips.count
            has = await store.granted_players(SMALL, members)
            together = trips.count - before
            before = trips.count
            singly = [bool(await store.granted_players(SMALL, [member])) for member in members]
            apart = trips.count - before
    return Figure(
        "9",
        f"{place.kind}: {MEMBERS} members of whom {HOLDERS} have the code: queries to find that out",
        f"1, and at least {MEMBERS} x fewer than one per member",
        f"{together}; {apart / together:.0f} x fewer than {apart}",
        together == 1 and apart >= MEMBERS * together and len(has) == HOLDERS == sum(singly),
        {"together": together, "apart": apart},
    )


async def _big(session: Session, place: Place, everybody: Sequence[PlayerId]) -> list[Figure]:
    """Thousands of members, beside the bare `$in` in chunks; and how long the loop is held by it."""
    rounds = 5 if session.quick else 20
    ours: list[float] = []
    bare: list[float] = []
    worst, computing, idle = 0.0, 0.0, 0.0
    expected = -(-len(everybody) // EVERY)
    async with place.open() as store, _bare(place, everybody) as ask, probing() as probe:
        for _ in range(rounds):
            await session.watch.idle.ask("late")
            probe.take()
            began = time.perf_counter()
            found = await store.granted_players(CODE, everybody)
            ours.append(time.perf_counter() - began)
            late, busy = probe.take()
            still = (await session.watch.idle.ask("late"))["worst"]
            if late - still > worst - idle:
                worst, computing, idle = late, busy, still
            began = time.perf_counter()
            count = await ask()
            bare.append(time.perf_counter() - began)
            assert len(found) == count == expected
    ratio = median(ours) / median(bare)
    beyond = max(worst - idle, 0.0)
    name = f"{place.kind}: who of {len(everybody)} members has a code"
    return [
        Figure(
            "9",
            name,
            f"<= {TIMES_BARE} x the bare query in chunks of {CHUNK}",
            f"{ms(median(ours))} = {ratio:.2f} x {ms(median(bare))}",
            ratio <= TIMES_BARE,
            {"seconds": median(ours), "bare_seconds": median(bare), "ratio": ratio},
        ),
        Figure(
            "9",
            f"{name}: longest hold of the loop",
            f"<= {ms(LONGEST_HOLD)} beyond an idle loop",
            f"{ms(beyond)} (worst {ms(worst)}, computing {ms(computing)}; idle loop {ms(idle)})",
            beyond <= LONGEST_HOLD,
            {"beyond": beyond, "worst": worst, "computing": computing, "idle": idle},
        ),
    ]


@asynccontextmanager
async def _bare(place: Place, everybody: Sequence[PlayerId]) -> AsyncIterator[Ask]:
    """The same question to the driver itself, chunk by chunk; how many have the code."""
    pieces = [list(chunk) for chunk in chunks(everybody)]
    if place.uri:
        async with open_client(place.uri, place.database) as database:

            async def ask_mongo() -> int:
                rows = database["auto_redeemed_codes"]
                found: set[object] = set()
                for piece in pieces:
                    query = {"code": CODE, "fid": {"$in": piece}, "outcome": {"$in": ["redeemed", "already", None]}}
                    cursor = rows.find(query, {"fid": 1, "_id": 0}).batch_size(10 * CHUNK)
                    found.update(row["fid"] for row in await cursor.to_list(None))
                return len(found)

            yield ask_mongo
        return
    async with aiosqlite.connect(place.file, isolation_level=None) as reader:
        sql = (
            "SELECT DISTINCT fid FROM auto_redeemed_codes WHERE code = ? AND outcome IN ('redeemed', 'already')"
            " AND fid IN (SELECT value FROM json_each(?))"
        )

        async def ask_sqlite() -> int:
            found: set[object] = set()
            for piece in pieces:
                rows = await reader.execute_fetchall(sql, [CODE, json.dumps(piece)])
                found.update(row[0] for row in rows)
            return len(found)

        yield ask_sqlite

"""Figures 10 and 13: a job against a game without limits, beside a bare client of the same game; connections."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.figures import Figure, median, ms
from bench.link import Child, child
from bench.places import STORES
from bench.players import KINGDOM, enlist, redeeming
from bench.session import Session
from bench.town import STILL, Town, open_town
from giftbot.sandbox.payload import Payload
from giftbot.services.desk import MOST

OWN_CPU = 0.001
"""Seconds that the bot may compute for one redemption."""
TRIPS = 2.0
"""Round trips to the store for one redemption, without budget and lease."""
UNPACED = {"GAME_RATE_PER_MINUTE": "1000000", "GAME_PLAYER_SPACING": "0"}
ROUNDS = 3
IN_TURN = 50
CONCURRENCY = MOST
"""Calls of the bare client at once: as many as the bot's."""


async def measure(session: Session) -> list[Figure]:
    """Figures 10 and 13, on both stores."""
    count = 500 if session.quick else 2000
    figures = []
    async with open_town(session.root, 1) as town:
        await town.process.ask("prepare_game", codes=[f"{kind}{n}" for kind in ("BARE", *STORES) for n in range(9)])
        bare = await _bare(session, town, count)
        for kind in STORES:
            figures += await _of_store(session, town, kind, count, bare)
    return figures


async def _bare(session: Session, town: Town, count: int) -> Payload:
    """What a bare client reaches, the best of some rounds."""
    environ = {**os.environ, **town.environ}
    found = []
    async with child("bench.game_child", session.root, environ=environ) as process:
        for number in range(ROUNDS):
            done = await process.ask(
                "post", code=f"BARE{number}", kingdom=KINGDOM, players=count, concurrency=CONCURRENCY
            )
            assert done["granted"] == count
            found.append(done)
    await town.process.ask("played")
    return min(found, key=lambda one: float(one["seconds"]))


async def _of_store(session: Session, town: Town, kind: str, count: int, bare: Payload) -> list[Figure]:
    """Jobs for imported players, then for proved ones; in a second process again, with round trips counted."""
    async with redeeming_bot(session, town, kind, count) as bot:
        runs = [await redeem(town, bot, f"{kind}{number}", count) for number in range(ROUNDS + 1)]
    async with redeeming_bot(session, town, kind, count, "--trips") as bot:
        first, second = [await redeem(town, bot, f"{kind}{number}", count) for number in (5, 6)]
    async with redeeming_bot(session, town, kind, IN_TURN) as bot:
        turns = await bot.ask("redeem_in_turn", guild=town.places[0][0], code=f"{kind}7", players=IN_TURN)
        played = await town.process.ask("played")
    assert turns["granted"] == IN_TURN == played["calls"]
    cpu, first_cpu = median([one["cpu"] for one in runs[1:]]) / count, runs[0]["cpu"] / count
    loop = median([one["thread"] for one in runs[1:]]) / count
    rates = [count / one["seconds"] for one in runs]
    bare_rate, bare_cpu = count / bare["seconds"], bare["cpu"] / count
    trips, first_trips, leases = second["trips"] / count, first["trips"] / count, second["lease_trips"] / count
    return [
        Figure(
            "10",
            f"{kind}: computing per redemption, {count} players",
            f"<= {ms(OWN_CPU)}",
            f"{ms(cpu)} (the loop alone {ms(loop)}; imported players, proved on the way {ms(first_cpu)}; a bare"
            f" client {ms(bare_cpu)}); {median(rates[1:]):.0f}/s, the bare client {bare_rate:.0f}/s",
            max(cpu, first_cpu) <= OWN_CPU,
            {
                "cpu": cpu,
                "first_cpu": first_cpu,
                "loop_cpu": loop,
                "bare_cpu": bare_cpu,
                "rate": median(rates[1:]),
                "bare_rate": bare_rate,
            },
        ),
        Figure(
            "10",
            f"{kind}: round trips to the store per redemption",
            f"<= {TRIPS:g} besides budget and lease",
            f"{trips:.2f} (imported players, proved on the way {first_trips:.2f}; budget and lease {leases:.2f})",
            max(trips, first_trips) <= TRIPS,
            {"trips": trips, "first_trips": first_trips, "lease_trips": leases},
        ),
        Figure(
            "13",
            f"{kind}: connections to the game for {IN_TURN} calls, one after another",
            "1",
            f"{played['connections']}; {ms(median(turns['seconds']))} each; a job with {CONCURRENCY} calls at once:"
            f" {max(one['connections'] for one in runs)}",
            played["connections"] == 1 and max(one["connections"] for one in runs) <= CONCURRENCY,
            {"connections": played["connections"], "seconds": median(turns["seconds"])},
        ),
    ]


@asynccontextmanager
async def redeeming_bot(
    session: Session, town: Town, kind: str, count: int, *arguments: str
) -> AsyncIterator[Child]:
    """The bot on a new store, with so many imported players in one server, once it has settled."""
    place = session.places.new(kind)
    settings = redeeming(town.settings(1))
    await place.configure(settings)
    async with place.open() as store:
        await enlist(store, settings[0].guild_id, count, proved=False)
    async with town.bot(place, "--still", *arguments, **STILL, **UNPACED) as bot:
        await bot.ask("settle")
        yield bot


async def redeem(town: Town, bot: Child, code: str, count: int) -> Payload:
    """One job; what the bot and the game saw of it."""
    await town.process.ask("played")
    done = await bot.ask("redeem", guild=town.places[0][0], code=code)
    return {**done, "connections": (await check(town, done, count))["connections"]}


async def check(town: Town, done: Payload, count: int) -> Payload:
    """What the game saw of a job. Raises `AssertionError` unless everybody was asked for once, and got it."""
    played = await town.process.ask("played")
    assert done["outcomes"] == {"redeemed": count}, done["outcomes"]
    assert played["calls"] == played["granted"] == count, played
    assert played["overlaps"] == played["asked_after_grant"] == 0, played
    return played

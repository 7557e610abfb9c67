"""Figure 7: how long the bot's event loop is held, at a start with many servers and when all of them get rows."""

from __future__ import annotations

from bench.figures import Figure, ms
from bench.places import STORES
from bench.session import Lateness, Session
from bench.town import STILL, active_code, open_town
from giftbot.models.guild import Backfill

AT_MOST = 0.05
"""Seconds."""


async def measure(session: Session) -> list[Figure]:
    """Start with 10,000 servers, enqueue a code in all of them, and finish backfills in all of them."""
    servers = 2000 if session.quick else 10_000
    async with open_town(session.root, 50, channels=20, roles=15) as town:
        for kind in STORES:
            place = session.places.new(kind)
            await place.configure(town.settings(servers))
            await session.watch.begin()
            async with town.bot(place, "--still", **STILL) as bot:
                late = (await bot.ask("settle"))["late"]
                await session.watch.end(f"start with {servers} servers, {kind}", late)
                await session.watch.begin()
                done = await bot.ask("enqueue", codes=["Frost1"])
                assert done["rows"] == servers
                await session.watch.end(f"a code for {servers} servers, {kind}", done["late"])
            place = session.places.new(kind)
            await place.configure(
                town.settings(servers, Backfill.POST), [active_code("Known1"), active_code("Known2")]
            )
            await session.watch.begin()
            async with town.bot(place, "--still", **STILL) as bot:
                late = (await bot.ask("backfilled", servers=servers))["late"]
                await session.watch.end(f"backfill of {servers} servers, {kind}", late)
    return []


def verdicts(session: Session) -> list[Figure]:
    """One line for each measurement that watched a loop."""
    return [_figure(one) for one in session.watch.found.values()]


def _figure(one: Lateness) -> Figure:
    return Figure(
        "7",
        f"longest hold of the loop, {one.name}",
        f"<= {ms(AT_MOST)} beyond an idle loop",
        f"{ms(one.beyond)} (worst {ms(one.worst)}, computing {ms(one.computing)}; idle loop {ms(one.idle)})",
        one.beyond <= AT_MOST,
        {"beyond": one.beyond, "worst": one.worst, "computing": one.computing, "idle": one.idle},
    )

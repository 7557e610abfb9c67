"""Figure 18: the memory of an idle bot with GIFTBOT_INVITES beside bare hikari with the same intents and cache."""

from __future__ import annotations

import os

from bench.figures import Figure
from bench.invites_joins import WITH_INVITES
from bench.link import child
from bench.memory import MORE, of_bot, resident
from bench.places import STORES
from bench.session import Session
from bench.town import open_town


async def measure(session: Session) -> list[Figure]:
    """Figure 18, on both stores. In all servers but one the bot may not look at the invites."""
    count = 200 if session.quick else 1000
    figures = []
    async with open_town(session.root, count, channels=20, roles=15) as town:
        await town.process.ask("house", codes=10, markers=False)
        environ = {**os.environ, **town.environ, "BENCH_INVITES": "true"}
        async with child("bench.gateway_child", session.root, environ=environ) as process:
            bare = await resident(process.pid)
        for kind in STORES:
            place = session.places.new(kind)
            await place.configure(town.settings())
            ours = await of_bot(town, place, **WITH_INVITES)
            figures.append(
                Figure(
                    "18",
                    f"{kind}: resident memory with invites, {count} servers of 20 channels and 15 roles",
                    f"<= {MORE:.0f} MB above bare hikari",
                    f"{ours:.1f} MB = {ours - bare:+.1f} MB = {ours / bare:.2f} x {bare:.1f} MB",
                    ours - bare <= MORE,
                    {"resident": ours, "bare_resident": bare, "more": ours - bare},
                )
            )
    return figures

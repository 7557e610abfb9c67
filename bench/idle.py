"""Figure 2: a check of the sources that finds nothing new, with many servers."""

from __future__ import annotations

from bench.figures import Figure, median, ms
from bench.places import STORES
from bench.session import Session
from bench.town import STILL, active_code, open_town


async def measure(session: Session) -> list[Figure]:
    """Figure 2, on both stores."""
    servers, times = (1000, 50) if session.quick else (10_000, 200)
    known = [f"Known{number}" for number in range(20)]
    figures = []
    async with open_town(session.root, 3) as town:
        await town.process.ask("publish", codes=known)
        for kind in STORES:
            place = session.places.new(kind)
            await place.configure(town.settings(servers), [active_code(name) for name in known])
            async with town.bot(place, "--still", **STILL) as bot:
                await bot.ask("settle")
                await session.watch.begin()
                done = await bot.ask("check", times=times)
                await session.watch.end(f"checks, {kind}", done["late"])
                bare = await bot.ask("bare_fetches", times=times)
            operations = sum(done["calls"].values())
            words = f" {done['calls']}" if operations else ""
            seconds, fetches = median(done["seconds"]), median(bare["seconds"])
            figures.append(
                Figure(
                    "2",
                    f"{kind}: {times} checks without news, {servers} servers: operations on the store",
                    "0",
                    f"{operations}{words}; {ms(seconds)} a check = {seconds / fetches:.2f} x the bare fetches",
                    operations == 0,
                    {"operations": operations, "seconds": seconds, "bare_seconds": fetches},
                )
            )
    return figures

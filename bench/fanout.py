"""Figures 4 and 5: one code to many servers, as fast as it goes and at Discord's pace."""

from __future__ import annotations

import os

from bench.figures import Figure, median, ms, peak, rate
from bench.link import child
from bench.places import STORES
from bench.session import Session
from bench.town import Town, open_town
from giftbot.sandbox.payload import Payload

ENOUGH = 0.6
"""Share of hikari's own rate that the bot has to reach."""
OWN_CPU = 0.00035
"""Seconds that our own code may compute for one message."""
PACE = 44.0
CONCURRENCIES = (16, 32, 64, 128)


async def measure(session: Session) -> list[Figure]:
    """Figures 4 and 5."""
    return [*await _unpaced(session), *await _paced(session)]


async def _unpaced(session: Session) -> list[Figure]:
    count = 400 if session.quick else 1000
    runs: dict[str, list[Payload]] = {kind: [] for kind in STORES}
    raw: list[Payload] = []
    async with open_town(session.root, count) as town:
        for round_ in range(1 if session.quick else 3):
            raw.append(await _raw(session, town, round_))
            for kind in STORES:
                runs[kind].append(await _run(session, town, kind, count, POST_RATE_PER_SECOND="1000000"))
    figures = []
    bare_rate = median([count / one["seconds"] for one in raw])
    bare_cpu = median([one["cpu"] / count for one in raw])
    for kind, results in runs.items():
        ratio = median([one["rate"] / (count / bare["seconds"]) for one, bare in zip(results, raw, strict=True)])
        reached = median([one["rate"] for one in results])
        cpu = median([one["cpu"] / count for one in results])
        loop = median([one["thread"] / count for one in results])
        exact = all(one["created"] == count for one in results)
        values = {"rate": reached, "bare_rate": bare_rate, "ratio": ratio, "cpu": cpu, "bare_cpu": bare_cpu}
        figures.append(
            Figure(
                "4",
                f"{kind}: one code to {count} servers, from hand-over to the last mark",
                f">= {ENOUGH:.0%} of bare hikari",
                f"{reached:.0f}/s = {ratio:.0%} of {bare_rate:.0f}/s",
                ratio >= ENOUGH and exact,
                values,
            )
        )
        figures.append(
            Figure(
                "4",
                f"{kind}: computing per message on top of bare hikari",
                f"<= {ms(OWN_CPU)}",
                f"{ms(cpu - bare_cpu)} (bare {ms(bare_cpu)}; the loop's thread alone {ms(loop - bare_cpu)})",
                cpu - bare_cpu <= OWN_CPU,
                {**values, "loop": loop},
            )
        )
    return figures


async def _raw(session: Session, town: Town, round_: int) -> Payload:
    """The best that bare hikari does, over all concurrencies."""
    environ = {**os.environ, **town.environ}
    results = []
    async with child("bench.raw_child", session.root, environ=environ) as process:
        for concurrency in CONCURRENCIES:
            name = f"RAW{round_}x{concurrency}"
            results.append(await process.ask("send", code=name, places=town.places, concurrency=concurrency))
            await town.process.ask("arrivals")
    return min(results, key=lambda one: float(one["seconds"]))


async def _run(session: Session, town: Town, kind: str, count: int, **more: str) -> Payload:
    """One fan-out of one code on a new store."""
    place = session.places.new(kind)
    await place.configure(town.settings()[:count])
    await town.process.ask("arrivals")
    async with town.bot(place, **more) as bot:
        await bot.ask("settle")
        await session.watch.begin()
        done = await bot.ask("fan_out", codes=[f"Frost{place.database[6:]}"], messages=count)
        await session.watch.end(f"fan-out, {kind}", done["late"])
    came = await town.process.ask("arrivals")
    messages = came["messages"]
    return {
        **done,
        "rate": count / (done["finished"] - done["began"]),
        "arrived": messages,
        "requests": came["requests"],
        "refused": came["refused"],
        "created": len(messages) - came["deduplicated"],
    }


async def _paced(session: Session) -> list[Figure]:
    count = 220 if session.quick else 1000
    kind = STORES[0]
    async with open_town(session.root, count, limits=True) as town:
        done = await _run(session, town, kind, count, POST_RATE_PER_SECOND=str(PACE))
    sent, arrived = peak(done["sent"]), peak(done["requests"])
    reached = rate(done["sent"])
    return [
        Figure(
            "5",
            f"paced at {PACE:.0f}/s, {count} servers, Discord's limits: most sent in any second",
            "<= 45",
            str(sent),
            sent <= 45,
            {"peak": sent},
        ),
        Figure(
            "5", "most requests that arrived in any second", "<= 50", str(arrived), arrived <= 50, {"peak": arrived}
        ),
        Figure("5", "answers 429", "0", str(done["refused"]), done["refused"] == 0, {"refused": done["refused"]}),
        Figure(
            "5",
            "average pace",
            ">= 95 %",
            f"{reached:.2f}/s = {reached / PACE:.1%}",
            reached >= 0.95 * PACE,
            {"rate": reached},
        ),
    ]

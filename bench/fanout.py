"""Figures 4 and 5: one code to many servers, as fast as it goes and at Discord's pace."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bench.figures import Figure, median, ms, peak, rate
from bench.link import Child, child
from bench.places import STORES
from bench.session import Session
from bench.town import Town, open_town
from giftbot.sandbox.payload import Payload

ENOUGH = 0.6
"""Share of hikari's own rate that the bot has to reach."""
OWN_CPU = 0.00035
"""Seconds that our own code may compute for one message."""
PACE = 44.0
CONCURRENCIES = (32, 64, 128)


async def measure(session: Session) -> list[Figure]:
    """Figures 4 and 5."""
    return [*await _unpaced(session), *await _paced(session)]


async def _unpaced(session: Session) -> list[Figure]:
    """The bot on both stores and bare hikari, as it comes and with the bot's connections, send in turn.

    Each counts with the best of three passes, some rounds long.
    """
    count, rounds = (400, 2) if session.quick else (1000, 3)
    bare: dict[str, list[Payload]] = {"as it comes": [], "kept": []}
    runs: dict[str, list[Payload]] = {kind: [] for kind in STORES}
    async with AsyncExitStack() as stack:
        town = await stack.enter_async_context(open_town(session.root, count))
        environ = {**os.environ, **town.environ}
        raws = {
            kind: await stack.enter_async_context(child("bench.raw_child", session.root, *more, environ=environ))
            for kind, more in (("as it comes", ()), ("kept", ("--kept",)))
        }
        bots = {kind: await stack.enter_async_context(_bot(session, town, kind)) for kind in STORES}
        for round_ in range(rounds):
            names = [f"{round_}X{concurrency}" for concurrency in CONCURRENCIES]
            for kind, raw in raws.items():
                passes = [
                    await raw.ask(
                        "send", code=f"RAW{kind[-4:]}{name}".upper(), places=town.places, concurrency=concurrency
                    )
                    for name, concurrency in zip(names, CONCURRENCIES, strict=True)
                ]
                bare[kind].append(_fastest([{**one, "rate": count / one["seconds"]} for one in passes]))
            for kind, bot in bots.items():
                passes = [await _fan_out(session, town, bot, kind, f"FROST{name}") for name in names]
                runs[kind].append({**_fastest(passes), "first": passes[0]["rate"]})
    return [figure for kind, results in runs.items() for figure in _compared(kind, results, bare, count)]


def _fastest(passes: list[Payload]) -> Payload:
    return max(passes, key=lambda one: float(one["rate"]))


def _compared(kind: str, results: list[Payload], bare: dict[str, list[Payload]], count: int) -> list[Figure]:
    raw = bare["as it comes"]
    rate_, bare_rate = median([one["rate"] for one in results]), median([one["rate"] for one in raw])
    kept_rate = median([one["rate"] for one in bare["kept"]])
    ratio = median([one["rate"] / bare["rate"] for one, bare in zip(results, raw, strict=True)])
    cpu, bare_cpu = (median([one["cpu"] / count for one in many]) for many in (results, bare["kept"]))
    loop = median([one["thread"] / count for one in results])
    first = results[0]["first"]
    exact = all(one["messages"] == count for one in results)
    values = {"rate": rate_, "bare_rate": bare_rate, "kept_rate": kept_rate, "ratio": ratio, "first_rate": first}
    computing = {"cpu": cpu, "bare_cpu": bare_cpu, "loop_cpu": loop}
    return [
        Figure(
            "4",
            f"{kind}: one code to {count} servers, from hand-over to the last mark",
            f">= {ENOUGH:.0%} of bare hikari",
            f"{rate_:.0f}/s = {ratio:.0%} of {bare_rate:.0f}/s ({rate_ / kept_rate:.0%} of {kept_rate:.0f}/s with"
            f" connections kept; first after a start {first:.0f}/s)",
            ratio >= ENOUGH and exact,
            values,
        ),
        Figure(
            "4",
            f"{kind}: computing per message on top of bare hikari with connections kept",
            f"<= {ms(OWN_CPU)}",
            f"{ms(cpu - bare_cpu)} = {cpu / bare_cpu:.2f} x {ms(bare_cpu)} (the loop alone {ms(loop - bare_cpu)})",
            cpu - bare_cpu <= OWN_CPU,
            computing,
        ),
    ]


@asynccontextmanager
async def _bot(
    session: Session, town: Town, kind: str, rate_: float = 1_000_000, check_interval: float = 3600
) -> AsyncIterator[Child]:
    """The bot on a new store that knows all servers, once it has settled."""
    place = session.places.new(kind)
    await place.configure(town.settings())
    more = {"POST_RATE_PER_SECOND": str(rate_), "GIFTCODE_CHECK_INTERVAL": str(check_interval)}
    async with town.bot(place, **more) as bot:
        await bot.ask("settle")
        yield bot


async def _fan_out(session: Session, town: Town, bot: Child, name: str, code: str) -> Payload:
    """One code to all servers; what the bot and the sandbox saw of it."""
    await town.process.ask("arrivals")
    count = len(town.places)
    await session.watch.begin()
    done = await bot.ask("fan_out", codes=[code], messages=count)
    await session.watch.end(f"fan-out, {name}", done["late"])
    came = await town.process.ask("arrivals")
    return {**done, "rate": count / (done["finished"] - done["began"]), **came, "messages": len(came["messages"])}


async def _paced(session: Session) -> list[Figure]:
    count = 220 if session.quick else 1000
    kind = STORES[0]
    async with (
        open_town(session.root, count, limits=True) as town,
        _bot(session, town, kind, PACE, check_interval=10) as bot,
    ):
        done = await _fan_out(session, town, bot, f"{kind}, paced", "FROST")
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

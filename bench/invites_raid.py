"""Figure 15: raids. Thousands join within seconds, and then as many again."""

from __future__ import annotations

import asyncio

import attrs
import psutil  # type: ignore[import-untyped]  # a dependency of the tests, without types of its own

from bench.figures import Figure
from bench.invites_joins import CODES, EVENTS, REQUESTS, WITH_INVITES
from bench.link import Child
from bench.places import STORES
from bench.session import Session
from bench.town import Town, open_town

RATE = 500.0
"""Joins in a second."""
GROWTH = 5.0
"""Megabytes by which a third raid may raise the memory further."""
QUIET = 35.0
"""Seconds after which a server of which nothing is heard is put out of memory, and a little more."""


@attrs.frozen
class Raid:
    """What was seen of one."""

    undecided: int
    """Joins that are not decided, and events that no batch has dealt with."""
    seconds: float
    """From the first join until all are decided."""
    looks: int
    peak: float
    """Megabytes while it lasted."""
    resident: float = 0.0
    """Megabytes, once all is done."""


async def measure(session: Session) -> list[Figure]:
    """Figure 15, on both stores."""
    count = 1000 if session.quick else 5000
    figures = []
    for kind in STORES:
        async with open_town(session.root, 1) as town:
            house = await town.process.ask("house", codes=CODES, markers=False)
            await town.process.ask("lag", events=EVENTS, requests=REQUESTS)
            place = session.places.new(kind)
            await place.configure(town.settings())
            async with town.bot(place, **WITH_INVITES) as bot:
                await bot.ask("looked", guild=house["guild"])
                idle = await _settled(bot)
                raids: list[Raid] = []
                for number in (1, 2, 3):
                    await session.watch.begin()
                    raid, late = await _raid(town, bot, house["guild"], count, already=len(raids) * count)
                    await session.watch.end(f"raid {number} of {count} joins, {kind}", late)
                    await asyncio.sleep(QUIET)
                    raids.append(attrs.evolve(raid, resident=await _settled(bot)))
        figures += _figures(kind, count, idle, raids)
    return figures


async def _raid(
    town: Town, bot: Child, guild: int, count: int, *, already: int
) -> tuple[Raid, tuple[float, float]]:
    """Have so many people come, where so many came before; and how late the bot's loop was."""
    memory: list[float] = []
    watching = asyncio.create_task(_watch(psutil.Process(bot.pid), memory))
    came = await town.process.ask("arrive", guild=guild, count=count, rate=RATE)
    done = await bot.ask("decided", guild=guild, count=already + count, told=False)
    watching.cancel()
    told = await town.process.ask("truth", guild=guild, users=came["users"])
    return Raid(
        undecided=already + count - done["decided"] + done["waiting"],
        seconds=came["seconds"] + done["seconds"],
        looks=told["looks"] - came["looks_before"],
        peak=max(memory),
    ), done["late"]


async def _watch(process: psutil.Process, memory: list[float]) -> None:
    while True:
        memory.append(process.memory_info().rss / 1e6)
        await asyncio.sleep(0.05)


async def _settled(bot: Child) -> float:
    """Megabytes, once nothing is done any more."""
    await bot.ask("settle")
    return float(psutil.Process(bot.pid).memory_info().rss) / 1e6


def _figures(kind: str, count: int, idle: float, raids: list[Raid]) -> list[Figure]:
    undecided = sum(raid.undecided for raid in raids)
    times = ", ".join(f"{raid.seconds:.1f} s" for raid in raids)
    looks = ", ".join(str(raid.looks) for raid in raids)
    after = ", ".join(f"{raid.resident:.1f}" for raid in raids)
    growth = raids[-1].resident - raids[-2].resident
    return [
        Figure(
            "15",
            f"{kind}: raids of {count} joins over {CODES} codes: joins that stay undecided",
            "0",
            f"{undecided} (in {times}; {looks} lists)",
            undecided == 0,
            {"undecided": undecided, "slowest": max(raid.seconds for raid in raids)},
        ),
        Figure(
            "15",
            f"{kind}: resident memory after a third raid",
            f"<= {GROWTH:.0f} MB above that after the second",
            f"{growth:+.1f} MB (before {idle:.1f} MB, after them {after} MB; at most"
            f" {max(raid.peak for raid in raids):.1f} MB)",
            growth <= GROWTH,
            {"idle": idle, "last": raids[-1].resident, "growth": growth},
        ),
    ]

"""Figure 12: a job with 10,000 members, while the gateway wants its heartbeats and people their answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import attrs
import psutil  # type: ignore[import-untyped]  # a dependency of the tests, without types of its own

from bench.figures import Figure, median, ms
from bench.link import Child
from bench.places import STORES
from bench.redeem_speed import check, redeeming_bot
from bench.session import Session
from bench.town import Town, open_town

MORE = 30.0
"""Megabytes above idle."""
HEARTBEAT = 1.0
"""Seconds between two heartbeats; Discord's are 41.25 s apart."""
LATE = 0.05
"""Seconds by which a heartbeat may come later than it was to."""
SLOWEST = 0.3
"""Seconds in which a command is answered."""
COMMANDS = 20
"""At least so many commands are to be used while the job runs."""
PAUSE = 0.1
"""Seconds between two commands, and looks at the memory."""


async def measure(session: Session) -> list[Figure]:
    """Figure 12, on both stores."""
    count = 2000 if session.quick else 10_000
    figures = []
    async with open_town(session.root, 1) as town:
        await town.process.ask("prepare_game", codes=[f"FROST{kind}" for kind in STORES])
        await town.process.ask("beat", seconds=HEARTBEAT)
        for kind in STORES:
            async with redeeming_bot(session, town, kind, count) as bot:
                figures += _figures(kind, count, await _watched(town, bot, f"FROST{kind}", count))
    return figures


@attrs.frozen
class Watched:
    """What was seen of a job."""

    seconds: float
    idle: float
    """Megabytes before it."""
    memory: Sequence[float]
    """Megabytes while it ran."""
    answers: Sequence[float]
    """Seconds that commands took to be answered."""
    late: Sequence[float]
    """Seconds by which heartbeats came later than they were to."""
    hold: float
    """The longest delay of the loop, in seconds."""


async def _watched(town: Town, bot: Child, code: str, count: int) -> Watched:
    process = psutil.Process(bot.pid)
    idle = process.memory_info().rss / 1e6
    memory: list[float] = []
    answers: list[float] = []
    await town.process.ask("played")
    began = time.monotonic()
    job = asyncio.create_task(bot.ask("redeem", guild=town.places[0][0], code=code))
    while not job.done():
        await asyncio.sleep(PAUSE)
        memory.append(process.memory_info().rss / 1e6)
        answers.append((await town.process.ask("command"))["seconds"])
    done = await job
    late = (await town.process.ask("heartbeats", since=began))["late"]
    await check(town, done, count)
    return Watched(done["seconds"], idle, memory, answers, late, done["late"][0])


def _figures(kind: str, count: int, seen: Watched) -> list[Figure]:
    more = max(seen.memory) - seen.idle
    half = len(seen.memory) // 2
    later = max(seen.memory[half:]) - max(seen.memory[:half])
    late, slowest = max(seen.late), max(seen.answers)
    name = f"{kind}: a job with {count} members in {seen.seconds:.0f} s"
    return [
        Figure(
            "12",
            f"{name}: resident memory",
            f"< {MORE:.0f} MB above idle",
            f"{max(seen.memory):.1f} MB = {more:+.1f} MB (in its second half {later:+.1f} MB)",
            more < MORE,
            {"idle": seen.idle, "more": more, "second_half": later},
        ),
        Figure(
            "12",
            f"{name}: the gateway's heartbeat, every {HEARTBEAT:g} s",
            f"never later than {ms(LATE)}",
            f"{ms(late)} at most, of {len(seen.late)} (longest hold of the loop {ms(seen.hold)})",
            late <= LATE,
            {"late": late, "heartbeats": len(seen.late), "hold": seen.hold},
        ),
        Figure(
            "12",
            f"{name}: /giftcode answered",
            f"< {ms(SLOWEST)}, {COMMANDS} or more",
            f"{ms(slowest)} at most, {ms(median(seen.answers))} as a rule, of {len(seen.answers)}",
            slowest < SLOWEST and len(seen.answers) >= COMMANDS,
            {"slowest": slowest, "median": median(seen.answers), "commands": len(seen.answers)},
        ),
    ]

"""Figure 11: what of a budget of 30 calls a minute is used, on a virtual clock."""

from __future__ import annotations

import asyncio
import random

from bench.figures import Figure
from bench.session import Session
from tests.services.governing import Stage, ask_many, busiest_minute, used
from tests.virtual_time import run

PER_MINUTE = 30
ENOUGH = 0.98


async def measure(session: Session) -> list[Figure]:
    """Figure 11: one process, and three that share the budget, while work is waiting all the time."""
    calls = 600 if session.quick else 3600
    figures = []
    for processes in (1, 3):
        share, most, minutes = await asyncio.to_thread(_run, processes, calls)
        words = "one process" if processes == 1 else f"{processes} processes"
        figures.append(
            Figure(
                "11",
                f"{PER_MINUTE} calls a minute, {words}, {minutes / 60:.0f} min of work: budget used",
                f">= {ENOUGH:.0%}, at most {PER_MINUTE} calls in any minute",
                f"{share:.2%}, at most {most} calls in any minute",
                share >= ENOUGH and most <= PER_MINUTE,
                {"used": share, "busiest_minute": most},
            )
        )
    return figures


def _run(processes: int, calls: int) -> tuple[float, int, float]:
    return run(_work(processes, calls))


async def _work(processes: int, calls: int) -> tuple[float, int, float]:
    """Players of five servers are asked for; what was used, the fullest minute, and the seconds it took."""
    chance = random.Random(processes)
    stage = Stage(per_minute=PER_MINUTE)
    stage.clock.lateness = lambda: chance.uniform(0.0, 0.02)
    stage.game.latency = lambda: chance.uniform(0.1, 1.5)
    stage.store.latency = lambda: chance.uniform(0.0005, 0.02)
    governors = [stage.governor() for _ in range(processes)]
    each = calls // processes // 5
    asked = [
        task
        for number, governor in enumerate(governors)
        for guild in range(1, 6)
        for task in ask_many(governor, each, first=(number * 5 + guild) * 1_000_000, guild=guild)
    ]
    await asyncio.gather(*asked)
    for governor in governors:
        await governor.stop()
    made = stage.game.calls
    return used(made, PER_MINUTE), busiest_minute(made), made[-1].began - made[0].began

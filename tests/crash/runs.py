"""Runs of the matrix: start, die, start again, and count."""

from __future__ import annotations

import asyncio
import enum
import os
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import attrs

from giftbot.sandbox.pulse import PATIENCE
from tests.crash.cases import SCALE, Case, open_case
from tests.crash.orders import Outage, Point
from tests.crash.places import Place

Plan = TypeVar("Plan")

WIDTH = int(os.environ.get("CRASH_WIDTH", "6"))
"""Runs at once in one test process."""
FULL = bool(os.environ.get("CRASH_FULL"))
"""Whether every combination is run, not only those that differ in kind."""
NEVER_REACHED = "the point was never reached"
TRIES = 3
"""How often a run is carried out whose point was not reached; what it finds wrong otherwise counts at once."""


class Delay(enum.Enum):
    """When the bot is started again."""

    INSIDE = "inside the nonce window"
    OUTSIDE = "after the nonce window"


@attrs.frozen
class Life:
    """One start that ends at a point."""

    point: Point
    delay: Delay = Delay.INSIDE
    """How long nothing runs afterwards."""
    outages: tuple[Outage, ...] = ()
    leases_end: bool = False
    """Whether the leases run out meanwhile, however short the delay (on MongoDB nobody else ends them)."""

    def __str__(self) -> str:
        return f"{self.point}, again {self.delay.value}"


Prepare = Callable[[Case], Awaitable[None]]


@attrs.frozen
class Scenario:
    """What is to be posted."""

    name: str
    servers: int = 1
    codes: int = 1
    prepare: Prepare | None = None
    """Changes the case before the first start."""


@attrs.frozen
class Run:
    """A scenario with the lives of the bot until it is left in peace."""

    scenario: Scenario
    lives: tuple[Life, ...] = ()
    outages: tuple[Outage, ...] = ()
    """What is cut off in the last life, which nobody ends."""
    mutant: str | None = None
    scale: float = SCALE
    patience: float = PATIENCE
    """Seconds in which everything is marked in the last life."""

    def __str__(self) -> str:
        return f"{self.scenario.name}: " + "; ".join(map(str, (*self.lives, *self.outages)))


async def matrix(runs: Sequence[Run], places: Callable[[Path], Place], directory: Path) -> list[str]:
    """Carry out all runs, many at once; what went wrong, one line per run that did."""
    return await side_by_side("run", runs, lambda run, path: _carried_out(run, places(path)), directory)


async def side_by_side(
    noun: str, plans: Sequence[Plan], carry_out: Callable[[Plan, Path], Awaitable[list[str]]], directory: Path
) -> list[str]:
    """Carry out all plans, many at once and each in a directory of its own; what went wrong, a line each.

    `carry_out` says what went wrong with one. The directory of one with which nothing did is removed.
    """
    room = asyncio.Semaphore(WIDTH)

    async def guarded(number: int, plan: Plan) -> list[str]:
        async with room:
            problems: list[str] = []
            for attempt in range(TRIES):
                path = directory / f"{noun}-{number}-{attempt}"
                problems = await carry_out(plan, path)
                if not problems:
                    shutil.rmtree(path)
                if not any(NEVER_REACHED in problem for problem in problems):
                    break  # on a machine that stands still a bot may take another way than to the point: once more
            return [f"{plan}: {problem} (log: {path})" for problem in problems]

    found = await asyncio.gather(*(guarded(number, plan) for number, plan in enumerate(plans)))
    return [problem for problems in found for problem in problems]


async def _carried_out(run: Run, place: Place) -> list[str]:
    wanted = run.scenario
    async with open_case(place, servers=wanted.servers, codes=wanted.codes, scale=run.scale) as case:
        if wanted.prepare is not None:
            await wanted.prepare(case)
        for life in run.lives:
            if problem := await _lived(case, life, run.mutant):
                return [problem]
        declared = case.declared
        last = case.start(outages=run.outages, mutant=run.mutant)
        await case.ready(last, declared)
        settled = await case.settled(run.patience)
        code = await last.stopped()
        problems = await case.problems()
        if not settled:
            problems.append("not everything was marked in time")
        if code != 0:
            problems.append(f"the last start ended with exit code {code}")
        return problems


async def _lived(case: Case, life: Life, mutant: str | None) -> str | None:
    """Let one start die; what went wrong with that."""
    bot = case.start(life.point, outages=life.outages, mutant=mutant)
    code = await bot.ended()
    if code != -signal.SIGKILL:
        return f"{NEVER_REACHED} (exit code {code})"
    if life.delay is Delay.OUTSIDE:
        await case.outlive_window()
    if life.leases_end:
        await case.store.expire_leases("the tests", datetime.now(UTC))
    return None


def each(points: Iterable[Point], *delays: Delay) -> list[Life]:
    """A life that ends at each of these points, with each of these delays (all, when none is given)."""
    return [Life(point, delay) for delay in delays or tuple(Delay) for point in points]

"""Chains of deaths: a bot dies at one point after the other of the same job, and is then left in peace."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs

from giftbot.sandbox.pulse import PATIENCE
from tests.crash.errands import NEWCOMERS
from tests.crash.orders import Moment, Outage, Point
from tests.crash.places import Place
from tests.crash.rosters import RATE, SCALE, Roster, open_roster
from tests.crash.runs import NEVER_REACHED, side_by_side

ANSWER = "game.answer"
"""Not a port: the game itself keeps a call, before it carries it out or after that, until the bot was killed."""


@attrs.frozen
class Chain:
    """Points at which the bot dies, one life each; each next life gets at least as far as the one before."""

    name: str
    points: tuple[Point, ...] = ()
    servers: int = 1
    players: int = 6
    codes: int = 1
    rate: float = RATE
    outages: tuple[Outage, ...] = ()
    """What is cut off in the last life, which nobody ends."""
    errands: tuple[str, ...] = ()
    """What people ask of each bot."""
    mutant: str | None = None
    patience: float = PATIENCE
    """Seconds in which everything is done in the last life."""

    def __str__(self) -> str:
        return f"{self.name}: " + "; ".join(map(str, (*self.points, *self.outages)))

    def single(self) -> list[Chain]:
        """One chain for each point."""
        return [attrs.evolve(self, points=(point,)) for point in self.points]


async def survived(chains: Sequence[Chain], places: Callable[[Path], Place], directory: Path) -> list[str]:
    """Carry out all chains, many at once; what went wrong, a line each."""
    return await side_by_side("chain", chains, lambda chain, path: _carried_out(chain, places(path)), directory)


async def _carried_out(chain: Chain, place: Place) -> list[str]:
    size = {"servers": chain.servers, "players": chain.players, "codes": chain.codes}
    async with open_roster(place, **size, rate=chain.rate) as roster:
        if "register" in chain.errands:
            roster.players.extend(NEWCOMERS)
        for point in chain.points:
            if problem := await _died(roster, chain, point):
                return [problem]
            await roster.autopsy(str(point))
        declared = roster.case.declared
        last = roster.case.start(
            outages=chain.outages, mutant=chain.mutant, hold_scale=SCALE, errands=chain.errands
        )
        await roster.case.ready(last, declared)
        done = await roster.done(chain.patience)
        code = await last.stopped()
        problems = await roster.problems(sound=not chain.outages)
        if not done:
            problems.append("not everybody had their codes in time")
        if code != 0:
            problems.append(f"the last start ended with exit code {code}")
        return problems


async def _died(roster: Roster, chain: Chain, point: Point) -> str | None:
    """Let one start die; what went wrong with that."""
    case = roster.case
    if point.call != ANSWER:
        bot = case.start(point, mutant=chain.mutant, hold_scale=SCALE, errands=chain.errands)
        code = await bot.ended()
        return None if code == -signal.SIGKILL else f"{NEVER_REACHED}: {point} (exit code {code})"
    hold = case.sandbox.game.faults.hold(after_grant=point.moment is Moment.AFTER)
    bot = case.start(mutant=chain.mutant, hold_scale=SCALE, errands=chain.errands)
    try:
        await hold.held(timeout=PATIENCE)
    finally:
        bot.bury()
        hold.drop()
    return None

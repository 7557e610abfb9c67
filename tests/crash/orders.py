"""What a bot in a process of its own is told to do: where it runs, and where it has to die."""

from __future__ import annotations

import enum
import signal
from collections.abc import Mapping
from pathlib import Path

import attrs


class Moment(enum.StrEnum):
    """On which side of a port's call something happens."""

    BEFORE = "before"
    """Nothing of the call has happened."""
    AFTER = "after"
    """The call has returned, and nobody knows yet."""


@attrs.frozen
class Point:
    """The n-th call of one port's method, from one side."""

    call: str
    """Port and method, e.g. `store.prepare`; `sent_giftcodes.bulk_write` is a round trip inside of the store."""
    moment: Moment
    nth: int = 1
    signal: int = signal.SIGKILL
    """What the process sends to itself there."""

    def __str__(self) -> str:
        number = f" #{self.nth}" if self.nth > 1 else ""
        return f"{self.moment} {self.call}{number}"


@attrs.frozen
class Outage:
    """Calls of one port's method that fail as they do when the store is out of reach."""

    call: str
    moment: Moment
    """BEFORE: nothing happens. AFTER: it happens, and the answer is lost."""
    times: int | None = None
    """How often; None for ever."""

    def __str__(self) -> str:
        return (
            f"{self.call} {'never happens' if self.moment is Moment.BEFORE else 'happens, and its answer is lost'}"
        )


@attrs.frozen
class Orders:
    """One start of the bot."""

    environ: Mapping[str, str]
    """The settings."""
    directory: Path
    """Where it works; its log lies here."""
    scale: float
    point: Point | None = None
    outages: tuple[Outage, ...] = ()
    mutant: str | None = None
    """A guard that is broken on purpose; see `tests.crash.mutants`."""
    hold_scale: float = 1.0
    """How much shorter than in production players are held, so that those whom the dead held are soon free."""
    errands: tuple[str, ...] = ()
    """What people ask of this bot as soon as it runs; see `tests.crash.errands`."""

    @property
    def log(self) -> Path:
        """Standard output and error of all starts in this directory."""
        return self.directory / "bot.log"

    @property
    def trace(self) -> Path:
        """When (monotonic) the last start in this directory let go of which player, a line each."""
        return self.directory / "released"


def around(*calls: str, nth: int = 1) -> tuple[Point, ...]:
    """The points before and after each of these calls."""
    return tuple(Point(call, moment, nth) for call in calls for moment in Moment)

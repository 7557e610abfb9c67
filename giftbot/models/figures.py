"""How many there were of what, day by day: counted in the background, so that figures over all cost nothing."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import attrs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class FigureKind(enum.StrEnum):
    """What is counted."""

    SENT = "sent"
    """Codes that were sent, a server each; by the day on which, and by source."""
    REDEEMED = "redeemed"
    """Redemptions by the day of their last answer, and by outcome."""
    JOBS = "jobs"
    """Jobs by state, of no day."""
    SERVERS = "servers"
    """Servers as `ServerCounts` has them, of no day."""


DAILY = (FigureKind.SENT, FigureKind.REDEEMED)
"""Kinds that have days; the others are counted anew each time."""


@attrs.frozen
class DailyFigure:
    """One number."""

    kind: FigureKind
    day: int | None
    """Days since 1970 in UTC; None for what nobody knows the day of, and for kinds without days."""
    name: str
    """The source, outcome, state or count."""
    count: int

    @property
    def figure_id(self) -> str:
        """The id of its row."""
        return f"{self.kind.value}:{'' if self.day is None else self.day}:{self.name}"


@attrs.frozen
class Recount:
    """What a store counted."""

    figures: Sequence[DailyFigure]
    least: Mapping[FigureKind, int]
    """All rows of the kinds with days, before this was counted."""
    most: Mapping[FigureKind, int]
    """And after it: others may have written meanwhile."""


@attrs.frozen
class Rollup:
    """All figures, as they were at one moment."""

    figures: tuple[DailyFigure, ...]
    counted_at: datetime
    mark: str = ""
    """Differs once something may have moved between days that were counted long ago."""

    def total(self, kind: FigureKind, name: str | None = None) -> int:
        """All of a kind, or of one name."""
        return sum(one.count for one in self.figures if one.kind is kind and name in {None, one.name})

    def between(self, kind: FigureKind, first: int, end: int) -> int:
        """All of a kind on the days from the first up to the end, which is not among them."""
        days = range(first, end)
        return sum(
            one.count for one in self.figures if one.kind is kind and one.day is not None and one.day in days
        )


def day_of(moment: datetime) -> int:
    """The day of a moment."""
    return (moment - _EPOCH) // timedelta(days=1)


def midnight(day: int) -> datetime:
    """The moment at which a day begins."""
    return _EPOCH + timedelta(days=day)

"""Figures of one server, from its sent rows; and the rows of figures over all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from giftbot.models.figures import DailyFigure, FigureKind, Rollup
from giftbot.models.ids import CodeKey
from giftbot.models.statistics import GuildStatistics
from giftbot.stores.documents import read_moment

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)


def summarise(rows: Iterable[tuple[CodeKey, str, datetime | None]], now: datetime) -> GuildStatistics:
    """The statistics of sent rows given as (code, source, sent_at)."""
    known = list(rows)
    dated = sorted((sent_at, code) for code, _, sent_at in known if sent_at is not None)

    def since(age: timedelta) -> int:
        return sum(sent_at > now - age for sent_at, _ in dated)

    return GuildStatistics(
        total_codes=len(known),
        last_sent_at=dated[-1][0] if dated else None,
        last_code=dated[-1][1] if dated else None,
        sources=tuple(sorted({source for _, source, _ in known})),
        day=since(DAY),
        week=since(WEEK),
        month=since(MONTH),
    )


_KINDS = {kind.value: kind for kind in FigureKind}
REFRESHED = "refreshed"
"""The row that says when the others were counted, in milliseconds, and under which mark."""


def figure_of(row: Sequence[object]) -> DailyFigure | None:
    """The figure in kind, day, name and count; None when it is of a later version."""
    kind, day, name, count = row
    known = _KINDS.get(str(kind))
    if known is None or not isinstance(count, int):
        return None
    return DailyFigure(known, int(day) if isinstance(day, int | float) else None, str(name), int(count))


def rollup_of(rows: Iterable[Sequence[object]]) -> Rollup | None:
    """All figures in rows; None when nothing was ever counted to the end."""
    found = list(rows)
    refreshed = next((row for row in found if row[0] == REFRESHED), None)
    counted_at = None if refreshed is None else read_moment(refreshed[3])
    if refreshed is None or counted_at is None:
        return None
    figures = tuple(one for one in map(figure_of, found) if one is not None)
    return Rollup(figures, counted_at, str(refreshed[2]))

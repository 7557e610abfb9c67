"""Figures of one server, from its sent rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from giftbot.models.ids import CodeKey
from giftbot.models.statistics import GuildStatistics

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

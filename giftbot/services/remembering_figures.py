"""What figures over everything need of a store; part of `giftbot.services.ports`.

The rules of `giftbot.services.remembering` hold here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from giftbot.models.figures import DailyFigure, Recount, Rollup
from giftbot.models.ids import CodeKey


class FiguresStore(Protocol):
    """Numbers that were counted before (`daily_figures`), and the counting."""

    async def load_figures(self) -> Rollup | None:
        """All of them; None when nothing was ever counted. One round trip."""
        ...

    async def save_figures(
        self, changed: Sequence[DailyFigure], removed: Sequence[DailyFigure], *, counted_at: datetime, mark: str
    ) -> None:
        """Insert or replace some, and remove others; the moment and the mark last."""
        ...

    async def recount(self, since: datetime | None) -> Recount:
        """Count what was sent and redeemed from this moment on, or ever, and jobs; besides, all rows there are.

        It may take seconds, in which nothing else waits for it.
        """
        ...

    async def count_sent(self, after: datetime, until: datetime | None = None) -> int:
        """How many codes were sent after a moment, and before another; exactly, from an index."""
        ...

    async def last_sent(self) -> list[tuple[datetime, CodeKey, str]]:
        """For each source: when something of it was sent last, which code, and its name. From an index."""
        ...

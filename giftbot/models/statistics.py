"""Figures that people are shown."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.models.ids import CodeKey


@attrs.frozen
class GuildStatistics:
    """What was sent. Of a server without posts: 0, None, None, ()."""

    total_codes: int = 0
    last_sent_at: datetime | None = None
    last_code: CodeKey | None = None
    sources: tuple[str, ...] = ()
    """The origins of its announcements, sorted."""
    day: int = 0
    """Codes sent in the last 24 hours."""
    week: int = 0
    """Codes sent in the last 7 days."""
    month: int = 0
    """Codes sent in the last 30 days."""


@attrs.frozen
class OutboxCounts:
    """The work that is open."""

    pending: int = 0
    claimed: int = 0
    unknown: int = 0
    failed: int = 0
    oldest_due_at: datetime | None = None

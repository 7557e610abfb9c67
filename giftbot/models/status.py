"""How the bot is, at one moment."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.pace import Pace
from giftbot.models.source import SourceHealth
from giftbot.models.statistics import OutboxCounts


@attrs.frozen
class StatusReport:
    """The state of the bot, and of one server."""

    store: str
    """What keeps the data, e.g. `SQLite`."""
    problem: str | None
    """Why the store or posting does not work at present; None while all is well."""
    sources: tuple[SourceHealth, ...]
    last_check_at: datetime | None
    outbox: OutboxCounts
    """The open work of this server."""
    guild: GuildSettings
    pace: Pace
    """How the game is asked."""

"""How fast a game is asked at present, and why not faster."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs


class BreakerState(enum.StrEnum):
    """Whether the game seems to work."""

    CLOSED = "closed"
    """It does."""
    OPEN = "open"
    """It does not; nobody is asked until the next canary."""
    PROBING = "probing"
    """One call, the canary, is finding out."""


@attrs.frozen
class Pace:
    """What a status page shows of the governor."""

    per_minute: float
    """The configured budget in calls a minute; 0 is off."""
    rate: float
    """Calls a minute at present; below `per_minute` after the game asked for less."""
    waiting: int
    """Calls that wait for their turn in this process."""
    in_flight: int
    """Calls that have their turn and are not over."""
    paused_until: datetime | None
    """No call before this moment, because the game said so; None when there is no such moment to come."""
    breaker: BreakerState
    canary_at: datetime | None
    """When the next canary may be sent; None unless the breaker is open."""
    halted: str | None
    """Why nobody is asked at all, as a sentence for people; None when that is not so."""
    store_away: str | None
    """Why the store keeps everybody waiting, as a sentence; None when it does not."""

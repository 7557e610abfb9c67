"""The arithmetic of a game's budget, the same in every store."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import attrs

from giftbot.models.budget import Budget

SLOWEST = 1.0
"""Calls a minute below which `slow_down` does not go."""
MINUTE_MS = 60_000


def taken(known: Budget | None, now: datetime, *, per_minute: float, earned: float) -> Budget:
    """The budget after its next moment was given out."""
    if known is None:
        return Budget(slot=now, rate=per_minute)
    rate = min(per_minute, known.rate + earned)
    # Whole milliseconds, upwards: rounded down, a minute would hold a call too many.
    slot = max(now, known.slot + timedelta(milliseconds=math.ceil(MINUTE_MS / rate)))
    return attrs.evolve(
        known, rate=rate, slot=slot if known.paused_until is None else max(slot, known.paused_until)
    )


def slowed(known: Budget | None, now: datetime, *, until: datetime) -> Budget:
    """The budget after the game asked for less. One that was never used begins at the slowest rate."""
    if known is None:
        return Budget(slot=now, rate=SLOWEST, paused_until=until)
    paused_until = until if known.paused_until is None else max(until, known.paused_until)
    rate = known.rate if known.rate < SLOWEST else max(SLOWEST, known.rate / 2)
    return attrs.evolve(known, rate=rate, paused_until=paused_until)

"""How fast a game may be asked: one row for all processes."""

from __future__ import annotations

from datetime import datetime

import attrs


@attrs.frozen
class Budget:
    """A row of `leases` for one game."""

    slot: datetime
    """The last moment that was given out; the next one is `60 / rate` seconds later, or now."""
    rate: float
    """Calls a minute at present; below the configured budget after the game asked for less."""
    paused_until: datetime | None = None
    """No call before this moment, because the game said so."""

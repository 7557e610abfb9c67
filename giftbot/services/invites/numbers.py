"""The numbers of events: given out before any await, unique among processes, rising across starts."""

from __future__ import annotations

import random

from giftbot.services.ports import Clock

_STEP = 1024
"""The lower part tells processes apart that hear the same at the same microsecond."""


class Numbers:
    """Gives them out."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._salt = random.randrange(_STEP)
        self._last = 0

    @property
    def last(self) -> int:
        """The highest that was given out."""
        return self._last

    def skip(self, seq: int) -> None:
        """Give out only higher ones than this from now on, which another process or another time gave out."""
        base = seq // _STEP * _STEP + self._salt
        self._last = max(self._last, base if base >= seq else base + _STEP)

    def next(self) -> int:
        """The next one: microseconds since 1970, and which process."""
        moment = int(self._clock.now().timestamp() * 1_000_000) * _STEP + self._salt
        self._last = max(self._last + _STEP, moment)
        return self._last

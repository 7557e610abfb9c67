"""The circuit breaker: a game that seems broken is left alone, but for one call now and then that finds out."""

from __future__ import annotations

import math

from giftbot.models.pace import BreakerState
from giftbot.services.ports import Clock

BROKEN = 5
"""So many broken answers in a row open it."""
FIRST_PAUSE = 30.0
"""Seconds until the first canary."""
LONGEST_PAUSE = 600.0
"""Seconds: the pause doubles with each canary that fails, up to this."""


class Breaker:
    """Counts broken answers, and says who may call. Knows nothing of waiting."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._broken = 0
        self._pause = FIRST_PAUSE
        self._canary_at = 0.0
        self.state = BreakerState.CLOSED

    @property
    def is_closed(self) -> bool:
        """Whether the game seems to work."""
        return self.state is BreakerState.CLOSED

    @property
    def wait(self) -> float:
        """Seconds until a call may begin: 0 when it may now, infinite while a canary is on its way."""
        if self.state is BreakerState.PROBING:
            return math.inf
        return 0.0 if self.is_closed else max(0.0, self._canary_at - self._clock.monotonic())

    def begin(self) -> bool:
        """Note that a call is let go, because `wait` is 0; whether it is the canary."""
        if self.state is BreakerState.OPEN:
            self.state = BreakerState.PROBING
        return self.state is BreakerState.PROBING

    def abandon(self) -> None:
        """Note that the canary ended without an answer: the next call may be it."""
        self.state = BreakerState.OPEN

    def judge(self, *, broken: bool, canary: bool) -> BreakerState | None:
        """Learn from an answer; the new state if it opened (again) or closed.

        While it is not closed only the canary's answer counts: others were asked before.
        """
        if canary:
            return self._open(min(self._pause * 2, LONGEST_PAUSE)) if broken else self._close()
        if not self.is_closed:
            return None
        self._broken = self._broken + 1 if broken else 0
        return self._open(FIRST_PAUSE) if self._broken >= BROKEN else None

    def _open(self, pause: float) -> BreakerState:
        self._pause = pause
        self._canary_at = self._clock.monotonic() + pause
        self.state = BreakerState.OPEN
        return self.state

    def _close(self) -> BreakerState:
        self._broken = 0
        self.state = BreakerState.CLOSED
        return self.state

"""How often one person may ask for something that costs all others."""

from __future__ import annotations

import math
from collections import deque

from giftbot.errors import UserError
from giftbot.models.ids import UserId
from giftbot.services.ports import Clock
from giftbot.text import players as texts

_REMEMBERED = 10_000


class Allowance:
    """Lets each person pass so many times in any span of time; remembered in this process only."""

    def __init__(self, clock: Clock, *, times: int, seconds: float) -> None:
        self._clock = clock
        self._times = times
        self._seconds = seconds
        self._passed: dict[UserId, deque[float]] = {}

    def pass_or_refuse(self, user_id: UserId) -> None:
        """Note a request. Raises `UserError` that says how long to wait, when there were too many."""
        now = self._clock.monotonic()
        if len(self._passed) >= _REMEMBERED:
            self._passed.clear()
        passed = self._passed.setdefault(user_id, deque(maxlen=self._times))
        if len(passed) == self._times and now < passed[0] + self._seconds:
            raise UserError(texts.too_many_players_at_once(math.ceil(passed[0] + self._seconds - now)))
        passed.append(now)

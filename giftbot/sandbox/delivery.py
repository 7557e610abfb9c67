"""The way of an event from Discord to a session: it takes its time, and not every event arrives once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable

import attrs

_Lane = tuple[str, str]
"""A session and a kind of event, or all kinds."""

_KIND = {"GUILD_CREATE": "guild", "GUILD_DELETE": "guild"}
"""Kinds of events that never overtake each other."""


@attrs.define
class _Rule:
    event: str
    low: float
    high: float


class Delivery:
    """How events travel. Nothing is set at first: each arrives at once, in order, and once.

    An event that is under way is lost if its session is forgotten meanwhile, and kept for RESUME if it is not.
    """

    def __init__(self) -> None:
        self.in_order = True
        """Whether a session gets its events in the order in which things happened; else only those of one kind."""

        self.random = random.Random(0)
        self._lags: dict[str, _Rule] = {}
        self._drops: dict[str, int] = {}
        self._copies: dict[str, tuple[int, float]] = {}
        self._queues: dict[_Lane, deque[tuple[float, Callable[[], None]]]] = {}
        self._timers: dict[_Lane, asyncio.TimerHandle] = {}
        self._later: set[asyncio.TimerHandle] = set()

    @property
    def under_way(self) -> int:
        """How many events have not arrived yet."""
        return sum(len(queue) for queue in self._queues.values()) + len(self._later)

    def lag(self, event: str, low: float, high: float | None = None) -> None:
        """Let events of a kind, or with "*" of all others, take between so many seconds; 0 takes it back."""
        self._lags[event] = _Rule(event, low, low if high is None else high)

    def drop(self, event: str, times: int = 1) -> None:
        """Lose the next events of a kind."""
        self._drops[event] = times

    def duplicate(self, event: str, times: int = 1, *, after: float = 0.0) -> None:
        """Send the next events of a kind a second time, so many seconds after the first."""
        self._copies[event] = (times, after)

    def lost(self, event: str) -> bool:
        """Say whether an event is lost, and count it."""
        left = self._drops.get(event, 0)
        self._drops[event] = max(0, left - 1)
        return left > 0

    def copies(self, event: str) -> list[float]:
        """Return after how many seconds an event is sent again, and count it."""
        left, after = self._copies.get(event, (0, 0.0))
        self._copies[event] = (max(0, left - 1), after)
        return [after] if left > 0 else []

    def carry(self, session: str, event: str, deliver: Callable[[], None]) -> None:
        """Deliver an event to a session when its time has come."""
        rule = self._lags.get(event) or self._lags.get("*")
        lane = (session, "" if self.in_order else _KIND.get(event, event))
        queue = self._queues.get(lane)
        if not queue and (rule is None or rule.high <= 0):
            deliver()
            return
        if queue is None:
            queue = self._queues[lane] = deque()
        seconds = self.random.uniform(rule.low, rule.high) if rule is not None else 0.0
        queue.append((time.monotonic() + seconds, deliver))  # the first in the queue holds up those behind it
        if lane not in self._timers:
            self._wait(lane)

    def carry_later(self, seconds: float, session: str, event: str, deliver: Callable[[], None]) -> None:
        """Let an event set out in so many seconds."""
        if seconds <= 0:
            self.carry(session, event, deliver)
            return

        def set_out() -> None:
            self._later.discard(handle)
            self.carry(session, event, deliver)

        handle = asyncio.get_running_loop().call_later(seconds, set_out)
        self._later.add(handle)

    def calm(self) -> None:
        """Take every lag, loss and copy back; what is under way still arrives in its time."""
        self._lags.clear()
        self._drops.clear()
        self._copies.clear()

    def close(self) -> None:
        """Forget what is under way."""
        for handle in (*self._timers.values(), *self._later):
            handle.cancel()
        self._timers.clear()
        self._later.clear()
        self._queues.clear()

    def _wait(self, lane: _Lane) -> None:
        seconds = max(0.0, self._queues[lane][0][0] - time.monotonic())
        self._timers[lane] = asyncio.get_running_loop().call_later(seconds, self._arrive, lane)

    def _arrive(self, lane: _Lane) -> None:
        queue = self._queues[lane]
        del self._timers[lane]
        while queue and queue[0][0] <= time.monotonic():
            queue.popleft()[1]()
        if queue:
            self._wait(lane)
        else:
            del self._queues[lane]

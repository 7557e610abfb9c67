"""How long REST calls take, and at which moment of that time they are carried out."""

from __future__ import annotations

import random

import attrs


@attrs.frozen
class _Rule:
    method: str | None
    route: str | None
    low: float
    high: float
    first: float
    last: float


class Latency:
    """The time that requests take on their way; none at first."""

    def __init__(self) -> None:
        self.random = random.Random(0)
        self._rules: list[_Rule] = []

    def add(
        self,
        low: float,
        high: float | None = None,
        *,
        method: str | None = None,
        route: str | None = None,
        at: float | tuple[float, float] = 0.5,
    ) -> None:
        """Let requests of a route, or all of them, take between so many seconds.

        `at` is the share of that time after which the request is carried out, 0 to 1, or the range it is drawn
        from: what happens later is not in the answer. The latest rule for a request is the one that counts.
        """
        first, last = at if isinstance(at, tuple) else (at, at)
        self._rules.insert(0, _Rule(method, route, low, low if high is None else high, first, last))

    def clear(self) -> None:
        """Let requests take no time again."""
        self._rules.clear()

    def draw(self, method: str, route: str) -> tuple[float, float]:
        """Return how many seconds pass before a request is carried out, and after it."""
        for rule in self._rules:
            if rule.method in {None, method} and rule.route in {None, route}:
                whole = self.random.uniform(rule.low, rule.high)
                before = whole * self.random.uniform(rule.first, rule.last)
                return before, whole - before
        return 0.0, 0.0

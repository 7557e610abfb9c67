"""Rate limits: the headers of every answer, and the refusals with status 429.

Source: https://docs.discord.com/developers/topics/rate-limits
"""

from __future__ import annotations

import hashlib
import time

import attrs

Headers = dict[str, str]

_PER_CHANNEL_ROUTE = ("POST", "/channels/{channel_id}/messages")
_MAJOR = ("channel_id", "guild_id", "webhook_id", "interaction_token", "webhook_token")


@attrs.frozen
class Limits:
    """How much the sandbox takes before it refuses."""

    per_channel: tuple[int, float] = (5, 5.0)
    """Messages created per channel, and the period in seconds."""

    per_route: tuple[int, float] = (50, 1.0)
    """Requests on every other route and major parameter, and the period in seconds."""

    global_per_second: int = 50
    """Requests per second over all routes except those of interactions."""

    storm: int = 25
    """Refusals within ten seconds that count as a finding: the client does not wait."""

    @classmethod
    def none(cls) -> Limits:
        """Headers are sent, nothing ever binds: for benchmarks."""
        return cls((1_000_000, 1.0), (1_000_000, 1.0), 1_000_000_000)


@attrs.frozen
class Refused:
    """A request is over a limit."""

    retry_after: float
    """Seconds."""

    headers: Headers
    whole_bot: bool
    """The limit is the bot's, not the route's."""

    storm: bool
    """This refusal is the first above `Limits.storm` within ten seconds."""


@attrs.define
class _Window:
    start: float
    used: int = 0


class RateLimiter:
    """Counts requests in fixed windows: one per route and major parameter, and one for the whole bot."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.refusals = 0
        self._windows: dict[tuple[str, str], _Window] = {}
        self._hashes: dict[tuple[str, str], str] = {}
        self._global = _Window(0.0)
        self._storm = _Window(0.0)

    def take(self, method: str, route: str, params: dict[str, str], *, exempt: bool) -> Headers | Refused:
        """Count one request; return the headers of its answer, or the refusal."""
        now = time.monotonic()
        if not exempt and (wait := self._over_global(now)) is not None:
            return self._refuse(wait, {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}, now)
        limit, period = self.limits.per_channel if (method, route) == _PER_CHANNEL_ROUTE else self.limits.per_route
        bucket = self._hash(method, route)
        key = (bucket, "/".join(params[name] for name in _MAJOR if name in params))
        window = self._windows.get(key)
        if window is None or now - window.start >= period:
            window = self._windows[key] = _Window(now)
        window.used += 1
        reset_after = max(0.001, window.start + period - now)
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.used)),
            "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": bucket,
        }
        if exempt:
            return {}  # hikari knows no bucket for answers to interactions, and complains about one
        if window.used > limit:
            return self._refuse(reset_after, {**headers, "X-RateLimit-Scope": "user"}, now)
        return headers

    def _hash(self, method: str, route: str) -> str:
        key = (method, route)
        if key not in self._hashes:
            self._hashes[key] = hashlib.sha256(f"{method} {route}".encode()).hexdigest()[:32]
        return self._hashes[key]

    def _over_global(self, now: float) -> float | None:
        if now - self._global.start >= 1.0:
            self._global = _Window(now)
        self._global.used += 1
        return self._global.start + 1.0 - now if self._global.used > self.limits.global_per_second else None

    def _refuse(self, retry_after: float, headers: Headers, now: float) -> Refused:
        self.refusals += 1
        if now - self._storm.start >= 10.0:
            self._storm = _Window(now)
        self._storm.used += 1
        storm = self._storm.used == self.limits.storm + 1
        headers = {**headers, "Retry-After": str(int(retry_after) + 1)}
        return Refused(round(retry_after, 3), headers, "X-RateLimit-Global" in headers, storm)

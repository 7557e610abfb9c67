"""The log of what the bot has asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

import attrs

from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import PATIENCE, Pulse


@attrs.frozen
class Request:
    """One request as it was received, and the status it was answered with."""

    method: str
    path: str
    """Below the API's base, with ids."""

    route: str
    """The path with the names of the parameters instead of ids; the path itself if unknown."""

    at: float
    """Monotonic seconds."""

    status: int
    """0 if the connection was dropped without an answer."""

    body: Payload | list[Payload] | None = None


class RequestLog:
    """All requests so far, oldest first."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._requests: list[Request] = []
        self.invalid = 0
        """Requests that count towards Discord's ban: 401, 403 and 429."""

    def add(self, request: Request) -> None:
        """Note a request."""
        self._requests.append(request)
        if request.status in {401, 403, 429}:
            self.invalid += 1
        self._pulse.beat()

    def clear(self) -> None:
        """Forget everything."""
        self._requests.clear()
        self.invalid = 0

    def __iter__(self) -> Iterator[Request]:
        return iter(tuple(self._requests))

    def __len__(self) -> int:
        return len(self._requests)

    def of(
        self, *, method: str | None = None, route: str | None = None, status: int | None = None
    ) -> list[Request]:
        """Return the requests that match everything given."""
        return [
            one
            for one in self._requests
            if (method is None or one.method == method)
            and (route is None or one.route == route)
            and (status is None or one.status == status)
        ]

    def count(self, *, method: str | None = None, route: str | None = None, status: int | None = None) -> int:
        """Count the requests that match everything given."""
        return len(self.of(method=method, route=route, status=status))

    def peak(self, window: float = 1.0, *, route: str | None = None) -> int:
        """Return the highest number of requests inside any `window` seconds."""
        moments = [one.at for one in self.of(route=route)]
        return max((index + 1 - bisect_left(moments, at - window) for index, at in enumerate(moments)), default=0)

    async def wait(
        self,
        count: int = 1,
        *,
        method: str | None = None,
        route: str | None = None,
        status: int | None = None,
        timeout: float = PATIENCE,
    ) -> list[Request]:
        """Wait until so many matching requests have been answered, and return them."""
        await self._pulse.until(
            lambda: self.count(method=method, route=route, status=status) >= count,
            timeout=timeout,
            what=f"{count} requests {method or ''} {route or ''} {status or ''}".rstrip(),
        )
        return self.of(method=method, route=route, status=status)

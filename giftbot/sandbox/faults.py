"""Faults on demand: what can go wrong between the bot and Discord, one request at a time."""

from __future__ import annotations

import enum
import random
import re
from collections.abc import Callable

import attrs

from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import PATIENCE, Pulse

Where = Callable[[Payload], bool]
"""Says from the request's body whether a fault concerns it."""


class FaultKind(enum.Enum):
    """What happens to a request."""

    STATUS = "status"
    """It is answered with a status; with `after_store` after it has been carried out."""

    DROP = "drop"
    """The connection is cut; with `after_store` after it has been carried out."""

    DELAY = "delay"
    """It waits before it is carried out; with `after_store` the answer waits."""

    TRUNCATE = "truncate"
    """It is carried out, and the answer ends in the middle of its body."""

    NOT_JSON = "not json"
    """It is carried out, and the answer is a web page with status 200."""

    RATE_LIMIT = "rate limit"
    """It is refused with 429 in the given scope."""


@attrs.define(eq=False, kw_only=True)
class Fault:
    """One fault and which requests it concerns."""

    kind: FaultKind
    method: str | None
    route: str | re.Pattern[str] | None
    times: int | None
    after_store: bool
    status: int
    code: int
    body: str | bytes | Payload | None
    content_type: str
    delay: float
    scope: str
    retry_after: float | None
    where: Where | None
    probability: float
    hits: int = 0
    """How often it has struck."""


@attrs.define(eq=False, kw_only=True)
class Hold:
    """Requests that are kept waiting until the test lets them go."""

    method: str | None
    route: str | re.Pattern[str] | None
    after_store: bool
    where: Where | None
    pulse: Pulse
    arrived: int = 0
    dropping: bool = False
    released: bool = False

    async def held(self, count: int = 1, timeout: float = PATIENCE) -> None:
        """Wait until so many requests are being held."""
        await self.pulse.until(lambda: self.arrived >= count, timeout=timeout, what=f"{count} held requests")

    def release(self) -> None:
        """Let the held requests, and all later ones, go on."""
        self.released = True
        self.pulse.beat()

    def drop(self) -> None:
        """Cut the connections of the held requests; what was not carried out never will be."""
        self.dropping = True
        self.release()

    async def keep(self) -> None:
        """Keep one request until it is released."""
        self.arrived += 1
        self.pulse.beat()
        await self.pulse.until(lambda: self.released, timeout=3600.0, what="the release of a held request")


class Faults:
    """The faults that are armed at present."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._faults: list[Fault] = []
        self._holds: list[Hold] = []
        self.random = random.Random(0)

    def seed(self, seed: int) -> None:
        """Make the faults that have a probability reproducible."""
        self.random.seed(seed)

    def add(
        self,
        *,
        kind: FaultKind,
        method: str | None = None,
        route: str | re.Pattern[str] | None = None,
        times: int | None = 1,
        after_store: bool = False,
        status: int = 500,
        code: int = 0,
        body: str | bytes | Payload | None = None,
        content_type: str = "text/html",
        delay: float = 0.0,
        scope: str = "user",
        retry_after: float | None = 0.5,
        where: Where | None = None,
        probability: float = 1.0,
    ) -> Fault:
        """Arm a fault for `times` requests, or with None until it is removed.

        `route` is a template or a regular expression for paths; a dict as `body` is sent as JSON. A rate limit
        whose `retry_after` is None has neither header nor JSON, as Cloudflare's.
        """
        fault = Fault(
            kind=kind,
            method=method,
            route=route,
            times=times,
            after_store=after_store,
            status=status,
            code=code,
            body=body,
            content_type=content_type,
            delay=delay,
            scope=scope,
            retry_after=retry_after,
            where=where,
            probability=probability,
        )
        self._faults.append(fault)
        return fault

    def hold(
        self,
        route: str | re.Pattern[str] | None = None,
        *,
        method: str | None = None,
        after_store: bool = False,
        where: Where | None = None,
    ) -> Hold:
        """Keep matching requests waiting, before or after they are carried out."""
        hold = Hold(method=method, route=route, after_store=after_store, where=where, pulse=self._pulse)
        self._holds.append(hold)
        return hold

    def remove(self, fault: Fault) -> None:
        """Disarm a fault."""
        if fault in self._faults:
            self._faults.remove(fault)

    def clear(self) -> None:
        """Disarm everything and release what is held."""
        self._faults.clear()
        for hold in self._holds:
            hold.release()
        self._holds.clear()

    @property
    def armed(self) -> bool:
        """Whether anything is armed; the common path asks nothing more."""
        return bool(self._faults or self._holds)

    def take(self, method: str, route: str, path: str, body: object) -> Fault | None:
        """Return the first armed fault for a request and count it."""
        for fault in self._faults:
            if not _concerns(fault, method, route, path, body):
                continue
            if fault.probability < 1.0 and self.random.random() >= fault.probability:
                continue
            fault.hits += 1
            if fault.times is not None and fault.hits >= fault.times:
                self._faults.remove(fault)
            return fault
        return None

    def held(self, method: str, route: str, path: str, body: object) -> Hold | None:
        """Return the hold that concerns a request."""
        for hold in self._holds:
            if not hold.released and _concerns(hold, method, route, path, body):
                return hold
        return None


def _concerns(rule: Fault | Hold, method: str, route: str, path: str, body: object) -> bool:
    if rule.method is not None and rule.method != method:
        return False
    if isinstance(rule.route, re.Pattern):
        if rule.route.search(path) is None:
            return False
    elif rule.route is not None and rule.route != route:
        return False
    return rule.where is None or (isinstance(body, dict) and rule.where(body))

"""What can go wrong with the sandbox's game, one call at a time."""

from __future__ import annotations

import math

from aiohttp import web

from giftbot.sandbox.faults import Fault, FaultKind, Faults, Hold, Where
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.pulse import Pulse

SITE_PAGE = "<!DOCTYPE html><html><body><h1>We will be back soon</h1></body></html>"
Form = dict[str, str]


class GameFaults:
    """The faults that are armed at present. `times=None` is until they are cleared."""

    def __init__(self, pulse: Pulse) -> None:
        self._faults = Faults(pulse)

    def fail(
        self,
        status: int = 503,
        *,
        times: int | None = 1,
        after_grant: bool = False,
        retry_after: float | None = None,
        player_id: object = None,
        code: str | None = None,
    ) -> Fault:
        """Answer with a status and a page; with `after_grant` once the call was carried out."""
        kind = FaultKind.RATE_LIMIT if status == 429 else FaultKind.STATUS
        return self._faults.add(
            kind=kind,
            status=status,
            times=times,
            after_store=after_grant,
            retry_after=retry_after,
            where=_concerning(player_id, code),
        )

    def throttle(self, retry_after: float | None = 1.0, *, times: int | None = 1) -> Fault:
        """Refuse with 429, with or without the header Retry-After (seconds)."""
        return self.fail(429, times=times, retry_after=retry_after)

    def garbage(
        self,
        body: str | bytes = SITE_PAGE,
        content_type: str = "text/html",
        *,
        times: int | None = 1,
        after_grant: bool = False,
        player_id: object = None,
        code: str | None = None,
    ) -> Fault:
        """Answer with status 200 and this instead of JSON: a web page, nothing, half a document."""
        return self._faults.add(
            kind=FaultKind.NOT_JSON,
            body=body,
            content_type=content_type,
            times=times,
            after_store=after_grant,
            where=_concerning(player_id, code),
        )

    def drop(
        self,
        *,
        times: int | None = 1,
        after_grant: bool = False,
        player_id: object = None,
        code: str | None = None,
    ) -> Fault:
        """Cut the connection; with `after_grant` once the call was carried out, so that its answer is lost."""
        return self._faults.add(
            kind=FaultKind.DROP, times=times, after_store=after_grant, where=_concerning(player_id, code)
        )

    def lose(self, *, times: int | None = 1, player_id: object = None, code: str | None = None) -> Fault:
        """Carry calls out and lose their answers."""
        return self.drop(times=times, after_grant=True, player_id=player_id, code=code)

    def hold(self, *, after_grant: bool = False, player_id: object = None, code: str | None = None) -> Hold:
        """Keep calls waiting, before or after they are carried out, until they are released or dropped.

        After killing whoever asks, drop: what is released may be written, and count as told, before the game
        notices that nobody is there any more.
        """
        return self._faults.hold(after_store=after_grant, where=_concerning(player_id, code))

    def clear(self) -> None:
        """Disarm everything and release what is held."""
        self._faults.clear()

    def next(self, form: Form) -> Fault | None:
        """The fault of this call, counted."""
        return self._faults.take("POST", "", "", form) if self._faults.armed else None

    async def keep(self, request: web.Request, form: Form, *, after_grant: bool) -> None:
        """Wait as long as this call is held. Raises `ConnectionError` when it was let go by cutting it off."""
        hold = self._faults.held("POST", "", "", form) if self._faults.armed else None
        if hold is not None and hold.after_store == after_grant:
            await hold.keep()
            if hold.dropping:
                raise _cut(request)


def broken(request: web.Request, fault: Fault) -> web.Response:
    """The answer that a fault gives. Raises `ConnectionError` when it gives none."""
    if fault.kind is FaultKind.DROP:
        raise _cut(request)
    if fault.kind is FaultKind.NOT_JSON:
        return web.Response(body=fault.body, content_type=fault.content_type)
    pause = {} if fault.retry_after is None else {"Retry-After": str(math.ceil(fault.retry_after))}
    return web.Response(status=fault.status, text=SITE_PAGE, content_type="text/html", headers=pause)


def _cut(request: web.Request) -> ConnectionError:
    if request.transport is not None:
        request.transport.abort()
    return ConnectionResetError("cut off on purpose")


def _concerning(player_id: object, code: str | None) -> Where | None:
    if player_id is None and code is None:
        return None

    def concerns(form: Payload) -> bool:
        return (player_id is None or form.get("fid") == str(player_id)) and (
            code is None or form.get("cdk") == code
        )

    return concerns

"""The REST side: every request passes faults, token, limits and the OpenAPI check on its way to its function."""

from __future__ import annotations

import asyncio
import json
import re
import time
from urllib.parse import unquote

import attrs
from aiohttp import web

from giftbot.sandbox import refusals, routes
from giftbot.sandbox.faults import Fault, FaultKind, Faults
from giftbot.sandbox.latency import Latency
from giftbot.sandbox.limits import Headers, Limits, RateLimiter, Refused
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.requests import Request, RequestLog
from giftbot.sandbox.routing import Body, Call, Handler, Reply, Router
from giftbot.sandbox.spec import Spec
from giftbot.sandbox.uploads import Upload
from giftbot.sandbox.world import World

_BASE = re.compile(r"^/api(/v\d+)?(?=/)")
_PAGE = b"<!DOCTYPE html><html><head><title>discord.com | 520</title></head><body>cloudflare</body></html>"


@attrs.define
class _Exchange:
    """One request while it is being worked on."""

    request: web.Request
    method: str
    path: str
    route: str
    handler: Handler | None
    params: dict[str, str]
    body: Payload | list[Payload] | None = None
    files: list[Payload] = attrs.Factory(list)
    headers: Headers = attrs.Factory(dict)

    @property
    def by_interaction(self) -> bool:
        """Whether the path itself authorises the request, outside the global limit."""
        return self.route.startswith(("/interactions/", "/webhooks/"))


class Rest:
    """Answers the requests under /api."""

    def __init__(
        self,
        *,
        world: World,
        token: str,
        faults: Faults,
        latency: Latency,
        log: RequestLog,
        limits: Limits,
        spec: Spec | None,
    ) -> None:
        self._world = world
        self._token = f"Bot {token}"
        self._faults = faults
        self._latency = latency
        self._log = log
        self._spec = spec
        self._router = Router(routes.ALL)
        self.limiter = RateLimiter(limits)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = _BASE.sub("", request.path)
        found = self._router.find(request.method, path)
        route, handler, params = found if found is not None else (path, None, {})
        exchange = _Exchange(request, request.method, path, route, handler, params)
        await self._read(exchange)
        at = time.monotonic()
        before, after = self._latency.draw(request.method, route)
        if before:
            await asyncio.sleep(before)
        if not self._faults.armed:
            status, payload = self._carry_out(exchange)
            response: web.StreamResponse | None = _json_response(status, payload, exchange.headers)
        else:
            status, response = await self._carry_out_badly(exchange)
        if after:
            await asyncio.sleep(after)
        self._log.add(Request(exchange.method, path, route, at, status, exchange.body))
        if response is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=500)
        return response

    async def _read(self, exchange: _Exchange) -> None:
        request = exchange.request
        if not request.can_read_body:
            return
        if request.content_type != "multipart/form-data":
            raw = await request.read()
            exchange.body = _decode(raw)
            return
        form = await request.post()
        for name, value in form.items():
            if isinstance(value, web.FileField):
                upload = Upload(value.filename, value.file.read())
                value.file.close()
                exchange.files.append(self._world.uploads.keep(upload, value.content_type))
            elif name == "payload_json":
                exchange.body = _decode(value)

    def _carry_out(self, exchange: _Exchange) -> Reply:
        try:
            return self._answer(exchange)
        except refusals.ApiError as error:
            if error.code == 50035:
                self._world.findings.append(f"{exchange.method} {exchange.route}: {json.dumps(error.errors)}")
            return error.status, error.payload()

    def _answer(self, exchange: _Exchange) -> Reply:
        authorization = exchange.request.headers.get("Authorization")
        if authorization != self._token and not (exchange.by_interaction and authorization is None):
            raise refusals.unauthorized()
        if exchange.handler is None:
            self._world.findings.append(f"{exchange.method} {exchange.path}: no such route in the sandbox")
            raise refusals.no_route()
        refused = self._limit(exchange)
        if refused is not None:
            return 429, refused
        if self._spec is not None:
            self._world.findings.extend(
                self._spec.check(exchange.method, exchange.route, exchange.request.query, exchange.body)
            )
        if exchange.files and isinstance(exchange.body, dict):
            exchange.body.get("data", exchange.body)["attachments"] = exchange.files
        call = Call(
            self._world,
            exchange.method,
            exchange.path,
            exchange.route,
            exchange.params,
            dict(exchange.request.query),
            exchange.body,
            len(exchange.files),
            exchange.request.host,
            _reason(exchange.request),
        )
        return exchange.handler(call)

    def _limit(self, exchange: _Exchange) -> Payload | None:
        taken = self.limiter.take(exchange.method, exchange.route, exchange.params, exempt=exchange.by_interaction)
        if not isinstance(taken, Refused):
            exchange.headers = taken
            return None
        exchange.headers = taken.headers
        if taken.storm:
            self._world.findings.append(
                f"more than {self.limiter.limits.storm} requests within 10 s were refused with 429"
            )
        return {
            "message": "You are being rate limited.",
            "retry_after": taken.retry_after,
            "global": taken.whole_bot,
        }

    async def _carry_out_badly(self, exchange: _Exchange) -> tuple[int, web.StreamResponse | None]:
        """Carry out a request that armed faults may concern; no response means: cut the connection."""
        named = (exchange.method, exchange.route, exchange.path, exchange.body)
        fault = self._faults.take(*named)
        hold = self._faults.held(*named)
        early = await _before(fault, exchange)
        if early is not None:
            return early
        if hold is not None and not hold.after_store:
            await hold.keep()
            if hold.dropping:
                return 0, None
        status, payload = self._carry_out(exchange)
        if hold is not None and hold.after_store:
            await hold.keep()
            if hold.dropping:
                return 0, None
        if fault is None:
            return status, _json_response(status, payload, exchange.headers)
        return await _after(fault, exchange, status, payload)


async def _before(fault: Fault | None, exchange: _Exchange) -> tuple[int, web.StreamResponse | None] | None:
    """Let a fault act before the request is carried out; None lets it go on."""
    if fault is None:
        return None
    if fault.kind is FaultKind.RATE_LIMIT:
        return 429, _rate_limited(fault)
    if fault.after_store:
        return None
    if fault.kind is FaultKind.DELAY:
        await asyncio.sleep(fault.delay)
    elif fault.kind is FaultKind.DROP:
        return 0, None
    elif fault.kind is FaultKind.STATUS:
        return fault.status, _failed(fault)
    return None


async def _after(
    fault: Fault, exchange: _Exchange, status: int, payload: Body
) -> tuple[int, web.StreamResponse | None]:
    """Let a fault act on the answer of a request that has been carried out."""
    if fault.kind is FaultKind.DROP:
        return 0, None
    if fault.kind is FaultKind.STATUS:
        return fault.status, _failed(fault)
    if fault.kind is FaultKind.NOT_JSON:
        return 200, web.Response(body=_PAGE, content_type="text/html")
    if fault.kind is FaultKind.TRUNCATE:
        body = json.dumps(payload).encode()
        response = web.StreamResponse(status=status, headers={"Content-Length": str(len(body))})
        response.content_type = "application/json"
        await response.prepare(exchange.request)
        await response.write(body[: len(body) // 2])
        return 0, None
    if fault.kind is FaultKind.DELAY and fault.after_store:
        await asyncio.sleep(fault.delay)
    return status, _json_response(status, payload, exchange.headers)


def _reason(request: web.Request) -> str | None:
    reason = request.headers.get("X-Audit-Log-Reason")
    return unquote(reason) if reason is not None else None


def _failed(fault: Fault) -> web.Response:
    if fault.body is None or isinstance(fault.body, dict):
        body = fault.body or {"message": f"{fault.status}: injected", "code": fault.code}
        return _json_response(fault.status, body, {})
    raw = fault.body.encode() if isinstance(fault.body, str) else fault.body
    return web.Response(status=fault.status, body=raw, content_type=fault.content_type)


def _rate_limited(fault: Fault) -> web.Response:
    if fault.retry_after is None:
        return web.Response(status=429, body=_PAGE, content_type="text/html")
    body = {
        "message": "You are being rate limited.",
        "retry_after": fault.retry_after,
        "global": fault.scope == "global",
    }
    headers = {"X-RateLimit-Scope": fault.scope, "Retry-After": str(int(fault.retry_after) + 1)}
    if fault.scope == "global":
        headers["X-RateLimit-Global"] = "true"
    return _json_response(429, body, headers)


def _json_response(status: int, payload: Body, headers: Headers) -> web.Response:
    if payload is None:
        return web.Response(status=status, headers=headers)
    body = json.dumps(payload, separators=(",", ":")).encode()
    return web.Response(status=status, body=body, headers={**headers, "Content-Type": "application/json"})


def _decode(raw: str | bytes | bytearray) -> Payload | list[Payload] | None:
    try:
        decoded = json.loads(raw)
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict | list) else None

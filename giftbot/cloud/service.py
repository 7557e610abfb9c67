"""The backup service: keeps copies that clients send, and gives the newest whole one back."""

from __future__ import annotations

import asyncio
import hmac
import http
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from aiohttp import web

from giftbot.cloud.lock import lock_copies
from giftbot.cloud.snapshots import KEEP, NotNewerError, Snapshots, tag_of
from giftbot.errors import CopyRefusedError, SettingsError, StartupError
from giftbot.logs import new_reference
from giftbot.services.invites.envelope import LARGEST_COPY

SHORTEST_TOKEN = 16
"""Characters."""

_NO_CACHE = {"Cache-Control": "no-cache, no-store, must-revalidate, max-age=0", "Pragma": "no-cache"}
_log = structlog.get_logger(__name__)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _answer(status: int, words: str, **more: object) -> web.Response:
    return web.json_response({"status": words, **more}, status=status, headers=_NO_CACHE)


class CloudService:
    """The handlers. Every request but `/health` carries the token."""

    def __init__(self, snapshots: Snapshots, token: str) -> None:
        self._snapshots = snapshots
        self._token = token.encode()
        self._working = asyncio.Lock()

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=LARGEST_COPY, middlewares=[self._guard])
        app.router.add_post("/backup_discord_data", self._add)
        app.router.add_get("/get_discord_data_backup", self._newest)
        app.router.add_get("/health", self._health)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        try:
            if request.path != "/health" and not self._is_allowed(request):
                return _answer(401, "The token is missing or wrong.")
            return await handler(request)
        except web.HTTPException as error:
            return _answer(error.status, http.HTTPStatus(error.status).phrase)
        except OSError as error:
            _log.error("copies cannot be kept", why=str(error))
            return _answer(507, "The disk does not do what it is asked.")
        except Exception:
            reference = new_reference()
            _log.exception("a request failed", path=request.path, ref=reference)
            return _answer(500, f"Something went wrong here; the log has it under {reference}.")

    def _is_allowed(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        sent = given.strip().encode(errors="surrogateescape")
        return scheme.lower() == "bearer" and hmac.compare_digest(sent, self._token)

    async def _add(self, request: web.Request) -> web.Response:
        body = await request.read()
        after = request.headers.get("If-Match", request.headers.get("If-None-Match"))
        async with self._working:
            try:
                copy = await asyncio.to_thread(self._snapshots.add, body, after=after)
            except NotNewerError as error:
                _log.info("copy refused", why=str(error))
                return _answer(409, str(error))
            except CopyRefusedError as error:
                _log.warning("copy refused", why=str(error))
                return _answer(422, str(error))
        _log.info("copy kept", epoch=copy.epoch, sequence=copy.sequence, size=len(body))
        answer = _answer(200, "ok", epoch=copy.epoch, sequence=copy.sequence)
        answer.headers["ETag"] = tag_of(copy)
        return answer

    async def _newest(self, _: web.Request) -> web.Response:
        async with self._working:
            found = await asyncio.to_thread(self._snapshots.newest)
        if found is None:
            return _answer(404, "Nothing is stored.")
        body, copy = found
        headers = {**_NO_CACHE, "ETag": tag_of(copy)}
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def _health(self, request: web.Request) -> web.Response:
        head = self._snapshots.head
        if head is None or not self._is_allowed(request):
            return _answer(200, "ok")
        count = await asyncio.to_thread(self._snapshots.count)
        taken_at = head.taken_at.isoformat()
        return _answer(200, "ok", epoch=head.epoch, sequence=head.sequence, taken_at=taken_at, copies=count)


@asynccontextmanager
async def open_service(
    directory: Path, *, token: str, host: str = "127.0.0.1", port: int = 0, keep: int = KEEP
) -> AsyncIterator[str]:
    """Run the service while the block lasts; its address. Raises `StartupError`."""
    if len(token) < SHORTEST_TOKEN:
        raise SettingsError(
            f"CLOUD_API_TOKEN is to have at least {SHORTEST_TOKEN} characters: whoever knows it reads all copies."
            " Make one with: openssl rand -hex 32"
        )
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(lock_copies(directory))
            snapshots = await asyncio.to_thread(Snapshots, directory, keep=keep)
        except OSError as error:
            raise StartupError(f"The directory {directory} cannot be used: {error.strerror}.") from None
        runner = web.AppRunner(CloudService(snapshots, token).app(), access_log=None, shutdown_timeout=5.0)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise StartupError(f"Port {port} on {host} cannot be used: {error.strerror or error}.") from None
        yield f"http://{host}:{runner.addresses[0][1]}"

"""Sources of gift codes on loopback: a JSON API, a feed, a web page, and the distribution API."""

from __future__ import annotations

import datetime
import email.utils
import hashlib
import json
import re
from collections.abc import Iterable

import attrs
from aiohttp import web

from giftbot.sandbox import source_faults
from giftbot.sandbox.pulse import PATIENCE, Pulse
from giftbot.sandbox.source_faults import Respond, SourceFault
from giftbot.sandbox.source_formats import FORMATS, PublishedCode

EVERYWHERE = frozenset(FORMATS)
PATHS = {
    "json": "/sources/api/gift-codes",
    "rss": "/sources/rss.php",
    "page": "/sources/",
    "api": "/sources/giftcode_api.php",
}

_VALID = re.compile(r"[A-Za-z0-9]+")


class Sources:
    """What is published where, how often it was asked for, and what goes wrong on the way."""

    def __init__(self, pulse: Pulse) -> None:
        self.base_url = ""
        self.api_key = "sandbox-key"
        self.hits = dict.fromkeys(FORMATS, 0)
        """Requests per source."""

        self.not_modified = dict.fromkeys(FORMATS, 0)
        """Those of them that were answered with 304."""

        self._pulse = pulse
        self._codes: dict[str, dict[str, PublishedCode]] = {name: {} for name in FORMATS}
        self._ever: dict[str, PublishedCode] = {}
        self._changed = {name: datetime.datetime.now(datetime.UTC) for name in FORMATS}
        self._faults: dict[str, SourceFault] = {}

    @property
    def json_url(self) -> str:
        """The JSON API, for GIFTCODE_JSON_URL."""
        return self.base_url + PATHS["json"]

    @property
    def rss_url(self) -> str:
        """The feed, for GIFTCODE_RSS_URL."""
        return self.base_url + PATHS["rss"]

    @property
    def page_url(self) -> str:
        """The web page, for GIFTCODE_PAGE_URL."""
        return self.base_url + PATHS["page"]

    @property
    def api_url(self) -> str:
        """The distribution API, for GIFTCODE_API_URL; its key is `api_key`."""
        return self.base_url + PATHS["api"]

    def publish(
        self,
        code: str,
        *,
        rewards: str = "100 gems",
        expires_at: datetime.datetime | None = None,
        added_at: datetime.datetime | None = None,
        on: Iterable[str] = EVERYWHERE,
    ) -> None:
        """List a code as active; `on` names the sources json, rss, page and api."""
        added_at = added_at or datetime.datetime.now(datetime.UTC)
        self._ever[code] = PublishedCode(code, rewards, expires_at, added_at)
        for name in on:
            self._codes[name][code] = self._ever[code]
            self._touch(name)

    def expire(self, code: str, *, on: Iterable[str] = EVERYWHERE) -> None:
        """List a code as expired where it is listed."""
        for name in on:
            if code in self._codes[name]:
                self._codes[name][code] = attrs.evolve(self._codes[name][code], expired=True)
                self._touch(name)

    def withdraw(self, code: str, *, on: Iterable[str] = EVERYWHERE) -> None:
        """List a code no longer."""
        for name in on:
            if self._codes[name].pop(code, None) is not None:
                self._touch(name)

    def listed(self, name: str) -> list[str]:
        """Return the codes on one source."""
        return list(self._codes[name])

    def published(self, code: str) -> PublishedCode | None:
        """A code as it was ever listed, None if it never was; expired when no source lists it as active."""
        listed = [codes[code] for codes in self._codes.values() if code in codes]
        return next((one for one in listed if not one.expired), listed[0] if listed else self._ever.get(code))

    def fail(self, name: str, *, status: int = 500, body: str = "", times: int | None = None) -> None:
        """Answer with a status."""
        self._arm(name, source_faults.status(status, body, {}), times)

    def retry_after(self, name: str, seconds: int, *, status: int = 429, times: int | None = None) -> None:
        """Answer that the client shall come back later."""
        self._arm(name, source_faults.status(status, "", {"Retry-After": str(seconds)}), times)

    def redirect(self, name: str, location: str, *, times: int | None = None) -> None:
        """Answer with a redirect."""
        self._arm(name, source_faults.status(302, "", {"Location": location}), times)

    def drop(self, name: str, *, times: int | None = None) -> None:
        """Cut the connection."""
        self._arm(name, source_faults.drop(), times)

    def empty(self, name: str, *, blank: bool = False, times: int | None = None) -> None:
        """Answer in the right format with no codes, or `blank` with no bytes at all."""
        content = b"" if blank else FORMATS[name][1]([])
        self._arm(name, source_faults.body(content, ""), times)

    def garbage(
        self,
        name: str,
        body: str | bytes = "<html>maintenance</html>",
        content_type: str = "text/html",
        *,
        times: int | None = None,
    ) -> None:
        """Answer with status 200 and something else."""
        content = body.encode() if isinstance(body, str) else body
        self._arm(name, source_faults.body(content, content_type), times)

    def gzip_bomb(self, name: str, *, size: int = 1 << 28, times: int | None = None) -> None:
        """Answer with a small body that decodes to `size` bytes."""
        self._arm(name, source_faults.gzip_bomb(size), times)

    def huge(self, name: str, *, size: int = 1 << 30, times: int | None = None) -> None:
        """Answer with a body of more than `size` bytes."""
        self._arm(name, source_faults.huge(size), times)

    def slow(self, name: str, bytes_per_second: float, *, times: int | None = None) -> None:
        """Send the body slowly."""
        self._arm(name, source_faults.slow(bytes_per_second), times)

    def heal(self, name: str | None = None) -> None:
        """Answer normally again, on one source or all."""
        if name is None:
            self._faults.clear()
        else:
            self._faults.pop(name, None)

    async def wait(self, name: str, count: int, timeout: float = PATIENCE) -> None:
        """Wait until a source has been asked so often in total."""
        await self._pulse.until(
            lambda: self.hits[name] >= count, timeout=timeout, what=f"{count} requests of the source {name}"
        )

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of all sources."""
        names = {path: name for name, path in PATHS.items()}

        async def serve(request: web.Request) -> web.StreamResponse:
            return await self._serve(names[request.path], request)

        reading = [web.get(path, serve) for path in PATHS.values()]
        return [*reading, web.post(PATHS["api"], serve)]

    def _arm(self, name: str, respond: Respond, times: int | None) -> None:
        self._faults[name] = SourceFault(respond, times)

    def _touch(self, name: str) -> None:
        self._changed[name] = datetime.datetime.now(datetime.UTC)

    async def _serve(self, name: str, request: web.Request) -> web.StreamResponse:
        self.hits[name] += 1
        self._pulse.beat()
        content_type, write = FORMATS[name]
        body = write(self._codes[name].values())
        fault = self._faults.get(name)
        if fault is not None:
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self._faults[name]
            return await fault.respond(request, body, content_type)
        if name == "api":
            answer = await self._answer_api(request)
            if answer is not None:
                return answer
        return self._conditional(name, request, body, content_type)

    def _conditional(self, name: str, request: web.Request, body: bytes, content_type: str) -> web.StreamResponse:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        changed = self._changed[name].replace(microsecond=0)
        headers = {"ETag": tag, "Last-Modified": email.utils.format_datetime(changed, usegmt=True)}
        known = request.headers.get("If-None-Match")
        since = request.if_modified_since
        if known == tag or (known is None and since is not None and since >= changed):
            self.not_modified[name] += 1
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type=content_type, headers=headers)

    async def _answer_api(self, request: web.Request) -> web.StreamResponse | None:
        """Answer what the distribution API does besides listing; None means: list."""
        if request.headers.get("X-API-Key") != self.api_key:
            return web.json_response({"detail": "Invalid API key"}, status=401)
        if request.method == "POST":
            return self._add(await request.text())
        if request.query.get("action") == "check":
            wanted = request.query.get("giftcode", "").upper()
            exists = any(code.upper() == wanted for code in self._codes["api"])
            return web.json_response({"exists": exists})
        return None

    def _add(self, text: str) -> web.Response:
        try:
            form = json.loads(text)
            code, date = str(form["code"]), str(form["date"])
            added_at = datetime.datetime.strptime(date, "%d.%m.%Y").replace(tzinfo=datetime.UTC)
        except (ValueError, KeyError, TypeError):
            return web.json_response({"error": "invalid request"}, status=400)
        if _VALID.fullmatch(code) is None:
            return web.json_response({"error": "invalid code"}, status=400)
        if any(known.upper() == code.upper() for known in self._codes["api"]):
            return web.json_response({"error": "code exists"}, status=409)
        self.publish(code, rewards="", added_at=added_at, on={"api"})
        return web.json_response({"success": True})

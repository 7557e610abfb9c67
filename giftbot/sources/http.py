"""Fetching a body over HTTP from places that are not trusted: bounded in size, time, redirects and addresses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
import attrs
import stamina
import structlog
from aiohttp.abc import AbstractResolver
from yarl import URL

from giftbot.errors import SourceError
from giftbot.web.faults import FaultError, fault_of, host_of, status_fault
from giftbot.web.guard import UrlPolicy, url_policy
from giftbot.web.session import guarded_session

BODY_LIMIT = 256 * 1024
"""Bytes of a body after decompression; a longer one is refused."""

REDIRECT_LIMIT = 3

_log = structlog.get_logger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@attrs.frozen
class FetchTimes:
    """How long fetching may take, in seconds. The defaults keep a check interval of 10 s."""

    attempt: float = 5.0
    """One attempt with its redirects, from the connection to the last byte."""
    total: float = 8.0
    """All attempts and the pauses between them."""
    attempts: int = 3
    backoff: float = 0.3
    """The first pause; each further one is twice as long."""
    backoff_limit: float = 2.0
    jitter: float = 0.4
    """At most this is added to each pause, at random."""


@attrs.frozen
class Validators:
    """What a server gave to ask "has it changed since?" (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The conditional headers; empty when the server gave nothing."""
        pairs = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in pairs.items() if value}


@attrs.frozen
class Fetched:
    """A whole body."""

    body: bytes
    """Decompressed, at most `BODY_LIMIT` bytes."""
    charset: str | None = None
    """What the Content-Type header claims; not checked."""
    validators: Validators = Validators()


@attrs.frozen
class NotModified:
    """The server says that the body is still the one that the validators came with."""


class Turn(Protocol):
    """Lets attempts through one at a time, see `giftbot.sources.pace`."""

    async def wait(self) -> None:
        """Return when the next attempt may begin."""
        ...


@attrs.frozen
class Fetcher:
    """One guarded session for all sources. Made by `open_fetcher`."""

    _session: aiohttp.ClientSession
    policy: UrlPolicy
    times: FetchTimes = FetchTimes()

    async def get(
        self,
        url: URL,
        *,
        headers: Mapping[str, str] | None = None,
        validators: Validators | None = None,
        turn: Turn | None = None,
    ) -> Fetched | NotModified:
        """The body behind `url`, or that it is not modified since `validators`.

        Passing faults are retried with backoff, jitter and Retry-After as far as `times` allow. `headers` are not
        sent on to another origin. Raises `SourceError` with one sentence that names the host and no secret.
        """
        host = host_of(url)
        deadline = asyncio.get_running_loop().time() + self.times.total
        request = _Request(url, dict(headers or {}), validators or Validators())
        try:
            async with asyncio.timeout_at(deadline):
                return await self._retried(request, deadline, turn)
        except FaultError as fault:
            raise SourceError(f"{host} {fault.reason}.", retry_after=fault.retry_after) from None
        except TimeoutError:
            raise SourceError(f"{host} did not answer within {self.times.total:g} seconds.") from None

    async def _retried(self, request: _Request, deadline: float, turn: Turn | None) -> Fetched | NotModified:
        loop = asyncio.get_running_loop()

        def pause(error: Exception) -> bool | float:
            if not isinstance(error, FaultError) or not error.passing:
                return False
            wanted = error.retry_after
            if loop.time() + (self.times.backoff if wanted is None else wanted) >= deadline:
                return False
            return True if wanted is None else wanted + random.uniform(0, self.times.jitter)

        async for attempt in stamina.retry_context(
            on=pause,
            attempts=self.times.attempts,
            timeout=None,
            wait_initial=self.times.backoff,
            wait_max=self.times.backoff_limit,
            wait_jitter=self.times.jitter,
        ):
            with attempt:
                if turn is not None:
                    await turn.wait()
                return await self._attempt(request, attempt.num)
        raise AssertionError("stamina ends with an answer or an error")

    async def _attempt(self, request: _Request, number: int) -> Fetched | NotModified:
        host = host_of(request.url)
        try:
            async with asyncio.timeout(self.times.attempt):
                for _ in range(REDIRECT_LIMIT + 1):
                    answer = await self._ask(request)
                    if not isinstance(answer, _Request):
                        return answer
                    request = answer
        except (aiohttp.ClientError, OSError, ValueError) as error:
            fault = fault_of(error)
        except FaultError as error:
            fault = error
        else:
            fault = FaultError(f"redirects more than {REDIRECT_LIMIT} times")
        _log.debug("fetch attempt failed", host=host, why=fault.reason, attempt=number, passing=fault.passing)
        raise fault

    async def _ask(self, request: _Request) -> Fetched | NotModified | _Request:
        if (refusal := self.policy.refusal(request.url)) is not None:
            raise FaultError(f"cannot be asked: {host_of(request.url)} {refusal}")
        sent = {**request.headers, **request.validators.headers}
        async with self._session.get(request.url, headers=sent, allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return request.redirected(response.headers.get("Location"))
            if response.status == 304 and request.validators.headers:
                return NotModified()
            if response.status != 200:
                raise status_fault(response.status, response.headers)
            return Fetched(await _read(response), response.charset, _validators(response.headers))


@attrs.frozen
class _Request:
    url: URL
    headers: dict[str, str] = attrs.field(repr=False)
    validators: Validators

    def redirected(self, location: str | None) -> _Request:
        """The request that an answer redirects to; credentials stay with the origin they were given for."""
        if not location:
            raise FaultError("redirects to nowhere")
        target = self.url.join(URL(location))
        if target.host and target.origin() == self.url.origin():
            return attrs.evolve(self, url=target.with_user(self.url.user).with_password(self.url.password))
        return attrs.evolve(self, url=target.with_user(None) if target.host else target, headers={})


async def _read(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_LIMIT:
            raise FaultError(f"answered with more than {BODY_LIMIT // 1024} KiB")
    return bytes(body)


def _validators(headers: Mapping[str, str]) -> Validators:
    """Those of an answer that can be sent back as they are."""

    def usable(name: str) -> str | None:
        value = headers.get(name, "")
        return value if value.isascii() and value.isprintable() and 0 < len(value) <= 512 else None

    return Validators(etag=usable("ETag"), last_modified=usable("Last-Modified"))


@asynccontextmanager
async def open_fetcher(
    *,
    allow_private: bool = False,
    times: FetchTimes | None = None,
    policy: UrlPolicy | None = None,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[Fetcher]:
    """A `Fetcher` while the block runs.

    `allow_private` is GIFTBOT_ALLOW_PRIVATE_URLS; `policy`, if given, is used instead of it. Proxies of the
    environment are not used: they would connect where the guard cannot see.
    """
    policy = policy or url_policy(allow_private=allow_private)
    async with guarded_session(policy, resolver) as session:
        yield Fetcher(session, policy, times or FetchTimes())

"""The client of the backup service: what earlier bots call `backup_discord_data` and `get_discord_data_backup`."""

from __future__ import annotations

import asyncio
import ipaddress
import time
from contextlib import suppress
from pathlib import Path

import aiohttp
import attrs
import structlog
from yarl import URL

from giftbot.errors import CopyError, CopyRefusedError, SettingsError
from giftbot.files import set_aside
from giftbot.services.invites.envelope import LARGEST_COPY, ForeignCopyError, render_copy
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.reading import read_any_copy
from giftbot.web.faults import fault_of, host_of, status_fault
from giftbot.web.guard import UrlPolicy, is_public, url_policy
from giftbot.web.session import guarded_session

READ_TIMEOUT = 20.0
WRITE_TIMEOUT = 30.0
"""Seconds for a whole exchange."""

_NOTHING = frozenset({204, 404})
_log = structlog.get_logger(__name__)


def _is_loopback(address: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return False


def cloud_policy(url: URL, *, allow_private: bool) -> UrlPolicy:
    """Which connections the address allows: https to public addresses, or anything on this machine.

    With `allow_private` (GIFTBOT_ALLOW_PRIVATE_URLS) any. Raises `SettingsError`.
    """
    if allow_private:
        return url_policy(allow_private=True)
    if url.host == "localhost" or _is_loopback(url.host or ""):
        return UrlPolicy(any_url=True, allows_address=_is_loopback)
    if url.scheme != "https":
        raise SettingsError(
            f"CLOUD_API_URL ({host_of(url)}) is not https: copies hold names and ids. Use https, or set"
            " GIFTBOT_ALLOW_PRIVATE_URLS=true for a service in your own network."
        )
    return UrlPolicy(any_url=True, allows_address=is_public)


@attrs.frozen
class _Answer:
    status: int
    body: bytes
    tag: str | None


class CloudClient:
    """`CopyPlace` at a backup service: ours (`giftbot cloud`), or one of the earlier kind.

    What the service has and is not ours, or is damaged, is kept in `aside` before it is written over.
    """

    def __init__(
        self,
        url: URL,
        *,
        token: str | None,
        aside: Path | None,
        allow_private: bool = False,
        timeout_factor: float = 1.0,
    ) -> None:
        """Take the service's base. Raises `SettingsError` when it must not be connected to."""
        self._url = url
        self._host = host_of(url)
        self._policy = cloud_policy(url, allow_private=allow_private)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._aside = aside
        self._factor = timeout_factor
        self._session: aiohttp.ClientSession | None = None
        self._tag: str | None = None
        """Names what was there when we looked or wrote last; `*` for nothing, None where copies have no names."""
        if not token:
            _log.warning("the cloud service is used without a token", host=self._host, advice="set CLOUD_API_TOKEN")

    @property
    def label(self) -> str:
        """`cloud`."""
        return "cloud"

    async def write(self, copy: Copy) -> None:
        """Send it. Raises `CopyRefusedError` when a newer one is there, `CopyError` when that did not work."""
        body = await asyncio.to_thread(render_copy, copy)
        answer = await self._ask("POST", "backup_discord_data", body=body, timeout=WRITE_TIMEOUT)
        if answer.status in {409, 412}:
            raise CopyRefusedError(f"{self._host} has a newer copy, or one of another series.")
        if answer.status not in {200, 201, 202, 204}:
            raise self._failure(answer.status)
        self._tag = answer.tag

    async def read(self) -> Copy | None:
        """The newest whole copy there; None when there is none.

        Raises `CopyRefusedError` when it is damaged, too large or not ours, and `CopyError` when nobody knows.
        """
        body = await self.fetch()
        if body is None:
            return None
        try:
            return await asyncio.to_thread(read_any_copy, body)
        except CopyRefusedError as error:
            await self._keep(body, error)
            raise

    async def fetch(self) -> bytes | None:
        """What is there, whosever it is; None when that is nothing. Raises `CopyError`."""
        answer = await self._ask("GET", "get_discord_data_backup", timeout=READ_TIMEOUT)
        if answer.status in _NOTHING:
            self._tag = "*"
            return None
        if answer.status != 200:
            raise self._failure(answer.status)
        self._tag = answer.tag
        if len(answer.body) > LARGEST_COPY:
            raise CopyError(
                f"{self._host} holds a copy of more than {LARGEST_COPY >> 20} MiB, which cannot be kept aside: move"
                " it away there, and it will be written to again."
            )
        return answer.body

    async def aclose(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()

    async def _keep(self, body: bytes, error: CopyRefusedError) -> None:
        """Keep what is to be written over. Raises `CopyError` when that is not possible: then it is not."""
        if self._aside is None or not body.strip():
            return
        suffix = "legacy" if isinstance(error, ForeignCopyError) else "refused"
        try:
            kept = await asyncio.to_thread(set_aside, self._aside, body, suffix)
        except OSError as fault:
            raise CopyError(
                f"{error} It cannot be kept aside ({fault.strerror or fault}), and so it stays."
            ) from fault
        _log.warning("copy kept aside", layer=self.label, file=kept.name, why=str(error))

    def _failure(self, status: int) -> CopyError:
        if status in {401, 403}:
            if not self._headers:
                return CopyError(f"{self._host} wants a token ({status}): set CLOUD_API_TOKEN to the service's.")
            return CopyError(f"{self._host} does not accept the token ({status}): check CLOUD_API_TOKEN.")
        return CopyError(f"{self._host} {status_fault(status, {}).reason}.")

    async def _ask(self, method: str, path: str, *, timeout: float, body: bytes | None = None) -> _Answer:
        url = self._url.with_path(f"{self._url.path.rstrip('/')}/{path}")
        if method == "GET":
            url = url.with_query(t=str(int(time.time())))
        if self._session is None:
            self._session = guarded_session(self._policy)
        headers = {**self._headers, "Cache-Control": "no-cache"}
        if body is not None:
            headers["Content-Type"] = "application/json"
            if self._tag is not None:
                headers["If-None-Match" if self._tag == "*" else "If-Match"] = self._tag
        try:
            async with (
                asyncio.timeout(timeout * self._factor),
                self._session.request(method, url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                return _Answer(response.status, await _read(response), response.headers.get("ETag"))
        except TimeoutError:
            raise CopyError(f"{self._host} did not answer within {timeout:g} seconds.") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CopyError(f"{self._host} {fault_of(error).reason}.") from None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, at most one byte more than a copy may have."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_COPY:
            return bytes(body[: LARGEST_COPY + 1])
    return bytes(body)

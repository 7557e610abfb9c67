"""How a fetch fails: the sentence for it, and whether another attempt may help."""

from __future__ import annotations

import http
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from giftbot.web.guard import RefusedAddressError

_LONGEST_PAUSE = 3600.0
"""Seconds; a source that asks for more is asked again after this."""

_PASSING = frozenset({408, 425, 429})

_MEANINGS: tuple[tuple[type[Exception], str, bool], ...] = (
    (TimeoutError, "did not answer in time", True),
    (aiohttp.ClientConnectorCertificateError, "has no valid TLS certificate", False),
    (aiohttp.ClientConnectorDNSError, "cannot be found: its name does not resolve", True),
    (aiohttp.ClientConnectorError, "cannot be reached", True),
    (aiohttp.ClientPayloadError, "broke off in the middle of its answer", True),
    (aiohttp.ClientConnectionError, "closed the connection without an answer", True),
    (OSError, "closed the connection without an answer", True),
    (aiohttp.ClientResponseError, "answered with something that is not HTTP", False),
)
"""Exceptions, the first that fits counts: the reason, and whether it passes."""


class UnreadableError(Exception):
    """A body that is not in its source's format. `reason` is as in `FaultError`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FaultError(Exception):
    """One failed attempt. `reason` ends a sentence that begins with the source's host, and holds no secrets."""

    def __init__(self, reason: str, *, passing: bool = False, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing
        """Whether the same request may succeed a little later."""
        self.retry_after = retry_after
        """The pause in seconds that the server asked for, if it did."""


def host_of(url: URL) -> str:
    """What people call the place: host and unusual port, never path, query or credentials."""
    host = (url.host or "the address")[:80]
    host = host if host.isascii() and host.isprintable() else "the address"
    return host if url.is_default_port() or url.port is None else f"{host}:{url.port}"


def status_fault(status: int, headers: Mapping[str, str]) -> FaultError:
    """The fault of an answer with this HTTP status, other than 200, 304 and redirects."""
    phrase = http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else ""
    reason = f"answered {status} ({phrase})" if phrase else f"answered {status}"
    return FaultError(reason, passing=status in _PASSING or status >= 500, retry_after=retry_after(headers))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause in seconds that a Retry-After header asks for (RFC 9110, 10.2.3), at most an hour.

    A moment counts from the answer's own Date header, so that no clock here need agree with the server's.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _LONGEST_PAUSE)
    try:
        pause = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(pause.total_seconds(), 0.0), _LONGEST_PAUSE)


def fault_of(error: Exception) -> FaultError:
    """What an exception of aiohttp, of the socket or of a URL means. Its text is not used: it may hold secrets."""
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, RefusedAddressError):
        return FaultError("leads to an address that is not public (GIFTBOT_ALLOW_PRIVATE_URLS=true allows that)")
    for kind, reason, passing in _MEANINGS:
        if isinstance(error, kind):
            return FaultError(reason, passing=passing)
    return FaultError(f"cannot be asked ({type(error).__name__})")

"""Which addresses the sources may be fetched from, held at the socket.

A check of a URL's text cannot be trusted: names resolve to anything, twice to different things (DNS rebinding),
numbers have many spellings, and answers redirect. So every socket is opened here, with the address that is really
connected to.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable

import aiohttp
import attrs
from aiohttp.abc import AbstractResolver
from yarl import URL

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")

_SPECIAL: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # IETF protocol assignments (RFC 6890)
    ipaddress.IPv4Network("192.88.99.0/24"),  # 6to4 relays (RFC 7526)
    ipaddress.IPv6Network("2001::/23"),  # IETF protocol assignments, with Teredo in it (RFC 2928)
    ipaddress.IPv6Network("2002::/16"),  # 6to4: any IPv4 address in disguise (RFC 3056)
    ipaddress.IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)
"""What Python 3.11's `is_global` still takes for global."""


class RefusedAddressError(OSError):
    """A connection was not made, because its address may not be connected to.

    Its text is the same for all addresses: aiohappyeyeballs then raises it unchanged when all were refused.
    """

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "the address is not public")


def is_public(address: str) -> bool:
    """Whether a numeric IP address belongs to the public internet; False for anything else.

    IPv4 in IPv6 clothes (mapped; NAT64 of RFC 6052) counts as the IPv4 address; 6to4 and Teredo are never public.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip not in _UNICAST:
            return False
    if ip.is_multicast or ip.is_reserved or not ip.is_global:
        return False
    return not any(ip in network for network in _SPECIAL)


def _any_address(_: str) -> bool:
    return True


@attrs.frozen
class UrlPolicy:
    """What may be fetched. The default is the strict one: https on port 443, at public addresses."""

    any_url: bool = False
    """Whether http and other ports are allowed."""
    allows_address: Callable[[str], bool] = is_public
    """Decides on each numeric address before it is connected to."""

    def refusal(self, url: URL) -> str | None:
        """Why `url` may not be fetched, as the end of a sentence; None when it may.

        The address behind its name is judged later, by `open_socket`.
        """
        if url.scheme not in {"http", "https"} or not url.host:
            return "is no web address"
        if not self.any_url and (url.scheme != "https" or url.port != 443):
            return "is not https on port 443 (GIFTBOT_ALLOW_PRIVATE_URLS=true allows other addresses)"
        return None

    def open_socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for this resolved address; raises `RefusedAddressError` before anything is connected."""
        family, kind, protocol, _, target = address
        if not self.allows_address(str(target[0])):
            raise RefusedAddressError
        return socket.socket(family=family, type=kind, proto=protocol)


def url_policy(*, allow_private: bool) -> UrlPolicy:
    """The strict policy, or with GIFTBOT_ALLOW_PRIVATE_URLS one that allows every web address."""
    return UrlPolicy(any_url=True, allows_address=_any_address) if allow_private else UrlPolicy()


def guarded_connector(policy: UrlPolicy, resolver: AbstractResolver | None = None) -> aiohttp.TCPConnector:
    """A connector all of whose connections pass `policy`. `resolver` replaces the system's name resolution."""
    return aiohttp.TCPConnector(socket_factory=policy.open_socket, resolver=resolver, limit=16)

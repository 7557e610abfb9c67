"""No source makes the bot connect to where it must not."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from giftbot.errors import SourceError
from giftbot.sources.http import Fetched, FetchTimes, open_fetcher
from giftbot.web.guard import UrlPolicy, is_public, url_policy

Site = Callable[..., Awaitable[str]]
Victim = Callable[..., Awaitable[tuple[int, list[object]]]]

ANY_PORT = UrlPolicy(any_url=True)
"""The guard of production for addresses; http and other ports are allowed, because tests cannot listen on 443."""

SITE_HOST = "127.0.0.2"
"""Stands for a public site in these tests; 127.0.0.1 stays what it is."""

WITH_SITE = UrlPolicy(any_url=True, allows_address=lambda ip: ip == SITE_HOST or is_public(ip))

ONE_ATTEMPT = FetchTimes(attempt=2.0, total=4.0, attempts=1)


class FixedResolver(AbstractResolver):
    """A name server that answers every name with these addresses, and counts how often it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses."""
        self.asked += 1
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses(address: str) -> None:
    """Public addresses are public, also in IPv6 clothes."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),  # noqa: S104
        *("100.64.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *(
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fe80::1%eth0",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
        ),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("64:ff9b:1::808:808", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1", "2001::1", "2001:db8::1"),
        *("100::1", "3fff::1", "5f00::1", "", "localhost", "127.1", "0x7f.1", "2130706433", "0177.0.0.1"),
    ],
)
def test_other_addresses(address: str) -> None:
    """Loopback, private, link-local, special and tunnel addresses are not public, nor is what is no address."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://codes.example/",
            "https://codes.example:8443/",
            "http://codes.example:443/",
            "ftp://codes.example/",
        ),
        *("file:///etc/passwd", "//codes.example/", "/etc/passwd", "", "https://", "gopher://codes.example:443/"),
    ],
)
def test_only_https_on_443(url: str) -> None:
    """By default nothing but https on its own port is fetched."""
    assert url_policy(allow_private=False).refusal(URL(url)) is not None


def test_allowing_private_urls() -> None:
    """With GIFTBOT_ALLOW_PRIVATE_URLS http, other ports and every address are allowed; still only web addresses."""
    policy = url_policy(allow_private=True)
    assert policy.refusal(URL("http://10.0.0.1:8080/codes")) is None
    assert policy.allows_address("127.0.0.1")
    assert policy.refusal(URL("file:///etc/passwd")) is not None
    assert url_policy(allow_private=False).refusal(URL("https://codes.example/")) is None


LITERALS = ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "0", "[::ffff:127.0.0.1]"]


@pytest.mark.parametrize("host", [*LITERALS, "localhost", "LOCALHOST."])
async def test_loopback_in_every_spelling(victim: Victim, host: str) -> None:
    """However an address of this machine is written, no connection is made."""
    port, hits = await victim()
    async with open_fetcher(policy=ANY_PORT, times=ONE_ATTEMPT) as fetcher:
        with pytest.raises(SourceError):
            await fetcher.get(URL(f"http://{host}:{port}/"))
    assert hits == []


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "10.0.0.1", "192.168.0.1", "[fe80::1]", "[fd00:ec2::254]", "[::1]"]
)
async def test_private_literals(host: str) -> None:
    """Addresses of the local network and of cloud metadata are refused by the real policy, at once and for good."""
    async with open_fetcher(times=FetchTimes(backoff=60.0)) as fetcher:
        with pytest.raises(SourceError, match="leads to an address that is not public"):
            await fetcher.get(URL(f"https://{host}/latest/meta-data/"))


async def test_ipv6_loopback(victim: Victim) -> None:
    """The same holds for IPv6."""
    try:
        port, hits = await victim("::1")
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with open_fetcher(policy=ANY_PORT, times=ONE_ATTEMPT) as fetcher:
        with pytest.raises(SourceError, match="not public"):
            await fetcher.get(URL(f"http://[::1]:{port}/"))
    assert hits == []


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["127.0.0.1", "169.254.169.254", "::1"], ["::ffff:127.0.0.1"]]
)
async def test_names_that_resolve_to_loopback(victim: Victim, addresses: list[str]) -> None:
    """A public name that resolves to private addresses (DNS rebinding) gets no connection."""
    port, hits = await victim()
    resolver = FixedResolver(*addresses)
    async with open_fetcher(policy=ANY_PORT, times=ONE_ATTEMPT, resolver=resolver) as fetcher:
        with pytest.raises(SourceError, match="not public"):
            await fetcher.get(URL(f"http://codes.example:{port}/"))
    assert (resolver.asked, hits) == (1, [])


async def test_of_several_addresses_the_public_one_is_used(site: Site, victim: Victim) -> None:
    """A name with a private and a public address is fetched from the public one only."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="codes")

    _, hits = await victim()
    port = URL(await site(answer, host=SITE_HOST)).port
    resolver = FixedResolver("127.0.0.1", SITE_HOST)
    async with open_fetcher(policy=WITH_SITE, times=ONE_ATTEMPT, resolver=resolver) as fetcher:
        answered = await fetcher.get(URL(f"http://codes.example:{port}/"))
    assert isinstance(answered, Fetched)
    assert answered.body == b"codes"
    assert hits == []


async def test_a_name_that_changes_its_mind(site: Site, victim: Victim) -> None:
    """A name that was public when it was first asked, and is private later, gets no connection later."""
    port, hits = await victim()

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="codes", headers={"Connection": "close"})

    address = URL(await site(answer, host=SITE_HOST))
    resolver = FixedResolver(SITE_HOST)
    async with open_fetcher(policy=WITH_SITE, times=ONE_ATTEMPT, resolver=resolver) as fetcher:
        await fetcher.get(address.with_host("codes.example"))
        resolver.addresses = ("127.0.0.1",)
        with pytest.raises(SourceError, match="not public"):
            await fetcher.get(URL(f"http://codes.example:{port}/"))
    assert (resolver.asked, hits) == (2, [])


@pytest.mark.parametrize("host", [*LITERALS, "localhost", "codes@127.0.0.1", "[::1]", "169.254.169.254"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_to_private_addresses(site: Site, victim: Victim, host: str, status: int) -> None:
    """A public site cannot send the bot to this machine: the redirect is not followed."""
    port, hits = await victim()
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=status, headers={"Location": f"http://{host}:{port}/secret"})

    address = await site(answer, host=SITE_HOST)
    async with open_fetcher(policy=WITH_SITE, times=ONE_ATTEMPT) as fetcher:
        with pytest.raises(SourceError):
            await fetcher.get(URL(address))
    assert (asked, hits) == (["/"], [])


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://x/", "javascript:alert(1)", "http://[", "http://a b/", ""]
)
async def test_redirects_to_what_is_no_web_address(site: Site, target: str) -> None:
    """Other schemes and broken targets end the fetch."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": target})

    address = await site(answer, host=SITE_HOST)
    async with open_fetcher(policy=WITH_SITE, times=ONE_ATTEMPT) as fetcher:
        with pytest.raises(SourceError):
            await fetcher.get(URL(address))


async def test_proxies_of_the_environment_are_not_used(victim: Victim, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect where the guard cannot see."""
    port, hits = await victim()
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    async with open_fetcher(allow_private=True, times=ONE_ATTEMPT, resolver=FixedResolver("127.0.0.3")) as fetcher:
        with pytest.raises(SourceError):
            await fetcher.get(URL(f"http://codes.example:{port}/"))
    assert hits == []

"""Fetching: polite, and with sentences that keep secrets."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from yarl import URL

from giftbot import __version__
from giftbot.errors import SourceError
from giftbot.sources.http import Fetched, Fetcher, NotModified, Validators
from tests.sources.fetching import Serve, Site, body_of


async def test_requests_are_honest(site: Site, fetcher: Fetcher) -> None:
    """Requests say who asks, carry the given headers, and never a cookie that was set before."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(text="codes", headers={"Set-Cookie": "id=1"})

    url = URL(await site(answer))
    await fetcher.get(url, headers={"Accept": "application/json"})
    await fetcher.get(url)
    assert [request.headers["User-Agent"] for request in asked] == [
        f"giftbot/{__version__} (+self-hosted Discord bot)"
    ] * 2
    assert asked[0].headers["Accept"] == "application/json"
    assert "Cookie" not in asked[1].headers


async def test_conditional_requests(site: Site, fetcher: Fetcher) -> None:
    """Validators that a server gave are sent back, and 304 means that nothing changed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"v1"':
            assert request.headers["If-Modified-Since"] == "Wed, 04 Mar 2026 05:06:07 GMT"
            return web.Response(status=304)
        return web.Response(
            text="codes", headers={"ETag": '"v1"', "Last-Modified": "Wed, 04 Mar 2026 05:06:07 GMT"}
        )

    url = URL(await site(answer))
    first = await fetcher.get(url)
    assert isinstance(first, Fetched)
    assert first.validators == Validators(etag='"v1"', last_modified="Wed, 04 Mar 2026 05:06:07 GMT")
    assert await fetcher.get(url, validators=first.validators) == NotModified()


async def test_304_that_was_not_asked_for_is_an_error(site: Site, fetcher: Fetcher) -> None:
    """A server that says "not modified" to a first request gave nothing that can be used."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=304)

    with pytest.raises(SourceError, match="answered 304"):
        await fetcher.get(URL(await site(answer)))


@pytest.mark.parametrize("etag", ["x" * 10_000, "ünïcode", ""])
async def test_strange_validators_are_not_sent_back(serve: Serve, fetcher: Fetcher, etag: str) -> None:
    """A validator that is no short ASCII text is ignored."""
    answer = await fetcher.get(URL(await serve(b"codes", ETag=etag[:8000])))
    assert isinstance(answer, Fetched)
    assert answer.validators == Validators()


async def test_three_redirects_and_no_more(site: Site, fetcher: Fetcher) -> None:
    """Up to three redirects are followed; a loop ends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        left = int(request.path[1:])
        return (
            web.Response(text="codes")
            if left == 0
            else web.Response(status=302, headers={"Location": f"/{left - 1}"})
        )

    url = await site(answer)
    assert await body_of(fetcher, f"{url}/3") == b"codes"
    with pytest.raises(SourceError, match="redirects more than 3 times"):
        await body_of(fetcher, f"{url}/4")


async def test_a_redirect_without_target(site: Site, fetcher: Fetcher) -> None:
    """A redirect to nowhere is an error."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302)

    with pytest.raises(SourceError, match="redirects to nowhere"):
        await body_of(fetcher, await site(answer))


async def test_credentials_stay_with_their_origin(site: Site, fetcher: Fetcher) -> None:
    """Keys in headers and credentials in the URL follow a redirect within the origin, and none to another."""
    asked: list[web.Request] = []

    async def other(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(text="codes")

    other_url = await site(other)

    async def own(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(status=302, headers={"Location": "/second" if request.path == "/first" else other_url})

    url = URL(await site(own)).with_user("me").with_password("pass") / "first"
    await fetcher.get(url, headers={"X-API-Key": "s3cret"})
    first, second, elsewhere = asked
    for request in (first, second):
        assert request.headers["X-API-Key"] == "s3cret"
        assert request.headers["Authorization"].startswith("Basic ")
    assert "X-API-Key" not in elsewhere.headers
    assert "Authorization" not in elsewhere.headers


@pytest.mark.parametrize("status", [401, 503, 302])
async def test_sentences_and_logs_keep_secrets(site: Site, fetcher: Fetcher, status: int) -> None:
    """Neither the error nor any log line has the key, the password, the query or what the server says."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, reason="T0KEN", headers={"Location": "ftp://u:T0KEN@x/T0KEN?T0KEN"}, text="T0KEN"
        )

    url = URL(await site(answer)).with_user("me").with_password("T0KEN").with_query(key="T0KEN")
    with capture_logs() as logs, pytest.raises(SourceError) as caught:
        await fetcher.get(url, headers={"X-API-Key": "T0KEN"})
    assert "T0KEN" not in str(caught.value) + repr(caught.value) + repr(logs)
    assert "T0KEN" not in repr(caught.value.__cause__)
    assert logs


async def test_a_header_that_cannot_be_sent(serve: Serve, fetcher: Fetcher) -> None:
    """A key with a line break is an error of one sentence, without the key."""
    url = URL(await serve(b"codes"))
    with pytest.raises(SourceError, match="cannot be asked") as caught:
        await fetcher.get(url, headers={"X-API-Key": "s3cret\r\nHost: evil"})
    assert "s3cret" not in str(caught.value)


async def test_cancelling_a_fetch(site: Site, fetcher: Fetcher) -> None:
    """A fetch that is cancelled ends as cancelled, at once and without another attempt."""
    asked = asyncio.Event()
    over = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.set()
        await over.wait()
        return web.Response()

    task = asyncio.create_task(body_of(fetcher, await site(answer)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    over.set()

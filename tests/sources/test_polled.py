"""What all sources have in common."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from giftbot.errors import SourceError
from giftbot.services.ports import Source
from giftbot.sources.http import Fetched, Fetcher
from giftbot.sources.json_api import JsonApiSource
from giftbot.sources.reading import Reader
from giftbot.web.faults import UnreadableError

Site = Callable[..., Awaitable[str]]


def codes(*names: str) -> str:
    """A JSON answer with these codes."""
    return json.dumps({"codes": [{"code": name} for name in names]})


async def test_the_same_body_is_nothing_new(site: Site, fetcher: Fetcher) -> None:
    """A body that is equal to the last one is None; a new body is a new listing."""
    answers = [codes("GIFT1"), codes("GIFT1"), codes("GIFT1", "GIFT2"), codes("GIFT1")]

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=answers.pop(0))

    source: Source = JsonApiSource(await site(answer), fetcher)
    listings = [await source.fetch() for _ in range(4)]
    assert [listing and sorted(listing.keys) for listing in listings] == [
        ["GIFT1"],
        None,
        ["GIFT1", "GIFT2"],
        ["GIFT1"],
    ]
    await source.aclose()


async def test_304_is_nothing_new(site: Site, fetcher: Fetcher) -> None:
    """The validators of the last listing are sent, and "not modified" is None."""
    conditions: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        conditions.append(request.headers.get("If-None-Match"))
        if conditions[-1] == '"2"':
            return web.Response(status=304)
        return web.Response(text=codes(f"GIFT{len(conditions)}"), headers={"ETag": f'"{len(conditions)}"'})

    source = JsonApiSource(await site(answer), fetcher)
    listings = [await source.fetch() for _ in range(3)]
    assert [listing and sorted(listing.keys) for listing in listings] == [["GIFT1"], ["GIFT2"], None]
    assert conditions == [None, '"1"', '"2"']


async def test_what_could_not_be_read_is_not_remembered(site: Site, fetcher: Fetcher) -> None:
    """Neither body nor validators of an unreadable answer count: it fails again, never "nothing changed"."""
    conditions: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        conditions.append(request.headers.get("If-None-Match"))
        return web.Response(text="<html>", headers={"ETag": '"broken"'})

    source = JsonApiSource(await site(answer), fetcher)
    for _ in range(2):
        with pytest.raises(SourceError, match="not JSON"):
            await source.fetch()
    assert conditions == [None, None]


async def test_after_a_fault_the_last_listing_still_counts(site: Site, fetcher: Fetcher) -> None:
    """A fault in between changes nothing: the same body as before it is None."""
    answers = [(200, codes("GIFT1")), (404, ""), (200, "<html>"), (200, codes("GIFT1"))]

    async def answer(_: web.Request) -> web.StreamResponse:
        status, body = answers.pop(0)
        return web.Response(status=status, text=body)

    source = JsonApiSource(await site(answer), fetcher)
    assert await source.fetch() is not None
    for _ in range(2):
        with pytest.raises(SourceError):
            await source.fetch()
    assert await source.fetch() is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pass@codes.example/api/codes?key=s3cret#top", "https://codes.example/api/codes"),
        ("https://codes.example", "https://codes.example"),
        ("http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"),
    ],
)
async def test_url_is_shown_without_secrets(fetcher: Fetcher, url: str, shown: str) -> None:
    """People see where a source is asked, not with which credentials or query."""
    assert shown == JsonApiSource(url, fetcher).url


async def test_a_document_that_takes_too_long() -> None:
    """Reading ends after its time; meanwhile the source reads nothing else, and afterwards it does again."""
    may_end = threading.Event()

    def slow(_: Fetched) -> str:
        assert may_end.wait(10)
        return "late"

    reader = Reader("page", limit=0.05)
    with pytest.raises(UnreadableError, match="too long"):
        await reader.read(slow, Fetched(b""))
    with pytest.raises(UnreadableError, match="still being read"):
        await reader.read(lambda _: "next", Fetched(b""))
    may_end.set()
    await asyncio.wait({reader._running} if reader._running else set())
    assert await reader.read(lambda _: "next", Fetched(b"")) == "next"
    await reader.aclose()


async def test_an_unexpected_error_of_a_parser() -> None:
    """A bug in a parser is logged with its traceback, and the caller gets one sentence."""

    def broken(_: Fetched) -> str:
        raise ZeroDivisionError

    with pytest.raises(UnreadableError, match="cannot be read"):
        await Reader("page").read(broken, Fetched(b""))

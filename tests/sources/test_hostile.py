"""Hostile bodies: no source raises anything but `SourceError`, and none holds the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from giftbot.errors import SourceError
from giftbot.sources.distribution_api import DistributionApiSource
from giftbot.sources.http import BODY_LIMIT, Fetched, Fetcher, FetchTimes, open_fetcher
from giftbot.sources.json_api import JsonApiSource
from giftbot.sources.listing import Collector
from giftbot.sources.polled import PolledSource
from giftbot.sources.rss import RssSource
from giftbot.sources.web_page import WebPageSource
from giftbot.web.faults import UnreadableError
from tests.sources.pathological import CASES

Serve = Callable[..., Awaitable[str]]

KINDS: list[type[PolledSource]] = [JsonApiSource, RssSource, WebPageSource, DistributionApiSource]

JSON = (
    b'{"success": true, "codes": [{"code": "GIFT1", "status": "active", "rewards": "x", "expiry": "2026-03-04"}]}'
)
LINES = b'{"codes": ["Frost77 25.12.2025"]}'
FEED = b"<rss><channel><item><title>GIFT1</title><description>&lt;b&gt;x</description></item></channel></rss>"
PAGE = b"<h2>Active Codes</h2><table><tr><th>Code</th></tr><tr><td>GIFT1</td></tr></table>"
TOKENS = [
    *(
        "<",
        ">",
        "</",
        "<h2>",
        "</h2>",
        "Active Codes",
        "Expired Codes",
        "<table>",
        "</table>",
        "<tr>",
        "<td>",
        "<th>Code",
    ),
    *(
        "<td colspan=2>",
        "GIFT1",
        "&amp;",
        "&#0;",
        "&#xD800;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<!DOCTYPE rss [",
        "]>",
    ),
    *(
        "<!ENTITY a 'b'>",
        "&a;",
        "<rss>",
        "</rss>",
        "<channel>",
        "</channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
    ),
    *(
        "<description>",
        "</description>",
        "<pubDate>",
        "</pubDate>",
        "xmlns='x'",
        "<?pi",
        "?>",
        "\x00",
        "\ufeff",
        "'",
        '"',
    ),
    *("<script>", "<button>", "<svg>", "<html>", "</body>", "2026-03-04", "<x:y>", "\u202e", "🎁"),
]

names = st.sampled_from(
    ["success", "codes", "data", "giftCodes", "code", "status", "rewards", "expiry", "error", "dateAdded"]
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.sampled_from(["active", "GIFT1 25.12.2025", "GIFT1"]),
)
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)
listings = st.fixed_dictionaries({"codes": st.lists(st.dictionaries(names, documents, max_size=5) | documents)})


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good document with a piece of it replaced."""
    body = draw(st.sampled_from([JSON, LINES, FEED, PAGE]))
    start = draw(st.integers(0, len(body)))
    end = draw(st.integers(start, len(body)))
    return body[:start] + draw(st.binary(max_size=20)) + body[end:]


bodies = st.one_of(
    st.binary(),
    damaged(),
    (documents | listings).map(lambda document: json.dumps(document).encode()),
    st.lists(st.sampled_from(TOKENS)).map(lambda parts: "".join(parts).encode()),
)


@pytest.mark.parametrize("kind", KINDS)
@given(body=bodies, charset=st.sampled_from([None, "utf-8", "utf-16", "latin1", "idna", "\x00"]))
@settings(max_examples=300, deadline=None)
def test_no_body_surprises_a_parser(kind: type[PolledSource], body: bytes, charset: str | None) -> None:
    """Whatever the bytes, a parser gives a listing or says that it cannot read them."""
    with contextlib.suppress(UnreadableError):
        listing = Collector("any").collect(kind.parse(Fetched(body, charset)))
        assert len(listing.keys) == len(listing.findings) <= 500


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_surprises_a_source(kind: type[PolledSource]) -> None:
    """Whatever a server answers, a source gives a listing, "nothing changed", or a `SourceError`."""
    answers: list[tuple[bytes, int, dict[str, str]]] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        body, status, headers = answers[-1]
        return web.Response(body=body, status=status, headers=headers)

    async def fetch(url: str, fetcher: Fetcher) -> None:
        hurried = kind is DistributionApiSource
        source = DistributionApiSource(url, fetcher, call_interval=0) if hurried else kind(url, fetcher)
        with contextlib.suppress(SourceError):
            given_listing = await source.fetch()
            assert given_listing is None or len(given_listing.findings) <= 500

    with asyncio.Runner() as runner:
        app_runner = web.AppRunner(_app(answer), shutdown_timeout=0.1)
        runner.run(app_runner.setup())
        runner.run(web.TCPSite(app_runner, "127.0.0.1", 0).start())
        url = f"http://127.0.0.1:{app_runner.addresses[0][1]}/"
        times = FetchTimes(attempt=1.0, total=2.0, attempts=2, backoff=0.0, backoff_limit=0.0, jitter=0.0)
        opened = open_fetcher(allow_private=True, times=times)
        fetcher = runner.run(opened.__aenter__())

        header = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
        headers = st.dictionaries(
            st.sampled_from(
                ["Content-Type", "ETag", "Last-Modified", "Location", "Retry-After", "Date", "Content-Encoding"]
            ),
            header,
        )
        statuses = st.sampled_from([200, 200, 200, 204, 301, 302, 304, 404, 429, 500, 599])

        @given(st.tuples(bodies, statuses, headers))
        @settings(max_examples=60, deadline=None)
        def surprise(given_answer: tuple[bytes, int, dict[str, str]]) -> None:
            answers.append(given_answer)
            runner.run(fetch(url, fetcher))

        surprise()
        runner.run(opened.__aexit__(None, None, None))
        runner.run(app_runner.cleanup())


def _app(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.Application:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    return app


@pytest.mark.parametrize(
    ("kind", "name", "body"), CASES, ids=[f"{kind.source_name}-{name}" for kind, name, _ in CASES]
)
async def test_pathological_bodies_end(
    serve: Serve, fetcher: Fetcher, kind: type[PolledSource], name: str, body: bytes
) -> None:
    """The worst bodies known are read or given up; how long that holds the loop is a figure of the benchmarks."""
    assert len(body) <= BODY_LIMIT, name
    source = kind(await serve(body), fetcher)
    with contextlib.suppress(SourceError):
        await source.fetch()
    await source.aclose()

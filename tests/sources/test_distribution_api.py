"""The shared code service."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from aiohttp import web

from giftbot.errors import SourceError
from giftbot.models.code import Finding, fold
from giftbot.models.source import Trust
from giftbot.sources.distribution_api import CALL_INTERVAL, DistributionApiSource
from giftbot.sources.http import Fetched, Fetcher
from giftbot.sources.listing import Entry, Refused
from giftbot.web.faults import UnreadableError

Site = Callable[..., Awaitable[str]]


def parsed(document: object) -> list[Entry | Refused]:
    """The entries of an answer."""
    return list(DistributionApiSource.parse(Fetched(json.dumps(document).encode())))


async def test_lines_are_codes(site: Site, fetcher: Fetcher) -> None:
    """A whole answer: code and listing date, never an expiry; the key goes along, and the trust is a hint."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.json_response({"codes": ["Frost77 25.12.2025", "not a line"]})

    source = DistributionApiSource(f"{await site(answer)}/giftcode_api.php", fetcher, api_key="s3cret")
    listing = await source.fetch()
    assert (source.name, source.trust) == ("api", Trust.HINT)
    assert listing is not None
    assert listing.refused == 1
    assert listing.findings == (Finding(fold("FROST77"), "Frost77", listed_at=datetime(2025, 12, 25, tzinfo=UTC)),)
    assert (asked[0].method, asked[0].headers["X-API-Key"]) == ("GET", "s3cret")
    assert asked[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "line",
    [
        *(
            "GIFT1",
            "GIFT1 25.12.2025 x",
            "GIFT1 2025-12-25",
            "GIFT1 31.02.2025",
            "GI_FT 25.12.2025",
            "",
            " ",
            None,
            5,
        ),
        *(
            ["GIFT1 25.12.2025"],
            {"code": "GIFT1"},
            "GIFT1 25.12.20250",
            "ＧＩＦＴ 25.12.2025",
            "@everyone 25.12.2025",
        ),
    ],
)
def test_other_lines_are_refused(line: object) -> None:
    """A line is exactly a code of letters and digits, and a date that exists."""
    assert [type(entry) for entry in parsed({"codes": [line, "GIFT1 25.12.2025"]})] == [Refused, Entry]


@pytest.mark.parametrize(
    "document",
    [
        *({"error": "Invalid key s3cret"}, {"detail": "no", "codes": []}, {"error": None}, {}, [], None),
        *({"codes": None}, {"codes": {}}, "codes"),
    ],
)
def test_errors_in_the_answer_are_errors(document: object) -> None:
    """An answer with `error` or `detail`, or without a list, is an error that repeats nothing of the answer."""
    with pytest.raises(UnreadableError) as caught:
        parsed(document)
    assert "s3cret" not in caught.value.reason


async def test_calls_keep_their_distance(site: Site, fetcher: Fetcher) -> None:
    """Two calls, retries included, begin at least the interval apart."""
    times: list[float] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        times.append(asyncio.get_running_loop().time())
        return web.json_response({"codes": []}, status=503 if len(times) == 1 else 200)

    source = DistributionApiSource(await site(answer), fetcher, call_interval=0.3)
    await source.fetch()
    assert await source.fetch() is None
    assert len(times) == 3
    assert all(later - earlier >= 0.29 for earlier, later in itertools.pairwise(times))
    assert CALL_INTERVAL == 3.0


async def test_a_refused_key_is_not_repeated_in_the_error(site: Site, fetcher: Fetcher) -> None:
    """A 401 is not retried, and its sentence has neither the key nor the query."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=401, reason="s3cret is wrong", text="s3cret is wrong")

    source = DistributionApiSource(f"{await site(answer)}/api?token=t0ken", fetcher, api_key="s3cret")
    with pytest.raises(SourceError, match="answered 401") as caught:
        await source.fetch()
    assert len(asked) == 1
    assert "s3cret" not in str(caught.value)
    assert "t0ken" not in str(caught.value) + source.url

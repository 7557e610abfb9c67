"""The JSON format."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from giftbot.errors import SourceError
from giftbot.models.code import Finding, fold
from giftbot.models.source import Trust
from giftbot.sources.http import Fetched, Fetcher
from giftbot.sources.json_api import JsonApiSource
from giftbot.sources.listing import Entry, Refused
from giftbot.web.faults import UnreadableError

Serve = Callable[..., Awaitable[str]]


def parsed(document: object) -> list[Entry | Refused]:
    """The entries of a document."""
    return list(JsonApiSource.parse(Fetched(json.dumps(document).encode())))


async def test_active_codes_are_listed(serve: Serve, fetcher: Fetcher) -> None:
    """A whole answer: active entries and those without status, with rewards, expiry and date."""
    body = {
        "success": True,
        "codes": [
            {
                "code": "Frost77",
                "status": "active",
                "rewards": "1K Gems",
                "expiry": "2026-03-04",
                "dateAdded": "2026-03-01",
            },
            {"code": "OLD1", "status": "expired"},
            {"code": "NOSTATUS"},
            {"code": "NULLSTATUS", "status": None, "description": "10 gems", "expires": "Unknown"},
        ],
    }
    source = JsonApiSource(await serve(json.dumps(body).encode()), fetcher)
    listing = await source.fetch()
    assert (source.name, source.trust) == ("json", Trust.TRUSTED)
    assert listing is not None
    assert listing.refused == 0
    assert listing.findings == (
        Finding(
            fold("FROST77"),
            "Frost77",
            "1K Gems",
            datetime(2026, 3, 4, 23, 59, 59, tzinfo=UTC),
            datetime(2026, 3, 1, tzinfo=UTC),
        ),
        Finding(fold("NOSTATUS"), "NOSTATUS"),
        Finding(fold("NULLSTATUS"), "NULLSTATUS", "10 gems"),
    )


@pytest.mark.parametrize("name", ["rewards", "reward", "rewardText", "description"])
def test_names_of_rewards(name: str) -> None:
    """Rewards are found under each of the names that were in use."""
    assert parsed({"codes": [{"code": "GIFT1", name: "gems"}]}) == [Entry("GIFT1", "gems")]


@pytest.mark.parametrize("name", ["expiry", "expires", "expiresAt", "expiration", "expirationDate"])
def test_names_of_expiry(name: str) -> None:
    """The expiry is found under each of the names that were in use."""
    expected = [Entry("GIFT1", expires_at=datetime(2026, 3, 4, 5, 6, tzinfo=UTC))]
    assert parsed({"codes": [{"code": "GIFT1", name: "2026-03-04T05:06Z"}]}) == expected


def test_a_list_of_rewards_is_joined() -> None:
    """Rewards may come as a list of texts; other types are no rewards."""
    assert parsed({"codes": [{"code": "A1B", "rewards": ["1 gem", 5, "2 keys"]}]}) == [
        Entry("A1B", "1 gem, 2 keys")
    ]
    assert parsed({"codes": [{"code": "A1B", "rewards": {"gems": 1}}]}) == [Entry("A1B")]


def test_kingshot_shape() -> None:
    """The answer of the Kingshot API; an absent expiry is unknown."""
    document = {
        "status": "success",
        "data": {
            "giftCodes": [
                {"code": "KS1", "expiresAt": "2026-03-04T05:06:07.000Z"},
                {"code": "KS2", "expiresAt": None},
            ]
        },
    }
    assert parsed(document) == [Entry("KS1", expires_at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)), Entry("KS2")]


@pytest.mark.parametrize("status", ["expired", "ACTIVE?", "", 1, True, ["active"]])
def test_what_is_not_marked_active_is_left_out(status: object) -> None:
    """Only `active` is active; left out is not refused."""
    assert parsed({"codes": [{"code": "GIFT1", "status": status}]}) == []
    assert parsed({"codes": [{"code": "GIFT1", "status": " Active "}]}) == [Entry("GIFT1")]


def test_wrong_types_of_entries_are_refused() -> None:
    """Beside good entries, what is no entry is refused."""
    entries = parsed({"codes": [{"code": "GIFT1"}, None, 5, "GIFT2", [], {}, {"code": 12345}, {"code": None}]})
    assert entries[0] == Entry("GIFT1")
    assert [type(entry) for entry in entries[1:]] == [Refused] * 7


@pytest.mark.parametrize(
    "document",
    [
        *(
            None,
            [],
            {},
            5,
            "codes",
            {"codes": None},
            {"codes": {}},
            {"codes": "GIFT1"},
            {"success": False, "codes": []},
        ),
        *({"data": None}, {"data": {"giftCodes": None}}, {"error": "no"}, {"codes": [{"giftCode": "GIFT1"}]}),
        {"codes": [1, 2]},
    ],
)
def test_unexpected_documents_are_errors(document: object) -> None:
    """A document without the expected keys is an error, never an empty list."""
    with pytest.raises(UnreadableError):
        parsed(document)


@pytest.mark.parametrize(
    "body",
    [
        *(
            b"",
            b"\x00",
            b"\xff\xfe\xfa",
            b"<!doctype html><h1>Just a moment...</h1>",
            b'{"codes": [',
            b"[" * 100_000,
        ),
        *(b'{"codes":' * 25_000, b'{"codes": [1' + b"0" * 5000 + b"]}", b"NaN", b"\x1f\x8b\x08"),
    ],
)
async def test_garbage_is_an_error_of_one_sentence(serve: Serve, fetcher: Fetcher, body: bytes) -> None:
    """HTML instead of JSON, broken and deeply nested JSON end in a `SourceError` that names the host."""
    with pytest.raises(
        SourceError, match=r"^127\.0\.0\.1:\d+ (sent something that is not JSON|has no list of codes.*)\.$"
    ):
        await JsonApiSource(await serve(body), fetcher).fetch()


async def test_an_empty_list_is_an_empty_listing(serve: Serve, fetcher: Fetcher) -> None:
    """A healthy answer without codes is a listing; whether to believe it is decided elsewhere."""
    listing = await JsonApiSource(
        await serve(b'\xef\xbb\xbf{"codes": []}', **{"Content-Type": "text/html"}), fetcher
    ).fetch()
    assert listing is not None
    assert listing.findings == ()

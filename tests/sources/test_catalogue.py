"""Which sources are built."""

from __future__ import annotations

import pytest

from giftbot.errors import SettingsError
from giftbot.models.source import Trust
from giftbot.sources.catalogue import build_sources
from giftbot.sources.http import Fetcher, open_fetcher


async def test_sources_follow_their_urls() -> None:
    """Each URL switches its source on; empty and absent ones are off."""
    async with open_fetcher() as fetcher:
        sources = build_sources(
            json_url="https://a.example/codes",
            rss_url="https://b.example/rss",
            page_url=" https://c.example/ ",
            api_url="https://d.example/api?x=1",
            api_key="s3cret",
            fetcher=fetcher,
        )
        assert [(source.name, source.trust, source.url) for source in sources] == [
            ("json", Trust.TRUSTED, "https://a.example/codes"),
            ("page", Trust.TRUSTED, "https://c.example/"),
            ("rss", Trust.TRUSTED, "https://b.example/rss"),
            ("api", Trust.HINT, "https://d.example/api"),
        ]
        off = build_sources(json_url="", rss_url=None, page_url="  ", api_url=None, api_key="k", fetcher=fetcher)
        assert off == ()


@pytest.mark.parametrize(
    "url",
    ["http://codes.example/", "https://codes.example:8443/", "codes.example", "ftp://x/", "https://[", "https://"],
)
async def test_a_url_that_would_never_be_fetched(url: str) -> None:
    """Such a setting is named at the start, in one sentence without the URL: it may hold a key."""
    async with open_fetcher() as fetcher:
        with pytest.raises(SettingsError, match=r"^GIFTCODE_RSS_URL is n[^/]*\.$"):
            build_sources(json_url=None, rss_url=url, page_url=None, api_url=None, api_key=None, fetcher=fetcher)


async def test_private_urls_may_be_allowed(fetcher: Fetcher) -> None:
    """With GIFTBOT_ALLOW_PRIVATE_URLS a sandbox on loopback is a source like any other."""
    sources = build_sources(
        json_url="http://127.0.0.1:8090/codes",
        rss_url=None,
        page_url=None,
        api_url=None,
        api_key=None,
        fetcher=fetcher,
    )
    assert [source.url for source in sources] == ["http://127.0.0.1:8090/codes"]


@pytest.mark.parametrize("key", ["a\nb", "schlüssel"])
async def test_a_key_that_no_header_can_carry(fetcher: Fetcher, key: str) -> None:
    """Such a setting is named at the start, without the key."""
    with pytest.raises(SettingsError, match=r"^GIFTCODE_API_KEY") as caught:
        build_sources(
            json_url=None, rss_url=None, page_url=None, api_url="http://x.example/", api_key=key, fetcher=fetcher
        )
    assert key not in str(caught.value)

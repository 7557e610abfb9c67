"""Which sources there are, built from settings."""

from __future__ import annotations

from yarl import URL

from giftbot.errors import SettingsError
from giftbot.services.ports import Source
from giftbot.sources.distribution_api import DistributionApiSource
from giftbot.sources.http import Fetcher, FetchTimes, open_fetcher
from giftbot.sources.json_api import JsonApiSource
from giftbot.sources.rss import RssSource
from giftbot.sources.web_page import WebPageSource

__all__ = ["FetchTimes", "Fetcher", "build_sources", "open_fetcher"]


def build_sources(
    *,
    json_url: str | None,
    rss_url: str | None,
    page_url: str | None,
    api_url: str | None,
    api_key: str | None,
    fetcher: Fetcher,
) -> tuple[Source, ...]:
    """The sources that are switched on, the most detailed first. An empty or absent URL switches one off.

    Raises `SettingsError`, naming the setting, for a URL that `fetcher` would never fetch and for a key that no
    header can carry.
    """
    key = (api_key or "").strip() or None
    if key is not None and not (key.isascii() and key.isprintable()):
        raise SettingsError("GIFTCODE_API_KEY has characters that no key has.")
    sources: list[Source] = []
    if url := _checked("GIFTCODE_JSON_URL", json_url, fetcher):
        sources.append(JsonApiSource(url, fetcher))
    if url := _checked("GIFTCODE_PAGE_URL", page_url, fetcher):
        sources.append(WebPageSource(url, fetcher))
    if url := _checked("GIFTCODE_RSS_URL", rss_url, fetcher):
        sources.append(RssSource(url, fetcher))
    if url := _checked("GIFTCODE_API_URL", api_url, fetcher):
        sources.append(DistributionApiSource(url, fetcher, api_key=key))
    return tuple(sources)


def _checked(setting: str, value: str | None, fetcher: Fetcher) -> str | None:
    text = (value or "").strip()
    if not text:
        return None
    try:
        refusal = fetcher.policy.refusal(URL(text))
    except ValueError:
        refusal = "is no web address"
    if refusal is not None:
        raise SettingsError(f"{setting} {refusal}.")
    return text

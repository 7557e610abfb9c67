"""The public sources of each game, used where the settings name no others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import attrs


@attrs.frozen
class SourceUrls:
    """Where a game's codes are published; None where nobody does so in that format."""

    json_url: str | None = None
    rss_url: str | None = None
    page_url: str | None = None


DEFAULT_URLS: Mapping[str, SourceUrls] = MappingProxyType(
    {
        "whiteout": SourceUrls(
            json_url="https://wostools.net/api/gift-codes",
            rss_url="https://wosgiftcodes.com/rss.php",
            page_url="https://wosgiftcodes.com/",
        ),
        "kingshot": SourceUrls(json_url="https://kingshot.net/api/gift-codes"),
    }
)
"""By game profile (the setting GAME)."""

"""The games' profiles."""

from __future__ import annotations

import pytest
from yarl import URL

from giftbot.errors import SettingsError
from giftbot.games.profiles import load_profile, profile_names
from giftbot.settings import GAMES
from giftbot.sources.catalogue import build_sources
from giftbot.sources.http import open_fetcher
from giftbot.web.guard import url_policy


def test_every_game_that_can_be_set_has_a_profile() -> None:
    """GAME names a data file, and every data file can be named."""
    assert set(profile_names()) == set(GAMES)
    assert load_profile("whiteout").title == "Whiteout Survival"
    assert load_profile("kingshot").sources.rss_url is None


def test_a_game_without_a_profile() -> None:
    """It is one sentence that names the setting."""
    with pytest.raises(SettingsError, match="GAME must be one of kingshot, whiteout, not"):
        load_profile("../whiteout")


@pytest.mark.parametrize("name", GAMES)
async def test_public_addresses_pass_the_guard(name: str) -> None:
    """Every address of every profile is one that the strict guard allows; a site is an origin."""
    profile = load_profile(name)
    redemption, sources = profile.redemption, profile.sources
    assert url_policy(allow_private=False).refusal(URL(redemption.api_url)) is None
    assert str(URL(redemption.site).origin()) == redemption.site
    async with open_fetcher() as fetcher:
        assert build_sources(
            json_url=sources.json_url,
            rss_url=sources.rss_url,
            page_url=sources.page_url,
            api_url=None,
            api_key=None,
            fetcher=fetcher,
        )

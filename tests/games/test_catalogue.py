"""Which game is built."""

from __future__ import annotations

import pytest

from giftbot.clock import SystemClock
from giftbot.errors import SettingsError
from giftbot.games.catalogue import build_game


@pytest.mark.parametrize("name", ["whiteout", "kingshot"])
async def test_a_profile_is_enough(name: str) -> None:
    """Without any other setting the strict guard takes the profile's address."""
    game = build_game(name, clock=SystemClock(), api_url="", sign_salt="")
    assert game.name == name
    await game.aclose()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://game.example/api", "GAME_API_URL is not https on port 443"),
        ("https://game.example:8443/api", "GAME_API_URL is not https on port 443"),
        ("ftp://game.example/", "GAME_API_URL is no web address"),
        ("https://[", "GAME_API_URL is no web address"),
        ("game.example", "GAME_API_URL is no web address"),
    ],
)
async def test_an_address_that_would_never_be_asked(url: str, sentence: str) -> None:
    """Such a setting is named at the start, in one sentence."""
    with pytest.raises(SettingsError, match=sentence):
        build_game("whiteout", clock=SystemClock(), api_url=url)


async def test_a_game_that_does_not_exist() -> None:
    """It is named."""
    with pytest.raises(SettingsError, match="not “chess”"):
        build_game("chess", clock=SystemClock())

"""What differs between the games, read from the data files beside this module: `data/<GAME>.toml`."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

import attrs

from giftbot.errors import SettingsError


@attrs.frozen
class SourceUrls:
    """Where a game's codes are published; None where nobody does so in that format."""

    json_url: str | None = None
    rss_url: str | None = None
    page_url: str | None = None


@attrs.frozen
class Redemption:
    """Where and how a game's codes are redeemed."""

    api_url: str
    """The base of the API; `/gift_code` is appended."""
    site: str
    """The page on which players redeem by hand, without a final slash; an origin (RFC 6454)."""
    sign_salt: str
    """What is appended to the fields of a call before they are hashed; public, the page carries it."""


@attrs.frozen
class GameProfile:
    """One game."""

    name: str
    """The setting GAME, e.g. `whiteout`."""
    title: str
    """What people call the game."""
    redemption: Redemption
    sources: SourceUrls


def profile_names() -> tuple[str, ...]:
    """The games there are, sorted."""
    files = resources.files("giftbot.games").joinpath("data").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


@functools.cache
def load_profile(name: str) -> GameProfile:
    """The profile of a game. Raises `SettingsError` when there is none of this name."""
    if name not in profile_names():
        raise SettingsError(f"GAME must be one of {', '.join(profile_names())}, not “{name}”.")
    text = resources.files("giftbot.games").joinpath("data", f"{name}.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return GameProfile(
        name=name,
        title=table["title"],
        redemption=Redemption(**table["redemption"]),
        sources=SourceUrls(**table["sources"]),
    )

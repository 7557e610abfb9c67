"""Which game there is, built from settings."""

from __future__ import annotations

from aiohttp.abc import AbstractResolver
from yarl import URL

from giftbot.errors import SettingsError
from giftbot.games.century import CALL_TIMEOUT, CenturyGame
from giftbot.games.profiles import load_profile
from giftbot.services.ports import Clock, Game
from giftbot.web.guard import url_policy
from giftbot.web.session import guarded_session


def build_game(
    name: str,
    *,
    clock: Clock,
    api_url: str | None = None,
    sign_salt: str | None = None,
    allow_private: bool = False,
    timeout: float = CALL_TIMEOUT,
    resolver: AbstractResolver | None = None,
) -> Game:
    """The game of the profile `name`. To be called while a loop runs; `aclose` gives back its session.

    `api_url` (GAME_API_URL) and `sign_salt` (GAME_SIGN_SALT) replace the profile's, `allow_private` is
    GIFTBOT_ALLOW_PRIVATE_URLS, `resolver` replaces the system's name resolution. Raises `SettingsError`, naming the
    setting, for an address that would never be asked.
    """
    redemption = load_profile(name).redemption
    policy = url_policy(allow_private=allow_private)
    try:
        address = URL((api_url or redemption.api_url).strip())
        refusal = policy.refusal(address)
    except ValueError:
        refusal = "is no web address"
    if refusal is not None:
        raise SettingsError(f"GAME_API_URL {refusal}.")
    return CenturyGame(
        name=name,
        api_url=address,
        site=redemption.site,
        salt=sign_salt or redemption.sign_salt,
        session=guarded_session(policy, resolver),
        policy=policy,
        clock=clock,
        timeout=timeout,
    )

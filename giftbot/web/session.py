"""The sessions in which strangers are asked: they say who we are, and connect only to where the guard allows."""

from __future__ import annotations

import aiohttp
from aiohttp.abc import AbstractResolver

import giftbot
from giftbot.web.guard import UrlPolicy, guarded_connector

USER_AGENT = f"giftbot/{giftbot.__version__} (+self-hosted Discord bot)"


def guarded_session(policy: UrlPolicy, resolver: AbstractResolver | None = None) -> aiohttp.ClientSession:
    """A session without cookies, time limits and proxies: proxies would connect where the guard cannot see.

    To be made while a loop runs, and to be closed.
    """
    return aiohttp.ClientSession(
        connector=guarded_connector(policy, resolver),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(),
        trust_env=False,
    )

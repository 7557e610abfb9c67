"""A hikari bot that does nothing, with giftbot's intents and cache: `python -m bench.gateway_child`."""

from __future__ import annotations

import asyncio
import os

import hikari
from hikari.impl import CacheSettings, HTTPSettings, HTTPTimeoutSettings

from bench.link import serve

INVITE_INTENTS = hikari.Intents.GUILD_MEMBERS | hikari.Intents.GUILD_INVITES
"""As in `giftbot.connection`, which is not imported: it would bring half of the bot."""
INVITE_CACHE = (
    hikari.api.CacheComponents.GUILDS
    | hikari.api.CacheComponents.GUILD_CHANNELS
    | hikari.api.CacheComponents.ROLES
    | hikari.api.CacheComponents.ME
)


async def main() -> None:
    """Stay connected until standard input is closed; with BENCH_INVITES as a bot does that watches invites."""
    watches = "BENCH_INVITES" in os.environ
    bot = hikari.GatewayBot(
        os.environ["DISCORD_TOKEN"],
        banner=None,
        logs=None,
        intents=hikari.Intents.GUILDS | INVITE_INTENTS if watches else hikari.Intents.GUILDS,
        auto_chunk_members=False,
        cache_settings=CacheSettings(components=INVITE_CACHE if watches else hikari.api.CacheComponents.ME),
        http_settings=HTTPSettings(timeouts=HTTPTimeoutSettings(total=8.0)),
        max_rate_limit=5.0,
        max_retries=0,
        rest_url=os.environ["DISCORD_API_URL"],
        suppress_optimization_warning=True,
    )
    await bot.start(check_for_updates=False)
    try:
        await serve({})
    finally:
        await bot.close()


if __name__ == "__main__":
    asyncio.run(main())

"""The connection to Discord: a hikari client with least intents, from its token to its end."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import hikari
from hikari.impl import CacheSettings, HTTPSettings, HTTPTimeoutSettings

from giftbot.errors import SettingsError, StartupError, TokenError
from giftbot.settings import Settings

INTENTS = hikari.Intents.GUILDS
"""All that posting needs; nothing privileged."""
MESSAGE_INTENTS = hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT
"""What registering by message needs on top; the second is privileged."""
INVITE_INTENTS = hikari.Intents.GUILD_MEMBERS | hikari.Intents.GUILD_INVITES
"""What attribution needs on top; the first is privileged."""
INVITE_CACHE = (
    hikari.api.CacheComponents.GUILDS
    | hikari.api.CacheComponents.GUILD_CHANNELS
    | hikari.api.CacheComponents.ROLES
    | hikari.api.CacheComponents.ME
)
"""What permissions are computed from: no members."""
DISALLOWED_INTENTS = 4014
REQUEST_TIMEOUT = 8.0
"""Seconds for one request to Discord; below the longest that an attempt to send may take."""
HTTP_SETTINGS = HTTPSettings(force_close_transports=False, timeouts=HTTPTimeoutSettings(total=REQUEST_TIMEOUT))
"""Connections are kept: hikari by itself opens one, and greets Discord (TLS), for every message.

aiohttp closes one that was idle for 15 s, long before Discord would. A message that still meets a closing one
is an unknown outcome like any other, and sent again with its nonce.
"""
LONGEST_WAIT = 5.0
"""Seconds that hikari may hold a request back for a rate limit."""


def application_id_of(token: str) -> int:
    """The bot's user id, the first part of every token; all but the oldest applications have the same id.

    Raises `TokenError`.
    """
    first = token.partition(".")[0]
    try:
        return int(base64.b64decode(first + "=" * (-len(first) % 4), validate=True))
    except (binascii.Error, ValueError):
        raise TokenError("DISCORD_TOKEN is not a bot token. Copy it again from the bot's page.") from None


def intents_of(settings: Settings) -> hikari.Intents:
    """What the bot asks to hear of."""
    intents = INTENTS
    if settings.giftbot_register_by_message:
        intents |= MESSAGE_INTENTS
    if settings.giftbot_invites:
        intents |= INVITE_INTENTS
    return intents


def build_gateway_bot(settings: Settings) -> hikari.GatewayBot:
    """The Discord client, not started: least intents, the least cache, and no retries of its own.

    Raises `SettingsError` without a token, `TokenError` when it cannot be one.
    """
    application_id_of(settings.token)
    return hikari.GatewayBot(
        settings.token,
        banner=None,
        logs=None,
        intents=intents_of(settings),
        auto_chunk_members=False,
        cache_settings=CacheSettings(
            components=INVITE_CACHE if settings.giftbot_invites else hikari.api.CacheComponents.ME
        ),
        http_settings=HTTP_SETTINGS,
        max_rate_limit=LONGEST_WAIT,
        max_retries=0,
        rest_url=settings.discord_api_url,
        suppress_optimization_warning=True,
    )


@asynccontextmanager
async def running_bot(bot: hikari.GatewayBot, settings: Settings) -> AsyncIterator[None]:
    """Connect, and disconnect in the end. Every way to fail becomes one sentence.

    Raises `TokenError` or `StartupError`.
    """
    try:
        await _start(bot, settings)
        yield
    finally:
        with contextlib.suppress(hikari.ComponentStateConflictError):  # it never began to start
            await bot.close()


async def _start(bot: hikari.GatewayBot, settings: Settings) -> None:
    try:
        await bot.start(
            check_for_updates=False, shard_ids=settings.shard_ids, shard_count=settings.giftbot_shard_count
        )
    except hikari.UnauthorizedError:
        raise TokenError("Discord does not accept DISCORD_TOKEN. Copy it again from the bot's page.") from None
    except hikari.GatewayServerClosedConnectionError as error:
        raise _closed(error, settings, f"Discord closed the connection: {error.reason} ({error.code}).") from None
    except Exception as error:
        # hikari lets through whatever the connection raises: cut bodies, refused sockets, session limits.
        raise StartupError(f"Discord cannot be reached, or does not let the bot start: {error}") from error


async def connected(bot: hikari.GatewayBot, settings: Settings) -> None:
    """Return never, but raise `TokenError` or `SettingsError` when Discord closes the connection for good."""
    try:
        await bot.join()
    except hikari.GatewayServerClosedConnectionError as error:
        sentence = f"Discord closed the connection for good: {error.reason} ({error.code})."
        raise _closed(error, settings, sentence) from None


def _closed(error: hikari.GatewayServerClosedConnectionError, settings: Settings, sentence: str) -> StartupError:
    """What to say of a closed connection: for want of a privileged intent, where it is switched on."""
    if error.code != DISALLOWED_INTENTS:
        return TokenError(sentence)
    needs = [
        (settings.giftbot_invites, "Server Members Intent", "GIFTBOT_INVITES"),
        (settings.giftbot_register_by_message, "Message Content Intent", "GIFTBOT_REGISTER_BY_MESSAGE"),
    ]
    switches = " and ".join(f"“{switch}”" for is_on, switch, _ in needs if is_on)
    names = " and ".join(name for is_on, _, name in needs if is_on)
    return SettingsError(
        f"Discord does not grant the bot what {names} needs. Open https://discord.com/developers/applications,"
        f" choose the application, and on its page “Bot” switch on {switches}; or turn {names} off."
    )

"""Checks that ask Discord, over REST alone."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import hikari
from hikari.impl import HTTPSettings, HTTPTimeoutSettings

from giftbot.connection import application_id_of, intents_of
from giftbot.discord.channels import DiscordChannels
from giftbot.errors import InvalidInputError, SettingsError, TokenError
from giftbot.models.check import Check, Level, failed, ok, warning
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId
from giftbot.settings import Settings

TIMEOUT = 5.0
"""Seconds for one request."""
_SHAPE = re.compile(r"[\w-]{10,}\.[\w-]{4,}\.[\w-]{20,}", re.ASCII)
_AWAY = "Try again later. If it stays: does this machine reach Discord?"
_TROUBLE = (hikari.HikariError, aiohttp.ClientError, OSError, ValueError)
"""What asking may raise: hikari lets through what goes wrong while an answer's body is read."""
_PRIVILEGED = {
    hikari.Intents.GUILD_MEMBERS: (
        hikari.ApplicationFlags.VERIFIED_FOR_GUILD_MEMBERS_INTENT | hikari.ApplicationFlags.GUILD_MEMBERS_INTENT
    ),
    hikari.Intents.GUILD_PRESENCES: (
        hikari.ApplicationFlags.VERIFIED_FOR_GUILD_PRESENCES | hikari.ApplicationFlags.GUILD_PRESENCES_INTENT
    ),
    hikari.Intents.MESSAGE_CONTENT: (
        hikari.ApplicationFlags.MESSAGE_CONTENT_INTENT | hikari.ApplicationFlags.MESSAGE_CONTENT_INTENT_LIMITED
    ),
}
"""The intents that Discord grants on request only, and the flags by which an application has them."""
_NEEDED_BY = {
    hikari.Intents.GUILD_MEMBERS: "GIFTBOT_INVITES",
    hikari.Intents.MESSAGE_CONTENT: "GIFTBOT_REGISTER_BY_MESSAGE",
}
"""The settings that need them."""


class DiscordExamination:
    """Asks Discord about the bot's account and about one server's channel."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def check_account(self) -> list[Check]:
        """Whether there is a token of the right shape that Discord accepts, and what the application may do."""
        problem = self._token_problem()
        if problem is not None:
            return [problem]
        try:
            async with self._rest() as rest:
                application = await rest.fetch_application()
        except hikari.UnauthorizedError:
            return [failed("token", "Discord does not accept it", "Copy it again from the bot's page.")]
        except _TROUBLE as error:
            found = f"has the right shape; Discord could not be asked ({_kind(error)})"
            return [warning("token", found, _AWAY)]
        return [
            ok("token", f"accepted by Discord for {application.name}, application {application.id}"),
            check_intents(application.flags, intents_of(self._settings)),
        ]

    async def check_channel(self, guild: GuildSettings) -> Check:
        """Whether the bot may post in a server's channel, as Discord says now."""
        name = f"live {guild.guild_id}"
        if guild.channel_id is None:
            return warning(name, "this server chose no channel", "An admin chooses one with /giftcodesettings.")
        if self._token_problem() is not None:
            return failed(name, "cannot be asked without a token")
        try:
            missing = await self._missing(guild, guild.channel_id)
        except (*_TROUBLE, InvalidInputError) as error:
            return _unknown(name, guild.channel_id, error)
        if missing:
            advice = "Give the bot's role these in the channel, then choose the channel again: /giftcodesettings."
            return failed(name, f"missing in channel {guild.channel_id}: {', '.join(missing)}", advice)
        return ok(name, f"the bot may post in channel {guild.channel_id}")

    async def _missing(self, guild: GuildSettings, channel_id: ChannelId) -> tuple[str, ...]:
        async with self._rest() as rest:
            channels = DiscordChannels(rest, application_id_of(self._settings.token))
            return await channels.missing_permissions(guild.guild_id, channel_id, ping_role_id=guild.ping_role_id)

    def _token_problem(self) -> Check | None:
        try:
            token = self._settings.token
            application_id_of(token)
        except (SettingsError, TokenError) as error:
            what, _, advice = str(error).partition(". ")
            return failed("token", what, advice or None)
        if not _SHAPE.fullmatch(token):
            return failed("token", "does not have a token's shape", "Copy it again from the bot's page.")
        return None

    @asynccontextmanager
    async def _rest(self) -> AsyncIterator[hikari.api.RESTClient]:
        """Discord over REST, without a gateway; closed in the end."""
        app = hikari.RESTApp(
            http_settings=HTTPSettings(timeouts=HTTPTimeoutSettings(total=TIMEOUT)),
            max_rate_limit=TIMEOUT,
            max_retries=0,
            url=self._settings.discord_api_url,
        )
        await app.start()
        try:
            async with app.acquire(self._settings.token, hikari.TokenType.BOT) as rest:
                yield rest
        finally:
            await app.close()


def check_intents(flags: hikari.ApplicationFlags, wanted: hikari.Intents) -> Check:
    """Whether the application is granted the intents that the bot asks for."""
    granted = [str(intent) for intent, flag in _PRIVILEGED.items() if flags & flag]
    privileged = [str(intent) for intent in _PRIVILEGED if wanted & intent]
    lacking = [str(intent) for intent, flag in _PRIVILEGED.items() if wanted & intent and not flags & flag]
    grants = f"the application is granted {', '.join(granted) or 'no privileged one'}"
    if lacking:
        settings = " and ".join(name for intent, name in _NEEDED_BY.items() if str(intent) in lacking)
        advice = f"Switch them on on the bot's page, or turn {settings} off."
        return Check("intents", Level.FAILED, f"{', '.join(lacking)} needed; {grants}", advice)
    which = f"of them privileged: {', '.join(privileged)}" if privileged else "none of them privileged"
    return ok("intents", f"{wanted} needed, {which}; {grants}")


def _unknown(name: str, channel_id: ChannelId, error: Exception) -> Check:
    """Why nothing can be said of a channel's permissions."""
    match error:
        case InvalidInputError():
            return failed(name, f"channel {channel_id}: {str(error).rstrip('.')}")
        case hikari.UnauthorizedError():
            return failed(name, "Discord does not accept the token")
        case hikari.ForbiddenError() | hikari.NotFoundError():
            return failed(name, "the bot is not in this server", "Invite it again.")
        case _:
            return warning(name, f"Discord could not be asked ({_kind(error)})", _AWAY)


def _kind(error: Exception) -> str:
    if isinstance(error, hikari.HTTPResponseError):
        return f"it answered {int(error.status)}"
    return type(error).__name__

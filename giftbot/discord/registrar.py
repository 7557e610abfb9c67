"""Registering by message: in the channel that a server chose for it, a bare player id registers its author."""

from __future__ import annotations

import re

import hikari
import structlog

from giftbot.discord.complaints import complaint
from giftbot.models.ids import ChannelId, GuildId, MessageId, UserId
from giftbot.models.player import parse_kingdom, parse_player_id
from giftbot.services.guilds import Guilds
from giftbot.services.players import Players
from giftbot.text import players as texts

_log = structlog.get_logger(__name__)

_BARE = re.compile(r"\s*([0-9]{1,20})(?:[\s,;]+#?([0-9]{1,4}))?\s*", re.ASCII)


class Registrar:
    """Reads messages in those channels only, and of those only what is a player id and perhaps a kingdom."""

    def __init__(self, rest: hikari.api.RESTClient, *, guilds: Guilds, players: Players) -> None:
        self._rest = rest
        self._guilds = guilds
        self._players = players
        self._busy: set[UserId] = set()
        """Authors whose registration is under way; whatever else they write meanwhile is ignored."""

    def listen(self, bot: hikari.GatewayBot) -> None:
        """Subscribe to messages; needs the intents for messages in servers and for their content."""
        bot.subscribe(hikari.GuildMessageCreateEvent, self._on_message)

    async def _on_message(self, event: hikari.GuildMessageCreateEvent) -> None:
        guild_id, channel_id = GuildId(int(event.guild_id)), ChannelId(int(event.channel_id))
        if not event.is_human or self._guilds.known_register_channels.get(guild_id) != channel_id:
            return
        bare = _BARE.fullmatch(event.content or "")
        author = UserId(int(event.author_id))
        if bare is None or author in self._busy:
            return
        self._busy.add(author)
        try:
            answer = await self._register(guild_id, author, bare[1], bare[2])
        finally:
            self._busy.discard(author)
        await self._reply(channel_id, MessageId(int(event.message_id)), answer)

    async def _register(self, guild_id: GuildId, author: UserId, player: str, kingdom: str | None) -> str:
        """Register a player for the author of a message; what to answer."""
        try:
            done = await self._players.add(
                guild_id, parse_player_id(player), parse_kingdom(kingdom) if kingdom else None, author
            )
        except Exception as error:
            return complaint(error, where="registering by message")
        return texts.registered(done)

    async def _reply(self, channel_id: ChannelId, message_id: MessageId, words: str) -> None:
        """Answer the message, without pinging anybody."""
        try:
            await self._rest.create_message(
                channel_id,
                words,
                reply=message_id,
                reply_must_exist=False,
                nonce=f"r{message_id}",
                mentions_everyone=False,
                mentions_reply=False,
                user_mentions=False,
                role_mentions=False,
            )
        except hikari.HikariError as error:
            _log.warning(
                "registration not answered", channel=channel_id, why=f"{type(error).__name__}: {error}"[:200]
            )

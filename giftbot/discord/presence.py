"""Which servers the bot is in, and what it may do in their channels, as Discord's events tell it."""

from __future__ import annotations

import asyncio

import hikari
import structlog

from giftbot.discord.channels import effective, lacking
from giftbot.errors import StoreError
from giftbot.models.ids import GuildId
from giftbot.services.guilds import Guilds

_log = structlog.get_logger(__name__)


class Presence:
    """Notes servers that come and go. Permissions are computed from the events, without asking Discord."""

    def __init__(self, guilds: Guilds, user_id: int) -> None:
        """Take `user_id`, the bot's own."""
        self._guilds = guilds
        self._user_id = hikari.Snowflake(user_id)
        self._seen: dict[GuildId, tuple[str, ...]] = {}
        self._news: asyncio.Queue[None] = asyncio.Queue(maxsize=1)

    def listen(self, bot: hikari.GatewayBot) -> None:
        """Subscribe to what Discord tells of servers."""
        bot.subscribe(hikari.GuildAvailableEvent, self._on_available)
        bot.subscribe(hikari.GuildJoinEvent, self._on_join)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_leave)

    async def run(self) -> None:
        """Write down what changed, in groups, for ever."""
        while True:
            await self._news.get()
            seen, self._seen = self._seen, {}
            try:
                await self._guilds.note_permissions(seen)
            except StoreError as error:
                self._seen = {**seen, **self._seen}
                _log.warning("persistence failed", what="channel permissions", why=str(error))

    async def _on_available(self, event: hikari.GuildAvailableEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        if guild_id in self._guilds.known_left:
            await self._guilds.joined(guild_id)
        channel_id = self._guilds.known_channels.get(guild_id)
        if channel_id is None:
            return
        channel = event.channels.get(hikari.Snowflake(channel_id))
        member = event.members.get(self._user_id)
        if channel is None or member is None:
            return
        granted = effective(
            guild_id, self._user_id, member.role_ids, event.roles, channel.permission_overwrites.values()
        )
        self._seen[guild_id] = lacking(granted)
        if self._news.empty():
            self._news.put_nowait(None)

    async def _on_join(self, event: hikari.GuildJoinEvent) -> None:
        _log.info("server joined", guild=int(event.guild_id))
        await self._guilds.joined(GuildId(int(event.guild_id)))

    async def _on_leave(self, event: hikari.GuildLeaveEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        _log.info("server left", guild=guild_id)
        await self._guilds.left(guild_id)

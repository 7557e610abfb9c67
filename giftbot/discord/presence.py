"""Which servers the bot is in, and what it may do in their channels, as Discord's events tell it."""

from __future__ import annotations

import asyncio

import hikari
import structlog

from giftbot.discord.channels import effective, lacking
from giftbot.errors import StoreError
from giftbot.models.ids import ChannelId, GuildId
from giftbot.services.guilds import Guilds

_log = structlog.get_logger(__name__)


class Presence:
    """Notes servers that come and go. Permissions are computed from the events, without asking Discord."""

    def __init__(self, guilds: Guilds, user_id: int) -> None:
        """Take `user_id`, the bot's own."""
        self._guilds = guilds
        self._user_id = hikari.Snowflake(user_id)
        self._channels: dict[GuildId, ChannelId] = {}
        self._seen: dict[GuildId, tuple[str, ...]] = {}
        self._left: set[GuildId] = set()
        self._news: asyncio.Queue[None] = asyncio.Queue(maxsize=1)

    async def load(self) -> None:
        """Learn which channels are configured; once, before connecting."""
        async for settings in self._guilds.scan():
            self._channels.update({s.guild_id: s.channel_id for s in settings if s.channel_id is not None})
            self._left.update(s.guild_id for s in settings if s.left_at is not None)

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
        if guild_id in self._left:
            await self._came_back(guild_id)
        channel_id = self._channels.get(guild_id)
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
        await self._came_back(GuildId(int(event.guild_id)))

    async def _on_leave(self, event: hikari.GuildLeaveEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        _log.info("server left", guild=guild_id)
        self._left.add(guild_id)
        await self._guilds.left(guild_id)

    async def _came_back(self, guild_id: GuildId) -> None:
        self._left.discard(guild_id)
        await self._guilds.joined(guild_id)

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


RETRY_AFTER = 5.0
"""Seconds before what the store did not take is tried again."""
GONE = "the channel itself (deleted)"


class Presence:
    """Notes servers that come and go. Permissions are computed from the events, without asking Discord."""

    def __init__(self, guilds: Guilds, user_id: int) -> None:
        """Take `user_id`, the bot's own."""
        self._guilds = guilds
        self._user_id = hikari.Snowflake(user_id)
        self._seen: dict[GuildId, tuple[str, ...]] = {}
        self._moved: dict[GuildId, bool] = {}
        """Whether the bot is a member now, of servers that it joined or left."""
        self._news = asyncio.Event()

    def listen(self, bot: hikari.GatewayBot) -> None:
        """Subscribe to what Discord tells of servers."""
        bot.subscribe(hikari.GuildAvailableEvent, self._on_available)
        bot.subscribe(hikari.GuildJoinEvent, self._on_join)
        bot.subscribe(hikari.GuildLeaveEvent, self._on_leave)

    async def run(self) -> None:
        """Write down what changed, in groups, for ever; what the store does not take is tried again."""
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._write()
            except StoreError as error:
                _log.warning("persistence failed", what="servers that came and went", why=str(error))
                self._news.set()
                await asyncio.sleep(RETRY_AFTER)

    async def _write(self) -> None:
        for guild_id, is_member in list(self._moved.items()):
            await (self._guilds.joined(guild_id) if is_member else self._guilds.left(guild_id))
            if self._moved.get(guild_id) is is_member:
                del self._moved[guild_id]
        seen = dict(self._seen)
        if seen:
            await self._guilds.note_permissions(seen)
            self._seen = {key: value for key, value in self._seen.items() if seen.get(key) != value}

    async def _on_available(self, event: hikari.GuildAvailableEvent) -> None:
        guild_id = GuildId(int(event.guild_id))
        if guild_id in self._guilds.known_left:
            self._note(guild_id, is_member=True)
        channel_id = self._guilds.known_channels.get(guild_id)
        member = event.members.get(self._user_id)
        if channel_id is None or member is None:
            return
        channel = event.channels.get(hikari.Snowflake(channel_id))
        if channel is None:
            self._seen[guild_id] = (GONE,)
        else:
            overwrites = channel.permission_overwrites.values()
            granted = effective(guild_id, self._user_id, member.role_ids, event.roles, overwrites)
            self._seen[guild_id] = lacking(granted)
        self._news.set()

    async def _on_join(self, event: hikari.GuildJoinEvent) -> None:
        _log.info("server joined", guild=int(event.guild_id))
        self._note(GuildId(int(event.guild_id)), is_member=True)

    async def _on_leave(self, event: hikari.GuildLeaveEvent) -> None:
        _log.info("server left", guild=int(event.guild_id))
        self._note(GuildId(int(event.guild_id)), is_member=False)

    def _note(self, guild_id: GuildId, *, is_member: bool) -> None:
        self._moved[guild_id] = is_member
        self._news.set()

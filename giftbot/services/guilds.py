"""A server's settings: choosing them, and finding out when they stop working."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs
import structlog

from giftbot.errors import InvalidInputError, StoreError
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, GuildId, RoleId
from giftbot.models.notice import NoticeKind
from giftbot.services.announcements import Announcements
from giftbot.services.notices import Notices
from giftbot.services.ports import Channels, Clock, GuildStore
from giftbot.text import notices as notice_texts
from giftbot.text import panel as panel_texts

_log = structlog.get_logger(__name__)
_TRIES = 5


class Guilds:
    """Reads and changes the settings of servers."""

    def __init__(
        self,
        *,
        store: GuildStore,
        announcements: Announcements,
        channels: Channels,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._store = store
        self._announcements = announcements
        self._channels = channels
        self._notices = notices
        self._clock = clock
        self.known_channels: dict[GuildId, ChannelId] = {}
        """The configured channels, in memory, as far as this process has seen them."""
        self.known_register_channels: dict[GuildId, ChannelId] = {}
        """The channels in which messages register players, in memory as well."""
        self.known_left: set[GuildId] = set()
        """The servers with settings that the bot was removed from, in memory as well."""

    async def load(self) -> None:
        """Learn which channels are configured and which servers were left; once, before connecting."""
        async for chunk in self._store.scan_guilds(posting_only=False):
            for settings in chunk:
                self._remember(settings)

    async def get(self, guild_id: GuildId) -> GuildSettings:
        """A server's settings; the defaults when it chose nothing yet."""
        return (await self._store.get_guilds([guild_id])).get(guild_id) or GuildSettings(guild_id=guild_id)

    async def choose_channel(self, guild_id: GuildId, channel_id: ChannelId) -> GuildSettings:
        """Post to this channel from now on. Nothing is posted before the server chose what happens to old codes.

        Raises `InvalidInputError` that names the missing permissions when the bot could not post there.
        """
        role_id = (await self.get(guild_id)).ping_role_id
        await self._require_permissions(guild_id, channel_id, ping_role_id=role_id)
        for kind in (NoticeKind.ADMIN, NoticeKind.BROKEN_CHANNEL):
            await self._notices.forget(kind, f"{guild_id}:{channel_id}")
        now = self._clock.now()
        return await self._change(guild_id, lambda settings: settings.with_channel(channel_id, now))

    async def choose_role(self, guild_id: GuildId, role_id: RoleId | None) -> GuildSettings:
        """Mention this role with each post, or nobody.

        Raises `InvalidInputError` when the bot could not mention it in the chosen channel.
        """
        settings = await self.get(guild_id)
        if role_id is not None and int(role_id) == int(guild_id):
            raise InvalidInputError(panel_texts.NOT_EVERYONE)
        if role_id is not None and settings.channel_id is not None:
            channel_id = settings.channel_id
            alone = await self._channels.missing_permissions(guild_id, channel_id)
            together = await self._channels.missing_permissions(guild_id, channel_id, ping_role_id=role_id)
            if set(together) - set(alone):
                raise InvalidInputError(panel_texts.role_not_mentionable(role_id, channel_id))
        return await self._change(guild_id, lambda settings: attrs.evolve(settings, ping_role_id=role_id))

    async def turn_posting(self, guild_id: GuildId, *, on: bool) -> GuildSettings:
        """Turn posting on or off; turned off, nothing is forgotten and nothing is collected."""
        return await self._change(guild_id, lambda settings: attrs.evolve(settings, auto_post=on))

    async def choose_redeem_channel(self, guild_id: GuildId, channel_id: ChannelId | None) -> GuildSettings:
        """Show the progress of redemptions in this channel from now on, or nowhere.

        Raises `InvalidInputError` that names the missing permissions when the bot could not post there.
        """
        if channel_id is not None:
            await self._require_permissions(guild_id, channel_id)
        return await self._change(guild_id, lambda settings: attrs.evolve(settings, redeem_channel_id=channel_id))

    async def choose_register_channel(self, guild_id: GuildId, channel_id: ChannelId | None) -> GuildSettings:
        """Let a message that is a player id register its author in this channel, or nowhere.

        Raises `InvalidInputError` that names the missing permissions when the bot could not answer there.
        """
        if channel_id is not None:
            await self._require_permissions(guild_id, channel_id)
        return await self._change(guild_id, lambda settings: attrs.evolve(settings, register_channel_id=channel_id))

    async def choose_kingdom(self, guild_id: GuildId, kingdom: int | None) -> GuildSettings:
        """Take this kingdom for players who are registered without one, or have everybody name theirs."""
        return await self._change(guild_id, lambda settings: attrs.evolve(settings, default_kingdom=kingdom))

    async def turn_redeeming(self, guild_id: GuildId, *, on: bool) -> GuildSettings:
        """Turn auto-redeem on or off; what that means for jobs is up to whoever asks."""
        return await self._change(guild_id, lambda settings: attrs.evolve(settings, auto_redeem=on))

    async def begin(self, guild_id: GuildId, choice: Backfill) -> int:
        """Post the codes that are active now, or only later ones; how many are posted now."""
        now = self._clock.now()
        settings = await self._change(
            guild_id, lambda settings: attrs.evolve(settings, backfill=choice, backfill_at=now)
        )
        written = await self._announcements.backfill(settings)
        return written if choice is Backfill.POST else 0

    async def disable(self, guild_id: GuildId, channel_id: ChannelId, reason: str) -> None:
        """Stop posting to a channel that Discord refuses, and tell the people concerned, once.

        They are told first: a crash in between costs a second look at the channel, and nobody is left untold.
        """
        if (await self.get(guild_id)).channel_id != channel_id:
            return
        subject = f"{guild_id}:{channel_id}"
        await self._notices.tell(NoticeKind.ADMIN, subject, notice_texts.channel_broken_admin(channel_id, reason))
        await self._notices.tell(
            NoticeKind.BROKEN_CHANNEL, subject, notice_texts.channel_broken_owner(guild_id, channel_id, reason)
        )
        if await self._store.disable_channel(guild_id, channel_id, reason, self._clock.now()):
            _log.warning("channel disabled", guild=guild_id, channel=channel_id, why=reason)

    async def left(self, guild_id: GuildId) -> None:
        """Note that the bot was removed from a server; nothing where nothing was chosen."""
        if await self.get(guild_id) == GuildSettings(guild_id=guild_id):
            return
        now = self._clock.now()
        await self._change(guild_id, lambda settings: attrs.evolve(settings, left_at=now))
        await self._announcements.left(guild_id)

    async def joined(self, guild_id: GuildId) -> None:
        """Note that the bot is in a server (again). What was posted to others meanwhile is not made up for."""
        settings = await self.get(guild_id)
        if settings.left_at is None:
            return
        settings = await self._change(guild_id, lambda settings: attrs.evolve(settings, left_at=None))
        if settings.channel_id is not None:
            await self.begin(guild_id, Backfill.SKIP)

    async def note_permissions(self, missing: Mapping[GuildId, tuple[str, ...]]) -> None:
        """Remember what lacked when the bot last saw these servers' channels, where that changed."""
        known = await self._store.get_guilds(missing.keys())
        now = self._clock.now()
        for guild_id, settings in known.items():
            if settings.missing_permissions != missing[guild_id] or settings.checked_at is None:
                await self._change(guild_id, _noting(missing[guild_id], now))

    def _remember(self, settings: GuildSettings) -> None:
        if settings.channel_id is not None:
            self.known_channels[settings.guild_id] = settings.channel_id
        if settings.register_channel_id is not None:
            self.known_register_channels[settings.guild_id] = settings.register_channel_id
        else:
            self.known_register_channels.pop(settings.guild_id, None)
        if settings.left_at is not None:
            self.known_left.add(settings.guild_id)
        else:
            self.known_left.discard(settings.guild_id)

    async def _require_permissions(
        self, guild_id: GuildId, channel_id: ChannelId, *, ping_role_id: RoleId | None = None
    ) -> None:
        missing = await self._channels.missing_permissions(guild_id, channel_id, ping_role_id=ping_role_id)
        if missing:
            raise InvalidInputError(panel_texts.missing_permissions(channel_id, missing))

    async def _change(
        self, guild_id: GuildId, transition: Callable[[GuildSettings], GuildSettings]
    ) -> GuildSettings:
        for _ in range(_TRIES):
            settings = attrs.evolve(transition(await self.get(guild_id)), updated_at=self._clock.now())
            if await self._store.save_guild(settings):
                self._remember(settings)
                return attrs.evolve(settings, revision=settings.revision + 1)
        raise StoreError("These settings are being changed by somebody else over and over. Try again.")


def _noting(missing: tuple[str, ...], now: datetime) -> Callable[[GuildSettings], GuildSettings]:
    return lambda settings: attrs.evolve(settings, missing_permissions=missing, checked_at=now)

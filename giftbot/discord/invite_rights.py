"""What the bot may do about a server's invites, from hikari's cache and what events told of the bot's own roles."""

from __future__ import annotations

from collections.abc import Iterable

import hikari

from giftbot.discord.channels import effective
from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.invite import Coverage
from giftbot.services.invites.ports import ChannelSight

MANAGE_SERVER = "Manage Server"
_ALL = hikari.Permissions.all_permissions()
_VIEW = hikari.Permissions.VIEW_CHANNEL
_APPROVAL = "MEMBER_VERIFICATION_MANUAL_APPROVAL"
"""What Discord calls it among a server's features; hikari has no name for it."""
_INVITABLE = frozenset(
    {
        hikari.ChannelType.GUILD_TEXT,
        hikari.ChannelType.GUILD_NEWS,
        hikari.ChannelType.GUILD_VOICE,
        hikari.ChannelType.GUILD_STAGE,
        hikari.ChannelType.GUILD_FORUM,
        hikari.ChannelType.GUILD_MEDIA,
    }
)


class InviteRights:
    """Computes permissions without asking Discord. The cache must hold guilds, channels and roles."""

    def __init__(self, cache: hikari.api.Cache, user_id: int) -> None:
        """Take `user_id`, the bot's own."""
        self._cache = cache
        self.user_id = UserId(user_id)
        self._roles: dict[GuildId, tuple[hikari.Snowflake, ...]] = {}

    def note(self, guild_id: GuildId, role_ids: Iterable[hikari.Snowflake]) -> None:
        """The bot has exactly these roles in that server."""
        self._roles[guild_id] = tuple(role_ids)

    def forget(self, guild_id: GuildId) -> None:
        """The bot is not in that server any more."""
        self._roles.pop(guild_id, None)

    def knows(self, guild_id: GuildId) -> bool:
        """Whether the bot is in that server, and its roles there were told."""
        return guild_id in self._roles

    def may(self, guild_id: GuildId, permission: hikari.Permissions) -> bool:
        """Whether the bot has a permission in the whole server."""
        return bool(self._granted(guild_id) & permission)

    def coverage(self, guild_id: GuildId) -> Coverage:
        """How much of the invites may be seen."""
        if self.may(guild_id, hikari.Permissions.MANAGE_GUILD):
            return Coverage.FULL
        if self.countable(guild_id):
            return Coverage.CHANNELS
        if self.may(guild_id, hikari.Permissions.VIEW_AUDIT_LOG):
            return Coverage.BARE
        return Coverage.NONE

    def countable(self, guild_id: GuildId) -> list[ChannelId]:
        """The channels whose own lists may be seen."""
        return [sight.channel_id for sight in self.sights(guild_id) if sight.may_manage]

    def missing(self, guild_id: GuildId) -> tuple[str, ...]:
        """Names of the permissions for want of which not everything is seen."""
        if not self.knows(guild_id) or self.may(guild_id, hikari.Permissions.MANAGE_GUILD):
            return ()
        return (MANAGE_SERVER,)

    def has_vanity(self, guild_id: GuildId) -> bool:
        """Whether the server may have an address of its own."""
        guild = self._cache.get_guild(guild_id)
        return guild is not None and hikari.GuildFeature.VANITY_URL in guild.features

    def has_gate(self, guild_id: GuildId) -> bool:
        """Whether members are approved by hand before they join."""
        guild = self._cache.get_guild(guild_id)
        return guild is not None and _APPROVAL in guild.features

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """The channels that can have invites, from top to bottom."""
        if not self.knows(guild_id):
            return []
        found = [
            channel
            for channel in self._cache.get_guild_channels_view_for_guild(guild_id).values()
            if channel.type in _INVITABLE
        ]
        found.sort(key=lambda channel: (channel.position, channel.id))
        return [self._sight(guild_id, channel) for channel in found]

    def _sight(self, guild_id: GuildId, channel: hikari.PermissibleGuildChannel) -> ChannelSight:
        roles = self._cache.get_roles_view_for_guild(guild_id)
        overwrites = channel.permission_overwrites.values()
        granted = _ALL
        if not self._owns(guild_id):
            own = self._roles.get(guild_id, ())
            granted = effective(guild_id, self.user_id, own, roles, overwrites)
        everyone = effective(guild_id, 0, (), roles, overwrites)
        sees = bool(granted & _VIEW)
        return ChannelSight(
            channel_id=ChannelId(int(channel.id)),
            name=channel.name or str(channel.id),
            may_create=sees and bool(granted & hikari.Permissions.CREATE_INSTANT_INVITE),
            may_manage=sees and bool(granted & hikari.Permissions.MANAGE_CHANNELS),
            is_public=bool(everyone & _VIEW),
        )

    def _granted(self, guild_id: GuildId) -> hikari.Permissions:
        if not self.knows(guild_id):
            return hikari.Permissions.NONE
        if self._owns(guild_id):
            return _ALL
        roles = self._cache.get_roles_view_for_guild(guild_id)
        return effective(guild_id, self.user_id, self._roles[guild_id], roles, ())

    def _owns(self, guild_id: GuildId) -> bool:
        guild = self._cache.get_guild(guild_id)
        return guild is not None and int(guild.owner_id) == self.user_id

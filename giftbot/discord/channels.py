"""What the bot may do in a channel, computed from roles and overwrites; implements the `Channels` port.

An interaction's own permissions describe the channel of the command, not the one that was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import hikari

from giftbot.errors import InvalidInputError
from giftbot.models.ids import ChannelId, GuildId
from giftbot.text import panel as texts

NEEDED: Mapping[hikari.Permissions, str] = {
    hikari.Permissions.VIEW_CHANNEL: "View Channel",
    hikari.Permissions.SEND_MESSAGES: "Send Messages",
    hikari.Permissions.EMBED_LINKS: "Embed Links",
    hikari.Permissions.READ_MESSAGE_HISTORY: "Read Message History",
}
MENTION = "Mention Everyone"
POSTABLE = (hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_NEWS)


class DiscordChannels:
    """Asks Discord for the channel, the roles and the bot's own member."""

    def __init__(self, rest: hikari.api.RESTClient, application_id: int) -> None:
        """Take `application_id`, which is also the bot's user id."""
        self._rest = rest
        self._user_id = hikari.Snowflake(application_id)

    async def missing_permissions(
        self, guild_id: GuildId, channel_id: ChannelId, *, ping_role_id: int | None = None
    ) -> tuple[str, ...]:
        """Names of the permissions that posting there lacks; empty when all is well."""
        try:
            channel = await self._rest.fetch_channel(channel_id)
        except hikari.ForbiddenError:
            return (NEEDED[hikari.Permissions.VIEW_CHANNEL],)
        except hikari.NotFoundError:
            raise InvalidInputError(texts.CHANNEL_GONE) from None
        if not isinstance(channel, hikari.PermissibleGuildChannel) or int(channel.guild_id) != int(guild_id):
            raise InvalidInputError(texts.NOT_POSTABLE)
        if channel.type not in POSTABLE:
            raise InvalidInputError(texts.NOT_POSTABLE)
        roles = {role.id: role for role in await self._rest.fetch_roles(guild_id)}
        member = await self._rest.fetch_member(guild_id, self._user_id)
        granted = effective(guild_id, self._user_id, member.role_ids, roles, channel.permission_overwrites.values())
        return lacking(granted, roles.get(hikari.Snowflake(ping_role_id)) if ping_role_id else None)


def lacking(granted: hikari.Permissions, ping_role: hikari.Role | None = None) -> tuple[str, ...]:
    """Names of what is needed and not granted; a role that not everybody may mention needs one more."""
    missing = [name for permission, name in NEEDED.items() if not granted & permission]
    if ping_role is not None and not ping_role.is_mentionable and not granted & hikari.Permissions.MENTION_ROLES:
        missing.append(MENTION)
    return tuple(missing)


def effective(
    guild_id: int,
    user_id: int,
    role_ids: Iterable[hikari.Snowflake],
    roles: Mapping[hikari.Snowflake, hikari.Role],
    overwrites: Iterable[hikari.PermissionOverwrite],
) -> hikari.Permissions:
    """A member's permissions in a channel, as Discord documents their computation."""
    own = {hikari.Snowflake(guild_id), *role_ids}
    granted = hikari.Permissions.NONE
    for role_id in own & roles.keys():
        granted |= roles[role_id].permissions
    if granted & hikari.Permissions.ADMINISTRATOR:
        return hikari.Permissions.all_permissions()
    by_id = {overwrite.id: overwrite for overwrite in overwrites}
    if everyone := by_id.get(hikari.Snowflake(guild_id)):
        granted = (granted & ~everyone.deny) | everyone.allow
    denied = allowed = hikari.Permissions.NONE
    for role_id in role_ids:
        if role_id != guild_id and (overwrite := by_id.get(role_id)):
            denied |= overwrite.deny
            allowed |= overwrite.allow
    granted = (granted & ~denied) | allowed
    if personal := by_id.get(hikari.Snowflake(user_id)):
        granted = (granted & ~personal.deny) | personal.allow
    return granted

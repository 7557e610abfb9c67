"""Who may do what: checked in every handler, because what Discord shows is a default that admins can change."""

from __future__ import annotations

import hikari

from giftbot.errors import NotAllowedError
from giftbot.models.ids import GuildId
from giftbot.text import answers as texts

MANAGER = hikari.Permissions.MANAGE_GUILD


def is_manager(member: hikari.InteractionMember | None) -> bool:
    """Whether somebody manages the server."""
    rights = hikari.Permissions.MANAGE_GUILD | hikari.Permissions.ADMINISTRATOR
    return member is not None and bool(member.permissions & rights)


def require_manager(member: hikari.InteractionMember | None) -> None:
    """Let pass whoever manages the server. Raises `NotAllowedError`."""
    if member is None:
        raise NotAllowedError(texts.ONLY_IN_SERVERS)
    if not is_manager(member):
        raise NotAllowedError(texts.NOT_ALLOWED)


def require_guild(guild_id: int | None) -> GuildId:
    """The server of an interaction. Raises `NotAllowedError` in direct messages."""
    if guild_id is None:
        raise NotAllowedError(texts.ONLY_IN_SERVERS)
    return GuildId(int(guild_id))

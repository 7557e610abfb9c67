"""The ids of this bot: which kinds there are, and the one function that builds each composite id."""

from __future__ import annotations

from typing import NewType

GuildId = NewType("GuildId", int)
"""A Discord server's snowflake."""

ChannelId = NewType("ChannelId", int)
RoleId = NewType("RoleId", int)
UserId = NewType("UserId", int)
MessageId = NewType("MessageId", int)

CodeKey = NewType("CodeKey", str)
"""A folded gift code, `[A-Z0-9_-]{3,32}`: what codes are compared by (see `giftbot.models.code.fold`)."""

AnnouncementId = NewType("AnnouncementId", str)
"""`"<guild>:<CODE>"`, the id of an outbox row."""


def announcement_id(guild_id: GuildId, key: CodeKey) -> AnnouncementId:
    """The id of the outbox row of one code in one server."""
    return AnnouncementId(f"{guild_id}:{key}")

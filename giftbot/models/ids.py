"""The ids of this bot: which kinds there are, and the one function that builds each composite id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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

PlayerId = NewType("PlayerId", str)
"""A player's id in the game: 1 to 20 digits, as text."""

JobId = NewType("JobId", str)
"""`"<guild>:<CODE>"`, the id of a redemption job."""

RedemptionId = NewType("RedemptionId", str)
"""`"<guild>:<CODE>:<player>"`, the id of one player's redemption."""

InviteCode = NewType("InviteCode", str)
"""The last part of an invite's address. Its case counts."""

JoinId = NewType("JoinId", str)
"""`"<guild>:<user>:<milliseconds>"`, the id of one membership: the moment at which Discord says it began."""

CreditId = NewType("CreditId", str)
"""`"<kind>:<membership>"`, the id of a credit: one for each membership and kind."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def announcement_id(guild_id: GuildId, key: CodeKey) -> AnnouncementId:
    """The id of the outbox row of one code in one server."""
    return AnnouncementId(f"{guild_id}:{key}")


def job_id(guild_id: GuildId, key: CodeKey) -> JobId:
    """The id of the redemption job of one code in one server."""
    return JobId(f"{guild_id}:{key}")


def redemption_id(guild_id: GuildId, key: CodeKey, player_id: PlayerId) -> RedemptionId:
    """The id of the redemption of one code for one player in one server."""
    return RedemptionId(f"{guild_id}:{key}:{player_id}")


def player_key(guild_id: GuildId, player_id: PlayerId) -> str:
    """The id of a player's row in one server."""
    return f"{guild_id}:{player_id}"


def join_id(guild_id: GuildId, user_id: UserId, joined_at: datetime) -> JoinId:
    """The id of a membership that began at this moment."""
    return JoinId(f"{guild_id}:{user_id}:{(joined_at - _EPOCH) // timedelta(milliseconds=1)}")


def event_id(guild_id: GuildId, seq: int) -> str:
    """The id of an event's row: in text order as `seq`."""
    return f"{guild_id}:{seq:020d}"


def batch_id(guild_id: GuildId, number: int) -> str:
    """The id of a batch's row: in text order as `number`."""
    return f"{guild_id}:{number:012d}"


def link_key(guild_id: GuildId, code: InviteCode, valid_from: datetime) -> str:
    """The id of a staff link's row: one code may count for one person after the other."""
    return f"{guild_id}:{code}:{(valid_from - _EPOCH) // timedelta(milliseconds=1)}"

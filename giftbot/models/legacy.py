"""What earlier bots left behind, read and checked: one value for each thing that can be taken over.

Readers make these of whatever they find; `giftbot.services.migration` stores them. A row that cannot be used is a
`Skip` with its reason, never nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

import attrs

from giftbot.models.ids import ChannelId, CodeKey, GuildId, InviteCode, PlayerId, UserId
from giftbot.models.invite import Invite
from giftbot.models.redemption import RedemptionOutcome


@attrs.frozen
class Skip:
    """A row that is not taken over."""

    where: str
    """Which one, for people: `sent, server 5, entry 3`."""
    reason: str
    """Why, in the same words for the same reason: rows are counted by it."""
    raw: str = ""
    """What stands there, cut and harmless."""


@attrs.frozen
class SentCode:
    """A code that was posted in a server."""

    guild_id: GuildId
    key: CodeKey
    display: str
    """In the casing in which it was kept."""
    at: datetime | None
    """When, at the latest; None when nothing says so."""


@attrs.frozen
class KnownCode:
    """A code that an earlier bot knew. That says nothing of where it was posted."""

    key: CodeKey
    display: str
    at: datetime | None
    """Since when, at the latest."""


@attrs.frozen
class PostChannel:
    """Where a server wants new codes posted."""

    guild_id: GuildId
    channel_id: ChannelId
    auto_post: bool = True


@attrs.frozen
class RedeemChannel:
    """The channel in which a server's players registered, and saw the progress of redemptions."""

    guild_id: GuildId
    channel_id: ChannelId


@attrs.frozen
class AutoRedeem:
    """Whether codes were redeemed for a server's players."""

    guild_id: GuildId
    is_on: bool


@attrs.frozen
class Member:
    """A registered player. Earlier bots did not know kingdoms."""

    guild_id: GuildId
    player_id: PlayerId
    nickname: str | None
    added_by: UserId | None
    at: datetime | None


@attrs.frozen
class Grant:
    """A code that a player has."""

    guild_id: GuildId
    key: CodeKey
    display: str
    player_id: PlayerId
    outcome: RedemptionOutcome
    """`REDEEMED` or `ALREADY`."""
    at: datetime | None


@attrs.frozen
class Baseline:
    """How often a server's invites had been used at one moment."""

    guild_id: GuildId
    taken_at: datetime | None
    invites: tuple[Invite, ...]


@attrs.frozen
class Membership:
    """Somebody joined a server by an invite."""

    guild_id: GuildId | None
    """None where the earlier bot kept no server."""
    user_id: UserId
    joined_at: datetime
    user_name: str | None = None
    code: InviteCode | None = None
    """None when it was not found out."""
    owner_id: UserId | None = None
    """The staff member or inviter for whom it counted."""
    owner_name: str | None = None
    uses_before: int | None = None
    uses_after: int | None = None
    is_manual: bool = False
    """Whether a person recorded it by hand."""
    is_logged: bool = False
    """Whether it is from the log of joins, which counts more than the table of invites."""


@attrs.frozen
class StaffCode:
    """An invite that counted for a staff member."""

    guild_id: GuildId | None
    staff_id: UserId
    staff_name: str | None
    code: InviteCode | None
    """None when the link was deleted: what is known of the staff member stays."""
    since: datetime | None
    notes: Mapping[str, str | None] = attrs.Factory(dict)
    """What else was kept, by its names (`email_template`, ...)."""


@attrs.frozen
class VipRequest:
    """Somebody asked for, or got, the VIP role."""

    guild_id: GuildId | None
    user_id: UserId
    user_name: str | None
    staff_id: UserId | None
    kind: str
    """`new_account`, `existing_account`, `role_promotion`, `existing_vip_sync`, ... as it was kept."""
    status: str
    """`pending`, `completed`, `denied`, ... as it was kept."""
    code: InviteCode | None
    at: datetime | None
    notes: Mapping[str, str | None] = attrs.Factory(dict)


@attrs.frozen
class VipRole:
    """The role that VIPs have, named in an earlier bot's configuration, which knows no server."""

    role_id: int


Value: TypeAlias = (
    SentCode
    | KnownCode
    | PostChannel
    | RedeemChannel
    | AutoRedeem
    | Member
    | Grant
    | Baseline
    | Membership
    | StaffCode
    | VipRequest
    | VipRole
)
Found: TypeAlias = Value | Skip


@attrs.frozen
class Chunk:
    """Some of what is in a source, in its order."""

    found: tuple[Found, ...]
    done: int
    """How much of the source (see `LegacySource.size`) was read so far."""

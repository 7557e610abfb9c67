"""What Discord tells about a server's members and invites, as it is written down before anything is asked."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId, event_id
from giftbot.models.invite import Invite


class InviteEventKind(enum.StrEnum):
    """What happened."""

    JOINED = "joined"
    ROLES = "roles"
    """A member's roles changed; `role_ids` are all of them."""
    LEFT = "left"
    CREATED = "created"
    """An invite was made; `invite` is it."""
    DELETED = "deleted"
    """An invite is gone."""
    CHANNEL_GONE = "channel_gone"


@attrs.frozen
class InviteEvent:
    """A row of `invite_events`: kept until a batch has dealt with it."""

    guild_id: GuildId
    seq: int
    """Numbers the events of one process in the order in which they came; rises across starts."""
    kind: InviteEventKind
    received_at: datetime
    user_id: UserId | None = None
    user_name: str | None = None
    is_bot: bool = False
    joined_at: datetime | None = None
    """What Discord says; of `JOINED` and `ROLES`."""
    role_ids: tuple[RoleId, ...] = ()
    flags: int = 0
    """The member's flags, as Discord numbers them (1: rejoined, 16: guest)."""
    code: InviteCode | None = None
    invite: Invite | None = None
    channel_id: ChannelId | None = None

    @property
    def event_id(self) -> str:
        """The row's id: in text order as `seq`."""
        return event_id(self.guild_id, self.seq)

"""A server's invites as Discord shows them, and what became of those that are gone."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId


@attrs.frozen
class Invite:
    """One invite link at one moment."""

    code: InviteCode
    uses: int
    """How many joins it counts."""
    inviter_id: UserId | None = None
    """Who made it; None for a widget's invite."""
    inviter_name: str | None = None
    """That user's name as last seen."""
    channel_id: ChannelId | None = None
    max_uses: int = 0
    """After how many uses it vanishes; 0 for never."""
    created_at: datetime | None = None
    expires_at: datetime | None = None
    """None for never."""
    is_temporary: bool = False
    """Whether members who get no role are removed when they disconnect."""
    role_ids: tuple[RoleId, ...] = ()
    """Roles that Discord gives to whoever joins by it."""
    is_guest: bool = False
    """Whether it makes guests, who are no members."""

    @property
    def uses_left(self) -> int | None:
        """How many more joins it lets in; None without limit."""
        return max(0, self.max_uses - self.uses) if self.max_uses else None


@attrs.frozen
class Vanity:
    """A server's own address."""

    code: str
    uses: int


class Coverage(enum.StrEnum):
    """How much of a server's invites a look at them shows."""

    FULL = "full"
    """All of them, with their uses (Manage Server)."""
    CHANNELS = "channels"
    """Those of the channels in which the bot may manage invites (Manage Channels)."""
    BARE = "bare"
    """All of them without uses (View Audit Log)."""
    NONE = "none"
    """The bot may not look."""


@attrs.frozen
class Snapshot:
    """A server's invites as one request showed them."""

    guild_id: GuildId
    taken_at: datetime
    """When the answer had come."""
    invites: Mapping[InviteCode, Invite]
    coverage: Coverage = Coverage.FULL
    channel_ids: frozenset[ChannelId] = frozenset()
    """With `CHANNELS`: those that were looked into. An invite elsewhere is not gone because it is not shown."""
    lost: int = 0
    """How many entries could not be read."""

    def covers(self, invite: Invite) -> bool:
        """Whether that invite would be among these with its uses, if it still existed."""
        if self.coverage is Coverage.CHANNELS:
            return invite.channel_id in self.channel_ids
        return self.coverage is Coverage.FULL


class Gone(enum.StrEnum):
    """Why an invite is not there any more."""

    DELETED = "deleted"
    """Discord said so: somebody deleted it, or its last use was taken."""
    EXPIRED = "expired"
    CHANNEL = "channel"
    """Its channel was deleted."""
    VANISHED = "vanished"
    """It is not listed any more, and nobody said why."""


@attrs.frozen
class Tombstone:
    """An invite that is gone, and may still explain a join."""

    invite: Invite
    """As it was last seen."""
    gone_at: datetime
    gone: Gone
    final_uses: int | None = None
    """What it counted at its end, if the audit log says so."""
    is_revoked: bool | None = None
    """Whether somebody deleted it before its last use; None while nobody knows."""


@attrs.frozen
class Unclaimed:
    """Uses that were counted while nobody was seen to join."""

    code: InviteCode
    count: int
    since: datetime
    among: tuple[InviteCode, ...] = ()
    """Other invites that were counted with it, whose uses these may be instead."""

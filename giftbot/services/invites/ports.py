"""What attribution needs from Discord and from the places where copies are kept."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from giftbot.models.credit import Credit
from giftbot.models.ids import ChannelId, GuildId, InviteCode, MessageId, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Vanity


@attrs.frozen
class MemberSeen:
    """A member as Discord shows them now."""

    user_id: UserId
    user_name: str
    joined_at: datetime
    role_ids: tuple[RoleId, ...] = ()
    is_bot: bool = False
    flags: int = 0


@attrs.frozen
class ChannelSight:
    """How the bot stands to one channel, as far as invites are concerned."""

    channel_id: ChannelId
    name: str
    may_create: bool
    may_manage: bool
    """Whether the bot is told when an invite of this channel is made or deleted (Manage Channels)."""
    is_public: bool
    """Whether @everyone can see it."""


class Way(enum.IntEnum):
    """How somebody came, numbered as in Discord's member search."""

    UNSPECIFIED = 0
    OAUTH = 1
    """A bot, or an application that adds people."""
    INTEGRATION = 2
    DISCOVERY = 3
    HUB = 4
    INVITE = 5
    VANITY = 6
    APPROVAL = 7
    """Somebody let them in by hand."""
    LOBBY = 8


@attrs.frozen
class MemberOrigin:
    """How a member came, as Discord's member search says."""

    user_id: UserId
    joined_at: datetime
    way: Way
    """`UNSPECIFIED` also for a way that is not known here."""
    code: InviteCode | None = None
    """Of the invite, or the server's own address."""
    inviter_id: UserId | None = None


class InviteDirectory(Protocol):
    """Discord's side of invites. Asks nothing that the bot has no permission for, and never asks for a single code.

    Methods that ask raise `InviteLookError` when no usable answer came; those that are not `async` know already.
    """

    @property
    def bot_id(self) -> UserId:
        """Who made the invites that the bot made."""
        ...

    def coverage(self, guild_id: GuildId) -> Coverage:
        """How much a look would show now."""
        ...

    def missing(self, guild_id: GuildId) -> tuple[str, ...]:
        """Names of the permissions whose lack makes that less than everything."""
        ...

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """The channels that can have invites."""
        ...

    def has_vanity(self, guild_id: GuildId) -> bool:
        """Whether the server has an address of its own."""
        ...

    def has_gate(self, guild_id: GuildId) -> bool:
        """Whether members are approved by hand before they join."""
        ...

    def may_make_roles(self, guild_id: GuildId) -> bool:
        """Whether the bot may make roles, and have invites give them (Manage Roles)."""
        ...

    async def look(self, guild_id: GuildId) -> Snapshot:
        """The invites now, as much as may be seen. One entry that cannot be read loses that entry."""
        ...

    async def vanity(self, guild_id: GuildId) -> Vanity | None:
        """The server's own address; None when Discord says nothing useful."""
        ...

    async def revoked(self, guild_id: GuildId, since: datetime) -> Mapping[InviteCode, int] | None:
        """Invites that somebody deleted since then, with their last uses; None without View Audit Log."""
        ...

    async def adder(self, guild_id: GuildId, bot_id: UserId) -> UserId | None:
        """Who added a bot, as the audit log says; None when it cannot be known."""
        ...

    async def members(self, guild_id: GuildId) -> Sequence[MemberSeen]:
        """Everybody who is there now."""
        ...

    async def create(
        self, guild_id: GuildId, channel_id: ChannelId, *, role_id: RoleId | None, reason: str
    ) -> Invite:
        """Make a unique invite without limits, which gives that role."""
        ...

    async def create_role(self, guild_id: GuildId, name: str, reason: str) -> RoleId:
        """Make a role without permissions, which nobody sees apart."""
        ...

    async def delete_role(self, guild_id: GuildId, role_id: RoleId, reason: str) -> None:
        """Delete a role; one that is gone already is no error."""
        ...

    async def names(self, guild_id: GuildId, user_ids: Sequence[UserId]) -> dict[UserId, str]:
        """What these users are called now; those who cannot be found are left out."""
        ...


class MemberSearch(Protocol):
    """Discord's member search, which it does not document."""

    async def joined(self, guild_id: GuildId, first: datetime, last: datetime) -> Sequence[MemberOrigin]:
        """Members who joined between these moments and are there now, oldest first; of very many the oldest.

        Who joined less than about 20 s ago is missing.

        Raises:
            SearchNotReadyError: It asks to come again later.
            SearchRefusedError: It does not work as it is known: it should be left alone for long.
            InviteLookError: The bot lacks the permission (`permitted` is False), or no answer came.
        """
        ...


class StaffDesk(Protocol):
    """Messages about staff links and credits. What went wrong is logged, and answered with None or False."""

    async def ask(self, channel_id: ChannelId, credit: Credit) -> MessageId | None:
        """Show a credit on which somebody has to decide, with buttons that work after any restart."""
        ...

    async def close(self, channel_id: ChannelId, message_id: MessageId, credit: Credit) -> bool:
        """Let the message that asked say where the credit stands instead, without buttons."""
        ...

    async def warn(self, channel_id: ChannelId, words: str, code: InviteCode | None) -> bool:
        """Write to the admins; with a button that issues that link again."""
        ...

    async def write(self, user_id: UserId, words: str) -> bool:
        """Write to a staff member."""
        ...


@attrs.frozen
class Copy:
    """A copy of everything that is known of invites, as one document."""

    epoch: str
    """Names the series of copies; a new one begins where none was found."""
    sequence: int
    """Counts the copies of a series; the highest is the newest."""
    taken_at: datetime
    data: Mapping[str, object]
    """`discord_data`, see `giftbot.services.invites.payload`."""


class CopyPlace(Protocol):
    """A place that keeps a copy: a file, the cloud service, an object store."""

    @property
    def label(self) -> str:
        """Its name for people, e.g. `local` or `cloud`."""
        ...

    async def write(self, copy: Copy) -> None:
        """Keep it, unless a newer one is there. Raises `CopyError` when that did not work."""
        ...

    async def read(self) -> Copy | None:
        """The newest whole copy; None when there is none.

        Raises:
            CopyRefusedError: What is there is damaged, too large, or not ours; the reason is in its text.
            CopyError: Nobody knows what is there.
        """
        ...

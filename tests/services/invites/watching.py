"""What the tests of messages, alerts and examinations have in common: a directory and an outlet that listen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.errors import InviteLookError
from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Vanity
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join
from giftbot.services.invites.greetings import Said
from giftbot.services.invites.ports import ChannelSight, MemberSeen
from tests.fakes import START
from tests.services.invites.joining import GUILD

BOT = UserId(999 << 22)


def invite(code: str, uses: int = 0, **more: object) -> Invite:
    """An invite of somebody."""
    return attrs.evolve(Invite(InviteCode(code), uses), **more)  # type: ignore[arg-type] # checked by attrs


def ledger(number: int, *invites: Invite, **more: object) -> Ledger:
    """What is known after a batch: these invites, all of them seen."""
    made = Ledger(GUILD, number, START, {one.code: one for one in invites}, coverage=Coverage.FULL, last_seq=number)
    return attrs.evolve(made, **more)  # type: ignore[arg-type] # checked by attrs


def batch(*joins: Join, number: int = 1, known: Ledger | None = None) -> InviteBatch:
    """A decided batch."""
    state = known or ledger(number)
    return InviteBatch(GUILD, state.number, START, joins, {}, None, state, ())


@attrs.define
class SeenInvites:
    """An `InviteDirectory` that shows what it is told to."""

    seen: Coverage = Coverage.FULL
    lacks: tuple[str, ...] = ()
    invites: tuple[Invite, ...] = ()
    channels: tuple[ChannelSight, ...] = ()
    failure: str | None = None
    looks: int = 0
    bot_id: UserId = BOT

    def coverage(self, guild_id: GuildId) -> Coverage:
        """As told."""
        return self.seen

    def missing(self, guild_id: GuildId) -> tuple[str, ...]:
        """As told."""
        return self.lacks

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """As told."""
        return list(self.channels)

    def has_vanity(self, guild_id: GuildId) -> bool:
        """It has none."""
        return False

    def has_gate(self, guild_id: GuildId) -> bool:
        """Everybody may come in."""
        return False

    def may_make_roles(self, guild_id: GuildId) -> bool:
        """It may not."""
        return False

    async def look(self, guild_id: GuildId) -> Snapshot:
        """What there is now."""
        self.looks += 1
        if self.failure is not None:
            raise InviteLookError(self.failure)
        return Snapshot(guild_id, START, {one.code: one for one in self.invites}, self.seen)

    async def vanity(self, guild_id: GuildId) -> Vanity | None:
        """It has none."""
        return None

    async def revoked(self, guild_id: GuildId, since: datetime) -> Mapping[InviteCode, int] | None:
        """The audit log cannot be read."""
        return None

    async def adder(self, guild_id: GuildId, bot_id: UserId) -> UserId | None:
        """Not known."""
        return None

    async def members(self, guild_id: GuildId) -> Sequence[MemberSeen]:
        """Nobody."""
        return ()

    async def create(
        self, guild_id: GuildId, channel_id: ChannelId, *, role_id: RoleId | None, reason: str
    ) -> Invite:
        """None are made here."""
        raise InviteLookError("No invites are made here.")

    async def create_role(self, guild_id: GuildId, name: str, reason: str) -> RoleId:
        """None are made here."""
        raise InviteLookError("No roles are made here.")

    async def delete_role(self, guild_id: GuildId, role_id: RoleId, reason: str) -> None:
        """There are none."""
        raise InviteLookError("No roles are deleted here.")

    async def names(self, guild_id: GuildId, user_ids: Sequence[UserId]) -> dict[UserId, str]:
        """Nobody is known."""
        return {}


@attrs.define
class ListeningOutlet:
    """Remembers what was said, and whom it would have notified."""

    answer: Said = Said.SENT
    said: list[tuple[ChannelId, str, UserId | None]] = attrs.Factory(list)

    async def say(self, channel_id: ChannelId, words: str, *, mention: UserId | None) -> Said:
        """Listen."""
        self.said.append((channel_id, words, mention))
        return self.answer

    def server_name(self, guild_id: GuildId) -> str:
        """The same for all."""
        return "The *North*"


@attrs.define
class CountedCopies:
    """Copies that say how often they were made."""

    made: int = 0
    failure: Callable[[], Exception] | None = None

    def status(self) -> tuple[CopyStatus, ...]:
        """The tables, and a place."""
        return (
            CopyStatus("tables", epoch="e", sequence=7 + self.made, taken_at=START),
            CopyStatus(
                "cloud",
                refused="It was *tampered* with.",
                refused_entries=("joins[3]: no number",),
                is_waiting=True,
            ),
        )

    async def back_up(self) -> tuple[CopyStatus, ...]:
        """Make one."""
        if self.failure is not None:
            raise self.failure()
        self.made += 1
        return self.status()

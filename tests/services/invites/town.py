"""A server with channels, bots, guests and staff links; a network that also refuses, garbles, holds and resumes."""

from __future__ import annotations

import asyncio
import copy
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import attrs

from giftbot.errors import InviteLookError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.staff import StaffLink
from giftbot.services.invites.memberships import IS_GUEST
from giftbot.services.invites.ports import ChannelSight, MemberSeen
from tests.services.invites.network import Discord
from tests.services.invites.server import Code, Membership, Server, Tell
from tests.virtual_time import VirtualClock

ADDED = "bot"
"""The way of bots; what their rows have as their source."""
CHANNELS = (ChannelId(5), ChannelId(6), ChannelId(7))


@attrs.define
class PlacedCode(Code):
    """An invite of a channel."""

    channel_id: ChannelId = CHANNELS[0]

    def as_listed(self) -> Invite:
        """It as Discord shows it."""
        return attrs.evolve(Code.as_listed(self), channel_id=self.channel_id)


class Town(Server):
    """A server in which more happens, and which knows what of it no counting can see through."""

    def __init__(self, guild_id: GuildId, clock: VirtualClock, tell: Tell, *, has_vanity: bool = False) -> None:
        super().__init__(guild_id, clock, tell, has_vanity=has_vanity)
        self.surprises: list[str] = []
        """What happened that makes counting wrong by right: then only what marker roles say is sure."""
        self.links: list[StaffLink] = []
        """As they are stored, ended ones too."""
        self.guests = 0
        self.channels = set(CHANNELS)
        self.was_hidden = False
        """Whether the bot could not look for a while: what is used meanwhile is never counted."""

    def as_countable(self) -> Town:
        """This server with its invites as they may be counted.

        What is used while the bot may not look is never counted. A limited invite that is gone may be taken for
        used up where nobody could see why it is gone.
        """
        countable = copy.copy(self)
        countable.codes = {
            name: attrs.evolve(
                code,
                is_gone=code.is_gone or self.was_hidden,
                uses=max(code.uses, code.max_uses) if code.is_gone and self.surprises else code.uses,
            )
            for name, code in self.codes.items()
        }
        return countable

    def add_code(self, name: str, owner: int, **more: object) -> Code:
        """Make an invite, in the first channel by default."""
        blank = PlacedCode(InviteCode(name), UserId(owner), self._clock.now())
        made = self.codes[name] = attrs.evolve(blank, **more)  # type: ignore[arg-type]  # checked by attrs
        listed = attrs.evolve(made.as_listed(), uses=0)
        self._tell(self._event(InviteEventKind.CREATED, code=made.name, invite=listed), 0.0)
        return made

    def in_channel(self, channel_id: ChannelId) -> list[Code]:
        """Its invites that are there."""
        usable = [self.codes[name] for name in self.usable()]
        return [code for code in usable if isinstance(code, PlacedCode) and code.channel_id == channel_id]

    def delete_channel(self, channel_id: ChannelId) -> None:
        """A channel goes, and its invites with it: nobody says so of them."""
        for code in self.in_channel(channel_id):
            code.is_gone = True
        self.channels.discard(channel_id)
        self._tell(self._event(InviteEventKind.CHANNEL_GONE, channel_id=channel_id), 0.0)

    def add_bot(self) -> UserId:
        """Somebody adds a bot."""
        self._last_user += 1
        user, now = UserId(self._last_user), self._clock.now()
        self.memberships.append(Membership(user, now, ADDED))
        self.members[user] = MemberSeen(user, f"bot{user}", now, is_bot=True)
        self._tell(attrs.evolve(self._about(self.members[user], ()), is_bot=True), 0.0)
        return user

    def welcome_guest(self, way: str) -> None:
        """A guest comes by an invite: told like a member, and none."""
        self._used(way)
        self.guests += 1
        user = UserId(self.guild_id * 100_000 + 90_000 + self.guests)
        guest = MemberSeen(user, f"guest{user}", self._clock.now(), flags=IS_GUEST)
        self._tell(self._about(guest, ()), 0.0)

    def accept_as(self, way: str, user: UserId) -> None:
        """A member accepts an invite: it is counted, and they get its role."""
        code = self._used(way)
        member = self.members[user]
        if code is not None and code.role is not None:
            member = attrs.evolve(member, role_ids=tuple(sorted({*member.role_ids, code.role})))
            self.members[user] = member
            told = attrs.evolve(self._about(member, member.role_ids), kind=InviteEventKind.ROLES)
            self._tell(told, 0.0)

    def repeat_later(self, user: UserId) -> None:
        """Discord tells of a member once more, with a moment that is a little later."""
        member = self.members[user]
        moved = attrs.evolve(member, joined_at=member.joined_at + timedelta(seconds=0.4))
        self._tell(attrs.evolve(self._about(moved, member.role_ids), is_bot=member.is_bot), 0.0)

    def owner_at(self, name: str, moment: datetime) -> UserId:
        """Whom an invite counted for then."""
        staff = [link.staff_id for link in self.links if link.code == name and link.is_valid_at(moment)]
        return staff[0] if staff else self.codes[name].owner

    def mark(self, name: str, staff: int, role: RoleId | None) -> list[StaffLink]:
        """Map an invite to a staff member from now on; the links that have changed."""
        now = self._clock.now()
        ended = [
            attrs.evolve(link, valid_to=now) for link in self.links if link.code == name and link.valid_to is None
        ]
        made = StaffLink(self.guild_id, InviteCode(name), UserId(staff), now, marker_role_id=role)
        kept = [link for link in self.links if link.code != name or link.valid_to is not None]
        self.links = [*kept, *ended, made]
        return [*ended, made]


class Gale(Discord):
    """Servers of this kind, and a network with further faults."""

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        super().__init__(clock, seed)
        self.towns: dict[GuildId, Town] = {}
        self.delay = 0.0
        """By how much what is told now comes later than it should."""
        self.is_refusing = False
        """Whether Discord answers 403 although the bot has the permission."""
        self.is_garbled = False
        """Whether one entry of every list cannot be read."""
        self.is_holding = False
        """Whether what is told in an outage comes after it, as a session that is resumed does."""
        self.out_since = 0.0
        self.failures: Counter[GuildId] = Counter()
        self._held: list[InviteEvent] = []

    def add_town(self, number: int, *, has_vanity: bool = False) -> Town:
        """One more server."""
        guild_id = GuildId(number)
        town = Town(guild_id, self.clock, self._send, has_vanity=has_vanity)
        self.servers[guild_id] = self.towns[guild_id] = town
        return town

    def go_out(self, *, holding: bool) -> None:
        """Nothing is heard from now on."""
        self.is_out, self.is_holding, self.out_since = True, holding, self.clock.monotonic()

    def resume(self) -> None:
        """Everything is heard again, first what was held."""
        self.is_out = False
        held, self._held = self._held, []
        for event in held:
            self._arrive(event)

    def _send(self, event: InviteEvent, later: float) -> None:
        if event.kind is InviteEventKind.CHANNEL_GONE:
            asyncio.get_running_loop().call_later(self._random.uniform(*self.weather.lag), self._arrive, event)
        else:
            super()._send(event, later + self.delay)

    def _arrive(self, event: InviteEvent) -> None:
        if self.is_out and self.is_holding:
            self._held.append(event)
        super()._arrive(event)

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """The channels that are there."""
        seen = ChannelSight(CHANNELS[0], "general", may_create=True, may_manage=True, is_public=True)
        return [attrs.evolve(seen, channel_id=channel_id) for channel_id in sorted(self.towns[guild_id].channels)]

    async def look(self, guild_id: GuildId) -> Snapshot:
        """The invites at some moment inside the call, if Discord feels like it."""
        town = self.towns[guild_id]
        if self.is_out and any(self._is_unheard(one) for one in town.memberships):
            town.surprises.append("looked at while joins were not heard")
        try:
            seen = await super().look(guild_id)
            if self.is_refusing:
                raise InviteLookError("Discord answered 403.", permitted=False)
        except InviteLookError:
            self.failures[guild_id] += 1
            raise
        if self.is_out and any(self._is_unheard(one) for one in town.memberships):
            town.surprises.append("looked at while joins were not heard")
        if seen.coverage is Coverage.NONE:
            self.failures[guild_id] += 1
            raise InviteLookError("The bot lacks the permission.", permitted=False)
        if not self.is_garbled or not seen.invites:
            return seen
        lost = min(seen.invites)
        left = {code: invite for code, invite in seen.invites.items() if code != lost}
        return attrs.evolve(seen, invites=left, lost=1)

    def _is_unheard(self, one: Membership) -> bool:
        out_since = self.clock.now() - timedelta(seconds=self.clock.monotonic() - self.out_since + 1)
        return one.joined_at >= out_since

    async def revoked(self, guild_id: GuildId, since: datetime) -> Mapping[InviteCode, int] | None:
        """What the audit log says; without it nobody can tell a limited invite that was deleted from a used one."""
        found: Mapping[InviteCode, int] | None = None
        try:
            found = await super().revoked(guild_id, since)
        finally:
            town = self.towns[guild_id]
            if found is None and any(town.codes[code].max_uses for code in town.revoked):
                town.surprises.append("a limited invite was deleted, and the audit log not seen")
        return found

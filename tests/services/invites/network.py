"""A network against the bot: events late, twice, out of order or never; looks slow, failing, of any moment."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.errors import InviteLookError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Vanity
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.ports import ChannelSight, MemberSeen
from tests.services.invites.server import HOME, Server
from tests.virtual_time import VirtualClock

BOT = UserId(99)
_LANES = {
    InviteEventKind.JOINED: "members",
    InviteEventKind.LEFT: "members",
    InviteEventKind.ROLES: "roles",
    InviteEventKind.CREATED: "made",
    InviteEventKind.DELETED: "gone",
}


@attrs.define
class Weather:
    """How bad the network is; probabilities from 0 to 1, spans in seconds."""

    lag: tuple[float, float] = (0.05, 0.15)
    look: tuple[float, float] = (0.15, 0.35)
    twice: float = 0.0
    """How often a join is told again."""
    untold_ends: float = 0.0
    """How often nobody tells that an invite is gone."""
    broken: float = 0.0
    """How often a request fails."""
    stuck: float = 0.0
    """How often a request takes up to a minute and a half."""
    flicker: float = 0.0
    """How often the server's own address is shown as nothing."""
    no_audit: bool = False


@attrs.define
class Request:
    """A look that was asked for."""

    guild_id: GuildId
    began: float
    ended: float | None = None
    was_permitted: bool = True


class Discord:
    """`InviteDirectory` over simulated servers, and the way of their events to the sessions of the bot."""

    bot_id = BOT

    def __init__(self, clock: VirtualClock, seed: int) -> None:
        self.clock, self.weather = clock, Weather()
        self.servers: dict[GuildId, Server] = {}
        self.sessions: list[Callable[[InviteEvent], None]] = []
        self.is_out = False
        """Whether events are lost."""
        self.requests: list[Request] = []
        self.in_flight: Counter[GuildId] = Counter()
        self.most_in_flight = 0
        self._random = random.Random(seed)
        self._last: dict[tuple[GuildId, str], float] = {}

    def add_server(self, number: int, *, has_vanity: bool = False) -> Server:
        """One more server."""
        guild_id = GuildId(number)
        self.servers[guild_id] = Server(guild_id, self.clock, self._send, has_vanity=has_vanity)
        return self.servers[guild_id]

    def _send(self, event: InviteEvent, later: float) -> None:
        if event.kind is InviteEventKind.DELETED and self._random.random() < self.weather.untold_ends:
            return
        key = event.guild_id, _LANES[event.kind]
        loop = asyncio.get_running_loop()
        soonest = self._last.get(key, 0.0) + 1e-6
        arrives = max(loop.time() + later + self._random.uniform(*self.weather.lag), soonest)
        self._last[key] = arrives
        loop.call_at(arrives, self._arrive, event)
        if event.kind is InviteEventKind.JOINED and self._random.random() < self.weather.twice:
            loop.call_at(arrives + self._random.choice([0.0, 0.1, 0.4, 2.0]), self._arrive, event)

    def _arrive(self, event: InviteEvent) -> None:
        if not self.is_out:
            for session in tuple(self.sessions):
                session(event)

    async def _ask(self, guild_id: GuildId) -> tuple[Server, float]:
        """Wait for a moment inside the request; the rest of it is for `_answer`."""
        is_stuck = self._random.random() < self.weather.stuck
        span = self._random.uniform(5.0, 90.0) if is_stuck else self._random.uniform(*self.weather.look)
        before = span * self._random.random()
        await self.clock.sleep(before)
        return self.servers[guild_id], span - before

    async def _answer(self, rest: float) -> None:
        await self.clock.sleep(rest)
        if self._random.random() < self.weather.broken:
            raise InviteLookError("Discord answered 502.")

    def coverage(self, guild_id: GuildId) -> Coverage:
        """What the server allows."""
        return self.servers[guild_id].coverage

    def missing(self, guild_id: GuildId) -> tuple[str, ...]:
        """Manage Server, if there is none."""
        return () if self.servers[guild_id].coverage is Coverage.FULL else ("Manage Server",)

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """One channel."""
        return [ChannelSight(ChannelId(5), "general", may_create=True, may_manage=True, is_public=True)]

    def has_vanity(self, guild_id: GuildId) -> bool:
        """Whether the server has an address of its own."""
        return self.servers[guild_id].has_vanity

    def has_gate(self, guild_id: GuildId) -> bool:
        """Whether the server approves its members by hand."""
        return self.servers[guild_id].has_gate

    def may_make_roles(self, guild_id: GuildId) -> bool:
        """It may."""
        return True

    async def look(self, guild_id: GuildId) -> Snapshot:
        """The invites at some moment inside the call."""
        request = Request(guild_id, self.clock.monotonic())
        request.was_permitted = self.coverage(guild_id) is not Coverage.NONE
        self.requests.append(request)
        self.in_flight[guild_id] += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight[guild_id])
        try:
            server, rest = await self._ask(guild_id)
            invites = server.listed()
            await self._answer(rest)
        finally:
            self.in_flight[guild_id] -= 1
            request.ended = self.clock.monotonic()
        return Snapshot(guild_id, self.clock.now(), invites, server.coverage)

    async def vanity(self, guild_id: GuildId) -> Vanity | None:
        """The server's own address, or nothing while it flickers."""
        server, rest = await self._ask(guild_id)
        uses = server.vanity_uses
        await self._answer(rest)
        return None if self._random.random() < self.weather.flicker else Vanity(HOME, uses)

    async def revoked(self, guild_id: GuildId, since: datetime) -> Mapping[InviteCode, int] | None:
        """What the audit log says."""
        if self.weather.no_audit:
            return None
        server, rest = await self._ask(guild_id)
        revoked = dict(server.revoked)
        await self._answer(rest)
        return revoked

    async def adder(self, guild_id: GuildId, bot_id: UserId) -> UserId | None:
        """Nobody knows."""
        return None

    async def members(self, guild_id: GuildId) -> Sequence[MemberSeen]:
        """Those who are there at some moment inside the call."""
        server, rest = await self._ask(guild_id)
        members = tuple(server.members.values())
        await self._answer(rest)
        return members

    async def create(
        self, guild_id: GuildId, channel_id: ChannelId, *, role_id: RoleId | None, reason: str
    ) -> Invite:
        """Make an invite of the bot's."""
        server = self.servers[guild_id]
        return server.add_code(f"made{len(server.codes)}", BOT, role=role_id).as_listed()

    async def create_role(self, guild_id: GuildId, name: str, reason: str) -> RoleId:
        """Make a role."""
        return RoleId(900 + len(self.servers[guild_id].codes))

    async def delete_role(self, guild_id: GuildId, role_id: RoleId, reason: str) -> None:
        """Nobody asks."""
        raise NotImplementedError

    async def names(self, guild_id: GuildId, user_ids: Sequence[UserId]) -> dict[UserId, str]:
        """What members are called."""
        members = self.servers[guild_id].members
        return {user: members[user].user_name for user in user_ids if user in members}

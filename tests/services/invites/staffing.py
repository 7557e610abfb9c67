"""A server's side of Discord, and the services of staff links and VIP credit over a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs

from giftbot.errors import InviteLookError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Tombstone
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Candidate, Join, Level, Method, Source
from giftbot.models.staff import StaffLink
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.credits import Credits
from giftbot.services.invites.link_watch import LinkWatch
from giftbot.services.invites.ports import ChannelSight, MemberSeen
from giftbot.services.invites.reviews import Reviews
from giftbot.services.invites.staff import StaffLinks
from giftbot.services.invites.staff_news import StaffNews
from giftbot.services.invites.staff_statistics import StaffStatistics
from giftbot.services.notices import Notices
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.fakes import START, ListeningPeople, ManualClock
from tests.services.invites.desk import Desk

GUILD = GuildId(10)
BOT = UserId(1)
ADMIN, ADA, BOB = UserId(50), UserId(51), UserId(52)
VIP = RoleId(700)
WELCOME, SECRET, CLOSED = ChannelId(20), ChannelId(21), ChannelId(22)
REVIEWS = ChannelId(30)


@attrs.define
class FakeDiscord:
    """One server as Discord would show it: channels, members, and what the bot may do."""

    manages_roles: bool = True
    is_away: bool = False
    gives_roles: bool = True
    """Whether invites may give roles, where there are any."""
    role_calls: int = 0
    """How often it was asked to make or delete a role."""
    channels: list[ChannelSight] = attrs.Factory(
        lambda: [
            ChannelSight(SECRET, "secret", True, True, False),
            ChannelSight(CLOSED, "closed", False, False, True),
            ChannelSight(ChannelId(23), "talk", True, True, True),
            ChannelSight(WELCOME, "welcome", True, True, True),
        ]
    )
    people: list[MemberSeen] = attrs.Factory(list)
    called: dict[UserId, str] = attrs.Factory(dict)
    made: list[Invite] = attrs.Factory(list)
    roles: list[tuple[RoleId, str]] = attrs.Factory(list)
    bot_id: UserId = BOT

    def coverage(self, guild_id: GuildId) -> Coverage:
        """All of it."""
        return Coverage.FULL

    def missing(self, guild_id: GuildId) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """The channels."""
        return self.channels

    def has_vanity(self, guild_id: GuildId) -> bool:
        """It has none."""
        return False

    def has_gate(self, guild_id: GuildId) -> bool:
        """Everybody may come in."""
        return False

    def may_make_roles(self, guild_id: GuildId) -> bool:
        """As set."""
        return self.manages_roles

    async def look(self, guild_id: GuildId) -> Snapshot:
        """Nobody looks."""
        raise NotImplementedError

    async def vanity(self, guild_id: GuildId) -> None:
        """Nobody asks."""
        raise NotImplementedError

    async def revoked(self, guild_id: GuildId, since: object) -> None:
        """Nobody asks."""
        raise NotImplementedError

    async def adder(self, guild_id: GuildId, bot_id: UserId) -> UserId | None:
        """Nobody asks."""
        raise NotImplementedError

    async def members(self, guild_id: GuildId) -> Sequence[MemberSeen]:
        """Everybody who is there, unless Discord is away."""
        if self.is_away:
            raise InviteLookError("Discord did not answer.")
        return self.people

    async def create(
        self, guild_id: GuildId, channel_id: ChannelId, *, role_id: RoleId | None, reason: str
    ) -> Invite:
        """Make an invite, with a role that exists."""
        if self.is_away:
            raise InviteLookError("Discord did not answer.")
        if role_id is not None and not self.gives_roles:
            raise InviteLookError("Discord says that the bot may not: Invalid role", permitted=False)
        if role_id is not None and role_id not in [role for role, _ in self.roles]:
            raise InviteLookError("Discord says that the bot may not: no such role", permitted=False)
        code = InviteCode(f"made{len(self.made)}")
        invite = Invite(
            code, 0, BOT, channel_id=channel_id, role_ids=() if role_id is None else (role_id,), created_at=START
        )
        self.made.append(invite)
        return invite

    async def create_role(self, guild_id: GuildId, name: str, reason: str) -> RoleId:
        """Make a role, if that is allowed."""
        self.role_calls += 1
        if not self.manages_roles:
            raise InviteLookError("Discord says that the bot may not: Missing Permissions", permitted=False)
        role_id = RoleId(900 + len(self.roles))
        self.roles.append((role_id, name))
        return role_id

    async def delete_role(self, guild_id: GuildId, role_id: RoleId, reason: str) -> None:
        """Delete a role, unless Discord is away."""
        self.role_calls += 1
        if self.is_away:
            raise InviteLookError("Discord did not answer.")
        self.roles = [(role, name) for role, name in self.roles if role != role_id]

    async def names(self, guild_id: GuildId, user_ids: Sequence[UserId]) -> dict[UserId, str]:
        """Those who can be found."""
        return {user_id: self.called[user_id] for user_id in user_ids if user_id in self.called}


@attrs.frozen
class Office:
    """The services, and everything around them."""

    store: SqliteStore
    clock: ManualClock
    discord: FakeDiscord
    desk: Desk
    people: ListeningPeople
    choices: InviteChoices
    links: StaffLinks
    watch: LinkWatch
    reviews: Reviews
    credits: Credits
    news: StaffNews
    statistics: StaffStatistics

    async def choose(self, **choices: Any) -> None:
        """Change the server's settings."""
        await self.choices.change(GUILD, lambda settings: attrs.evolve(settings, **choices))

    async def commit(
        self, *joins: Join, invites: Sequence[str] = (), gone: Sequence[Tombstone] = ()
    ) -> InviteBatch:
        """A decided batch with these joins and these invites as the new baseline, told to who listens."""
        before = await self.store.get_ledger(GUILD)
        number = before.number + 1 if before is not None else 1
        codes = {InviteCode(code): Invite(InviteCode(code), 0, ADMIN, channel_id=WELCOME) for code in invites}
        ledger = Ledger(GUILD, number, self.clock.now(), codes, coverage=Coverage.FULL, tombstones=tuple(gone))
        batch = InviteBatch(
            guild_id=GUILD,
            number=number,
            decided_at=self.clock.now(),
            joins=tuple(attrs.evolve(join, batch=number) for join in joins),
            deltas={},
            vanity_delta=None,
            ledger=ledger,
            events=(),
        )
        assert await self.store.commit_batch(batch)
        for subscriber in (self.reviews.on_decided, self.credits.on_decided, self.news.on_decided):
            await subscriber(batch)
        return batch

    async def link(self, code: str, staff: UserId = ADA, *, since: float = -1000) -> StaffLink:
        """A staff link that counts since so many seconds after the start."""
        link = StaffLink(
            GUILD, InviteCode(code), staff, START + timedelta(seconds=since), staff_name=f"staff {staff}"
        )
        assert await self.store.save_link(link)
        return link


@asynccontextmanager
async def open_office(directory: Path) -> AsyncIterator[Office]:
    """The services over a store in a directory."""
    async with open_sqlite(directory / "giftbot.sqlite") as store:
        clock, discord, desk, people = ManualClock(), FakeDiscord(), Desk(), ListeningPeople()
        choices = InviteChoices(store=store, clock=clock)
        reviews = Reviews(store=store, choices=choices, desk=desk, clock=clock)

        async def refresh(guild_id: GuildId) -> Ledger:
            return await store.get_ledger(guild_id) or Ledger(guild_id)

        yield Office(
            store=store,
            clock=clock,
            discord=discord,
            desk=desk,
            people=people,
            choices=choices,
            links=StaffLinks(store=store, directory=discord, clock=clock, refresh=refresh),
            watch=LinkWatch(
                store=store,
                directory=discord,
                choices=choices,
                desk=desk,
                notices=Notices(store=store, notifier=people, clock=clock),
                clock=clock,
            ),
            reviews=reviews,
            credits=Credits(store=store, directory=discord, choices=choices, reviews=reviews, clock=clock),
            news=StaffNews(choices=choices, desk=desk, clock=clock),
            statistics=StaffStatistics(store),
        )


def member(user: int, *, seconds: float = 0, roles: Sequence[RoleId] = (VIP,), is_bot: bool = False) -> MemberSeen:
    """A member who joined so many seconds after the start."""
    return MemberSeen(UserId(user), f"member {user}", START + timedelta(seconds=seconds), tuple(roles), is_bot)


def joined(
    user: int,
    code: str | None = "adas",
    owner: UserId | None = ADA,
    *,
    seconds: float = 0,
    level: Level = Level.COUNTED,
    among: Sequence[tuple[str, UserId, float]] = (),
    **more: Any,
) -> Join:
    """A membership that began so many seconds after the start."""
    fields: dict[str, Any] = {
        "user_name": f"member {user}",
        "source": Source.INVITE,
        "level": level,
        "method": Method.COUNTED,
        "code": None if code is None else InviteCode(code),
        "owner_id": owner,
        "candidates": tuple(Candidate(InviteCode(one), of, weight) for one, of, weight in among),
        "updated_at": START,
    }
    return Join(GUILD, UserId(user), START + timedelta(seconds=seconds), **(fields | more))


def unsure(user: int, *, seconds: float = 0, ada: float = 0.7) -> Join:
    """Somebody who came by Ada's link or by Bob's."""
    among = (("adas", ADA, ada), ("bobs", BOB, 1 - ada))
    return joined(user, None, None, seconds=seconds, level=Level.CANDIDATES, among=among)

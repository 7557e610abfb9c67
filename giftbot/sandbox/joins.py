"""How people come into a guild: by an invite, by its own address, or by another way."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from giftbot.sandbox import shapes
from giftbot.sandbox.arrivals import Arrival, Way
from giftbot.sandbox.habits import DeleteNotice
from giftbot.sandbox.nouns import Invite, Member, User
from giftbot.sandbox.refused import DriverRefused

if TYPE_CHECKING:
    from giftbot.sandbox.guild import Guild

REJOINED = 1


class Joins:
    """The door of one guild."""

    def __init__(self, guild: Guild) -> None:
        self._guild = guild

    def join(
        self,
        user: User | Member | str | None = None,
        *,
        code: str | None = None,
        way: Way | None = None,
        bot: bool = False,
        by: Member | User | None = None,
        flags: int = 0,
        counted: bool = True,
        roles_come_late: bool | None = None,
        delete_notice: DeleteNotice | None = None,
    ) -> Member:
        """Let somebody join; with a code, Discord counts it, gives the invite's roles and then tells of the member.

        The code may be the guild's own address. Without one they come by `way`, by default in discovery; a bot is
        added by `by`. `counted=False` leaves the counter alone, for those whose application was counted already.

        Raises:
            DriverRefused: There is no such invite, or they are a member already.
        """
        guild = self._guild
        who = self._user(user, bot=bot)
        if who.id in guild.members:
            msg = f"{who.name} is in {guild.name!r} already: they accept an invite, or the join is repeated"
            raise DriverRefused(msg)
        if code is None:
            if who.bot:
                guild.audit.bot_added(who, _id(by) if by is not None else guild.owner_id)
            default = Way.OAUTH if who.bot else Way.DISCOVERY
            return self.enter(who, way=way if way is not None else default, flags=flags)
        if guild.vanity is not None and guild.vanity.code == code:
            if counted:
                guild.vanity = attrs.evolve(guild.vanity, uses=guild.vanity.uses + 1)
            return self.enter(who, way=way if way is not None else Way.VANITY, code=code, flags=flags)
        invite = guild.invites[code]
        used_up = counted and guild.invites.count(invite).is_used_up
        notice = delete_notice if delete_notice is not None else guild.world.habits.delete_notice
        if used_up and notice is DeleteNotice.BEFORE:
            guild.invites.tell_deleted(invite)
        late = roles_come_late if roles_come_late is not None else guild.world.habits.roles_come_late
        member = self._enter_by(invite, who, way if way is not None else Way.INVITE, flags, late=late)
        if used_up and notice is DeleteNotice.AFTER:
            guild.invites.tell_deleted(invite)
        return member

    def accept(self, member: Member | User, code: str) -> Member:
        """Let a member accept an invite: it gives its roles, and may count it, but nobody joins."""
        guild = self._guild
        invite = guild.invites[code]
        self._count(invite, counted=guild.world.habits.members_count)
        old = guild.members[_id(member)]
        given = [one for one in self._roles(invite) if one not in old.roles]
        if not given:
            return old
        changed = guild.members[old.user.id] = attrs.evolve(old, roles=(*old.roles, *given))
        guild.tell_member(changed)
        return changed

    def visit(self, code: str) -> None:
        """Let a guest in, who becomes no member."""
        guild = self._guild
        self._count(guild.invites[code], counted=guild.world.habits.guests_count)

    def apply(self, code: str) -> None:
        """Let somebody apply by an invite that is counted at once; they join when they are approved."""
        self._count(self._guild.invites[code], counted=True)

    def repeat(self, member: Member | User, *, later: float = 0.4) -> Member:
        """Send GUILD_MEMBER_ADD again for a member, who now joined so many seconds later.

        Source: https://github.com/discord/discord-api-docs/pull/8337
        """
        guild = self._guild
        old = guild.members[_id(member)]
        joined_at = datetime.datetime.fromisoformat(old.joined_at) + datetime.timedelta(seconds=later)
        changed = guild.members[old.user.id] = attrs.evolve(old, joined_at=joined_at.isoformat())
        guild.world.arrivals.move(guild.id, old.user.id, joined_at)
        self._tell_added(changed)
        return changed

    def disconnect(self, member: Member | User) -> bool:
        """Let a member go offline; say whether that ended a temporary membership without a role."""
        guild = self._guild
        arrival = guild.world.arrivals.last(guild.id, _id(member))
        if arrival is None or not arrival.is_temporary or guild.members[_id(member)].roles:
            return False
        guild.remove_user(_id(member))
        return True

    def enter(
        self,
        user: User,
        *,
        roles: Iterable[int] = (),
        way: Way = Way.UNSPECIFIED,
        code: str | None = None,
        invite: Invite | None = None,
        flags: int = 0,
        late: Iterable[int] = (),
    ) -> Member:
        """Put somebody into the guild, remember the truth about it, and send GUILD_MEMBER_ADD.

        Roles that come `late` are given in an update after it.
        """
        guild = self._guild
        if user.id in guild.former:
            flags |= REJOINED
        now = datetime.datetime.now(datetime.UTC)
        member = Member(guild.id, user, tuple(roles), now.isoformat(), flags=flags)
        guild.members[user.id] = member
        arrival = Arrival(guild.id, user.id, now, way, code)
        if invite is not None:
            inviter_id = invite.inviter.id if invite.inviter is not None else None
            arrival = attrs.evolve(arrival, inviter_id=inviter_id, is_temporary=invite.temporary)
        guild.world.arrivals.begin(arrival)
        self._tell_added(member)
        following = tuple(late)
        if following:
            member = guild.members[user.id] = attrs.evolve(member, roles=(*member.roles, *following))
            guild.tell_member(member)
        return member

    def _enter_by(self, invite: Invite, user: User, way: Way, flags: int, *, late: bool) -> Member:
        roles = self._roles(invite)
        at_once, later = ((), roles) if late else (roles, ())
        return self.enter(user, roles=at_once, way=way, code=invite.code, invite=invite, flags=flags, late=later)

    def _count(self, invite: Invite, *, counted: bool) -> None:
        if counted and self._guild.invites.count(invite).is_used_up:
            self._guild.invites.tell_deleted(invite)

    def _roles(self, invite: Invite) -> tuple[int, ...]:
        return tuple(one for one in invite.role_ids if one in self._guild.roles)

    def _tell_added(self, member: Member) -> None:
        guild = self._guild
        guild.tell("GUILD_MEMBER_ADD", lambda: {**shapes.member(member), "guild_id": str(guild.id)})

    def _user(self, user: User | Member | str | None, *, bot: bool) -> User:
        if isinstance(user, Member):
            return user.user
        if isinstance(user, User):
            return user
        world = self._guild.world
        return world.add_user(user or f"newcomer {len(world.users)}", bot=bot)


def _id(who: Member | User) -> int:
    return who.user.id if isinstance(who, Member) else who.id

"""A server as it really is: its invites, its members, and by which way each of them came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.memberships import DID_REJOIN
from giftbot.services.invites.ports import MemberSeen
from giftbot.services.ports import Clock

OTHER, HOME = "other", "home"
"""Ways to come without an invite: by nothing that is counted, and by the server's own address."""

Tell = Callable[[InviteEvent, float], None]
"""Sends an event on its way, so many seconds after what it tells of."""


@attrs.define
class Code:
    """An invite."""

    name: InviteCode
    owner: UserId
    created_at: datetime
    max_uses: int = 0
    expires_at: datetime | None = None
    is_temporary: bool = False
    role: RoleId | None = None
    uses: int = 0
    is_gone: bool = False

    def as_listed(self) -> Invite:
        """It as Discord shows it."""
        return Invite(
            self.name,
            self.uses,
            self.owner,
            channel_id=ChannelId(5),
            max_uses=self.max_uses,
            created_at=self.created_at,
            expires_at=self.expires_at,
            is_temporary=self.is_temporary,
            role_ids=() if self.role is None else (self.role,),
        )


@attrs.define
class Membership:
    """From a join to the next leave."""

    user_id: UserId
    joined_at: datetime
    way: str
    left_at: datetime | None = None


class Server:
    """The truth. What happens here is told as Discord does."""

    def __init__(self, guild_id: GuildId, clock: Clock, tell: Tell, *, has_vanity: bool = False) -> None:
        self.guild_id = guild_id
        self.has_vanity = has_vanity
        self.has_gate = False
        """Whether members are approved by hand; see `apply`."""
        self.coverage = Coverage.FULL
        self.codes: dict[str, Code] = {}
        self.revoked: dict[InviteCode, int] = {}
        self.vanity_uses = 3
        self.members: dict[UserId, MemberSeen] = {}
        self.memberships: list[Membership] = []
        self.first_uses: dict[str, int] = {}
        """What invites had counted when the bot came."""
        self._clock, self._tell = clock, tell
        self._last_user = guild_id * 100_000

    def add_code(self, name: str, owner: int, **more: object) -> Code:
        """Make an invite."""
        made = attrs.evolve(Code(InviteCode(name), UserId(owner), self._clock.now()), **more)  # type: ignore[arg-type]  # checked by attrs
        self.codes[name] = made
        listed = attrs.evolve(made.as_listed(), uses=0)
        self._tell(self._event(InviteEventKind.CREATED, code=made.name, invite=listed), 0.0)
        return made

    def usable(self) -> list[str]:
        """Invites that let somebody in."""
        return [name for name, code in self.codes.items() if self._is_there(code)]

    def listed(self) -> dict[InviteCode, Invite]:
        """The invites as Discord lists them."""
        return {code.name: code.as_listed() for code in self.codes.values() if self._is_there(code)}

    def revoke(self, name: str) -> None:
        """Somebody deletes an invite."""
        code = self.codes[name]
        code.is_gone = True
        self.revoked[code.name] = code.uses
        self._tell(self._event(InviteEventKind.DELETED, code=code.name), 0.0)

    def join(self, way: str, user: UserId | None = None, *, role_lag: float = 0.0) -> UserId:
        """Somebody comes; their role, if the invite gives one, is told with the join or so much later."""
        code = self._used(way)
        is_back = user is not None
        if user is None:
            self._last_user += 1
            user = UserId(self._last_user)
        now = self._clock.now()
        self.memberships.append(Membership(user, now, way))
        roles = () if code is None or code.role is None else (code.role,)
        member = MemberSeen(user, f"user{user}", now, roles, flags=DID_REJOIN if is_back else 0)
        self.members[user] = member
        self._tell(self._about(member, () if role_lag else roles), 0.0)
        if roles and role_lag:
            update = attrs.evolve(self._about(member, roles), kind=InviteEventKind.ROLES)
            self._tell(update, role_lag)
        return user

    def apply(self, way: str) -> None:
        """Somebody applies by an invite, which is counted at once; they may join later."""
        self._used(way)

    def approve(self, way: str) -> UserId:
        """Somebody who applied by that invite joins: nothing is counted any more."""
        code, self.codes[way] = self.codes[way], attrs.evolve(self.codes[way], uses=self.codes[way].uses - 1)
        user = self.join(way)
        assert self.codes[way].uses == code.uses
        return user

    def accept(self, way: str) -> None:
        """A member accepts an invite: it is counted, and nobody joins."""
        self._used(way)

    def repeat(self, user: UserId) -> None:
        """Discord tells of a member once more."""
        self._tell(self._about(self.members[user], self.members[user].role_ids), 0.0)

    def leave(self, user: UserId) -> None:
        """Somebody goes."""
        del self.members[user]
        open_ones = [one for one in self.memberships if one.user_id == user and one.left_at is None]
        open_ones[-1].left_at = self._clock.now()
        self._tell(self._event(InviteEventKind.LEFT, user_id=user), 0.0)

    def _used(self, way: str) -> Code | None:
        if way == HOME:
            self.vanity_uses += 1
        if way in {HOME, OTHER}:
            return None
        code = self.codes[way]
        assert self._is_there(code), f"{way} is not usable"
        code.uses += 1
        if code.uses == code.max_uses:
            code.is_gone = True
            self._tell(self._event(InviteEventKind.DELETED, code=code.name), 0.0)
        return code

    def _is_there(self, code: Code) -> bool:
        return not code.is_gone and (code.expires_at is None or self._clock.now() < code.expires_at)

    def _about(self, member: MemberSeen, roles: tuple[RoleId, ...]) -> InviteEvent:
        return self._event(
            InviteEventKind.JOINED,
            user_id=member.user_id,
            user_name=member.user_name,
            joined_at=member.joined_at,
            role_ids=roles,
            flags=member.flags,
        )

    def _event(self, kind: InviteEventKind, **more: object) -> InviteEvent:
        return attrs.evolve(InviteEvent(self.guild_id, 0, kind, self._clock.now()), **more)  # type: ignore[arg-type]  # checked by attrs

"""Guilds, and the channels, roles and members in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from giftbot.sandbox import permissions, shapes
from giftbot.sandbox.audit import AuditLog
from giftbot.sandbox.ids import iso_now
from giftbot.sandbox.invites import Invites
from giftbot.sandbox.joins import Joins
from giftbot.sandbox.nouns import Channel, Member, Overwrite, Role, User, Vanity
from giftbot.sandbox.payload import Payload

if TYPE_CHECKING:
    from giftbot.sandbox.world import World


class Guild:
    """One server. Its methods change it as an administrator would; the bot hears the events of it."""

    def __init__(self, world: World, guild_id: int, name: str, owner: User) -> None:
        self.world = world
        self.id = guild_id
        self.name = name
        self.owner_id = owner.id
        self.available = True
        self.locale = "en-US"
        self.roles: dict[int, Role] = {}
        self.channels: dict[int, Channel] = {}
        self.members: dict[int, Member] = {}
        self.former: set[int] = set()
        """Ids of those who have been members before."""

        self.joined_at = iso_now()
        self.bot_role_id = 0
        self.features: set[str] = set()
        self.vanity: Vanity | None = None
        self._flickers = 0
        self.audit = AuditLog(self)
        self.invites = Invites(self)
        self.joins = Joins(self)

    def channel(self, name: str) -> Channel:
        """Return the channel of this name.

        Raises:
            LookupError: There is none.
        """
        for channel in self.channels.values():
            if channel.name == name:
                return channel
        msg = f"no channel {name!r} in {self.name!r}, there are {[c.name for c in self.channels.values()]}"
        raise LookupError(msg)

    def add_channel(self, name: str, *, kind: int = 0) -> Channel:
        """Create a channel; kind 0 is text, 5 announcements, 2 voice, 4 a category."""
        channel = Channel(self.world.ids.take(), self.id, name, kind=kind, position=len(self.channels))
        self.put_channel(channel)
        self.tell("CHANNEL_CREATE", lambda: shapes.channel(channel))
        return channel

    def put_channel(self, channel: Channel) -> None:
        """Store a channel without telling anybody."""
        self.channels[channel.id] = channel
        self.world.channels[channel.id] = channel

    def add_role(
        self,
        name: str,
        permissions: permissions.Permissionish = 0,
        *,
        mentionable: bool = False,
        position: int = 1,
    ) -> Role:
        """Create a role, as Discord does at the bottom; of two in one position the older one stands above."""
        role = Role(self.world.ids.take(), name, parse(permissions), mentionable=mentionable, position=position)
        self.roles[role.id] = role
        self.tell("GUILD_ROLE_CREATE", lambda: {"guild_id": str(self.id), "role": shapes.role(role)})
        return role

    def change_role(self, role: Role | int, **changes: object) -> Role:
        """Change fields of a role: name, permissions, mentionable."""
        if "permissions" in changes:
            changes["permissions"] = parse(changes["permissions"])  # type: ignore[arg-type]  # checked by parse
        changed = attrs.evolve(self.roles[_id(role)], **changes)  # type: ignore[arg-type]  # checked by attrs
        self.roles[changed.id] = changed
        self.tell("GUILD_ROLE_UPDATE", lambda: {"guild_id": str(self.id), "role": shapes.role(changed)})
        return changed

    def delete_role(self, role: Role | int) -> None:
        """Delete a role; members lose it."""
        gone = self.roles.pop(_id(role))
        for member in list(self.members.values()):
            if gone.id in member.roles:
                self.members[member.user.id] = attrs.evolve(
                    member, roles=tuple(held for held in member.roles if held != gone.id)
                )
        self.tell("GUILD_ROLE_DELETE", lambda: {"guild_id": str(self.id), "role_id": str(gone.id)})

    def set_bot_permissions(self, permissions: permissions.Permissionish) -> None:
        """Change what the bot's own role grants."""
        self.change_role(self.bot_role_id, permissions=permissions)

    def add_user(
        self,
        name: str | User,
        *,
        permissions: permissions.Permissionish = 0,
        roles: Iterable[Role | int] = (),
        bot: bool = False,
    ) -> Member:
        """Let a new user, or one known from elsewhere, join without an invite.

        `permissions` come through a role of their own.
        """
        user = name if isinstance(name, User) else self.world.add_user(name, bot=bot)
        held = [_id(role) for role in roles]
        if parse(permissions):
            held.append(self.add_role(f"role of {user.name}", permissions).id)
        return self.joins.enter(user, roles=held)

    def change_member(
        self, member: Member | User | int, *, roles: Iterable[Role | int], by: Member | int | None = None
    ) -> Member:
        """Give a member exactly these roles; `by` is who did it for the audit log, by default the owner."""
        old = self.members[_user_id(member)]
        changed = attrs.evolve(old, roles=tuple(_id(role) for role in roles))
        self.members[changed.user.id] = changed
        self.audit.roles_changed(
            changed.user.id,
            _user_id(by) if by is not None else self.owner_id,
            given=[self.roles[one] for one in changed.roles if one not in old.roles],
            taken=[self.roles[one] for one in old.roles if one not in changed.roles and one in self.roles],
        )
        self.tell_member(changed)
        return changed

    def give(self, member: Member | User | int, *roles: Role | int, by: Member | int | None = None) -> Member:
        """Give a member roles besides those they have."""
        held = self.members[_user_id(member)].roles
        added = [one for one in map(_id, roles) if one not in held]
        return self.change_member(member, roles=(*held, *added), by=by)

    def take(self, member: Member | User | int, *roles: Role | int, by: Member | int | None = None) -> Member:
        """Take roles from a member."""
        gone = {_id(role) for role in roles}
        held = self.members[_user_id(member)].roles
        return self.change_member(member, roles=[one for one in held if one not in gone], by=by)

    def tell_member(self, member: Member) -> None:
        """Send GUILD_MEMBER_UPDATE."""
        self.tell("GUILD_MEMBER_UPDATE", lambda: {**shapes.member(member), "guild_id": str(self.id)})

    def remove_user(self, member: Member | User | int) -> None:
        """Let a member leave."""
        gone = self.members.pop(_user_id(member))
        self.former.add(gone.user.id)
        self.world.arrivals.end(self.id, gone.user.id)
        self.tell(
            "GUILD_MEMBER_REMOVE",
            lambda: {"guild_id": str(self.id), "user": shapes.user(gone.user)},
        )

    def set_features(self, *names: str) -> None:
        """Give the guild exactly these features, as Discord names them."""
        self.features = set(names)
        self.tell("GUILD_UPDATE", lambda: shapes.guild(self))

    def set_vanity(self, code: str | None, uses: int = 0) -> None:
        """Give the guild an address of its own, or with None take it away but not the right to have one."""
        self.features.add("VANITY_URL")
        self.vanity = Vanity(code, uses) if code is not None else None
        self.tell("GUILD_UPDATE", lambda: shapes.guild(self))

    def flicker_vanity(self, times: int = 1) -> None:
        """Let the next answers about the guild's own address be empty, as Discord's have been at times."""
        self._flickers = times

    def vanity_flickers(self) -> bool:
        """Say whether the next answer about the guild's own address is empty, and count it."""
        if self._flickers <= 0:
            return False
        self._flickers -= 1
        return True

    def is_below_bot(self, role: Role) -> bool:
        """Say whether a role stands below the bot's highest, so that the bot may give it."""
        bot = self.members[self.world.bot.id]
        if self.owner_id == bot.user.id:
            return True
        own = [self.roles[one] for one in bot.roles if one in self.roles]
        return any((role.position, -role.id) < (one.position, -one.id) for one in own)

    def permissions_of(self, user_id: int, channel: Channel | None = None) -> int:
        """Compute what a member may do in the guild, or in one of its channels; 0 for strangers."""
        member = self.members.get(user_id)
        if member is None:
            return 0
        if user_id == self.owner_id:
            return permissions.ALL
        base = self.roles[self.id].permissions
        for role_id in member.roles:
            role = self.roles.get(role_id)
            base |= role.permissions if role is not None else 0
        if base & permissions.BITS["ADMINISTRATOR"]:
            return permissions.ALL
        if channel is None:
            return base
        if not channel.overwrites:
            return permissions.effective(base)
        by_id = {one.id: (one.allow, one.deny) for one in channel.overwrites}
        none = (0, 0)
        roles = [by_id[role_id] for role_id in member.roles if role_id in by_id]
        return permissions.effective(
            permissions.overwritten(base, by_id.get(self.id, none), roles, by_id.get(user_id, none))
        )

    def bot_permissions(self, channel: Channel | None = None) -> int:
        """Compute what the bot may do."""
        return self.permissions_of(self.world.bot.id, channel)

    def tell(self, event: str, build: Callable[[], Payload]) -> None:
        """Dispatch an event of this guild, unless it is unavailable or the bot is not in it."""
        if self.id in self.world.guilds and self.available:
            self.world.tell(event, self.id, build)


def overwrite_for(target: Role | Member, allow: int, deny: int) -> Overwrite:
    """Return the overwrite of a channel for a role or a member."""
    if isinstance(target, Member):
        return Overwrite(target.user.id, 1, allow, deny)
    return Overwrite(target.id, 0, allow, deny)


parse = permissions.parse


def _id(thing: Role | int) -> int:
    return thing if isinstance(thing, int) else thing.id


def _user_id(thing: Member | User | int) -> int:
    if isinstance(thing, Member):
        return thing.user.id
    return thing if isinstance(thing, int) else thing.id

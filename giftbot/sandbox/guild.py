"""Guilds, and the channels, roles and members in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import attrs

from giftbot.sandbox import permissions, shapes
from giftbot.sandbox.ids import iso_now
from giftbot.sandbox.nouns import Channel, Member, Overwrite, Role, User
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
        self.joined_at = iso_now()
        self.bot_role_id = 0

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
        self._tell("CHANNEL_CREATE", lambda: shapes.channel(channel))
        return channel

    def put_channel(self, channel: Channel) -> None:
        """Store a channel without telling anybody."""
        self.channels[channel.id] = channel
        self.world.channels[channel.id] = channel

    def add_role(self, name: str, permissions: permissions.Permissionish = 0, *, mentionable: bool = False) -> Role:
        """Create a role."""
        role = Role(
            self.world.ids.take(), name, parse(permissions), mentionable=mentionable, position=len(self.roles)
        )
        self.roles[role.id] = role
        self._tell("GUILD_ROLE_CREATE", lambda: {"guild_id": str(self.id), "role": shapes.role(role)})
        return role

    def change_role(self, role: Role | int, **changes: object) -> Role:
        """Change fields of a role: name, permissions, mentionable."""
        if "permissions" in changes:
            changes["permissions"] = parse(changes["permissions"])  # type: ignore[arg-type]  # checked by parse
        changed = attrs.evolve(self.roles[_id(role)], **changes)  # type: ignore[arg-type]  # checked by attrs
        self.roles[changed.id] = changed
        self._tell("GUILD_ROLE_UPDATE", lambda: {"guild_id": str(self.id), "role": shapes.role(changed)})
        return changed

    def delete_role(self, role: Role | int) -> None:
        """Delete a role; members lose it."""
        gone = self.roles.pop(_id(role))
        for member in list(self.members.values()):
            if gone.id in member.roles:
                self.members[member.user.id] = attrs.evolve(
                    member, roles=tuple(held for held in member.roles if held != gone.id)
                )
        self._tell("GUILD_ROLE_DELETE", lambda: {"guild_id": str(self.id), "role_id": str(gone.id)})

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
        """Let a new user, or one known from elsewhere, join; `permissions` come through a role of their own."""
        user = name if isinstance(name, User) else self.world.add_user(name, bot=bot)
        held = [_id(role) for role in roles]
        if parse(permissions):
            held.append(self.add_role(f"role of {user.name}", permissions).id)
        member = Member(self.id, user, tuple(held), iso_now())
        self.members[user.id] = member
        self._tell(
            "GUILD_MEMBER_ADD",
            lambda: {**shapes.member(member), "guild_id": str(self.id)},
        )
        return member

    def change_member(self, member: Member | User | int, *, roles: Iterable[Role | int]) -> Member:
        """Give a member exactly these roles."""
        changed = attrs.evolve(self.members[_user_id(member)], roles=tuple(_id(role) for role in roles))
        self.members[changed.user.id] = changed
        self._tell(
            "GUILD_MEMBER_UPDATE",
            lambda: {**shapes.member(changed), "guild_id": str(self.id)},
        )
        return changed

    def remove_user(self, member: Member | User | int) -> None:
        """Let a member leave."""
        gone = self.members.pop(_user_id(member))
        self._tell(
            "GUILD_MEMBER_REMOVE",
            lambda: {"guild_id": str(self.id), "user": shapes.user(gone.user)},
        )

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

    def _tell(self, event: str, build: Callable[[], Payload]) -> None:
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

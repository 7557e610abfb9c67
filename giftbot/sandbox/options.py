"""Options of commands: from Python values to what a client sends, with the client's own checks."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from giftbot.sandbox import shapes
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel, Member, Role, User
from giftbot.sandbox.payload import Payload
from giftbot.sandbox.permissions import BITS
from giftbot.sandbox.refused import DriverRefused
from giftbot.sandbox.uploads import Upload
from giftbot.sandbox.world import World

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)

_KINDS = {USER: "a user", CHANNEL: "a channel", ROLE: "a role", MENTIONABLE: "a user or role", ATTACHMENT: "a file"}

OptionValue = str | int | float | bool | User | Member | Role | Channel | Upload
"""What a test may give for an option."""


@attrs.define
class Resolved:
    """Full objects for the ids in an interaction, as Discord sends them along."""

    world: World
    guild: Guild | None
    found: Payload = attrs.Factory(dict)

    def add(self, kind: int, value: OptionValue) -> str:
        """Look up a user, role or channel, or take a file; return its id.

        Raises:
            DriverRefused: The user could not have chosen it.
        """
        if kind == ATTACHMENT and isinstance(value, Upload):
            attachment = self.world.uploads.keep(value)
            self._put("attachments", int(attachment["id"]), attachment)
            return str(attachment["id"])
        number = identify(value)
        if kind in {USER, MENTIONABLE} and number in self.world.users:
            return self._add_user(number)
        if kind in {ROLE, MENTIONABLE} and self.guild is not None and number in self.guild.roles:
            self._put("roles", number, shapes.role(self.guild.roles[number]))
        elif kind == CHANNEL and self.guild is not None and number in self.guild.channels:
            channel = self.guild.channels[number]
            permissions = self.guild.bot_permissions(channel)
            self._put("channels", number, {**shapes.channel(channel), "permissions": str(permissions)})
        else:
            msg = f"{_called(value)} cannot be chosen as {_KINDS.get(kind, f'an option of type {kind}')} here"
            raise DriverRefused(msg)
        return str(number)

    def _add_user(self, number: int) -> str:
        self._put("users", number, shapes.user(self.world.users[number]))
        member = self.guild.members.get(number) if self.guild is not None else None
        if member is not None and self.guild is not None:
            permissions = str(self.guild.permissions_of(number))
            self._put("members", number, {**shapes.member(member, with_user=False), "permissions": permissions})
        return str(number)

    def _put(self, kind: str, number: int, shape: Payload) -> None:
        self.found.setdefault(kind, {})[str(number)] = shape


def _called(value: OptionValue) -> str:
    match value:
        case User() | Role() | Channel():
            return value.name
        case Member():
            return value.user.name
    return repr(value)


def identify(value: OptionValue) -> int:
    """Return the id of a user, member, role or channel, or of the text of one."""
    if isinstance(value, Member):
        return value.user.id
    if isinstance(value, User | Role | Channel):
        return value.id
    if isinstance(value, Upload):
        msg = f"the file {value.name!r} can only be chosen for an attachment"
        raise DriverRefused(msg)
    return int(value)


def find_leaf(command: Payload, path: list[str]) -> Payload:
    """Return the (sub)command that a path of names below a command leads to.

    Raises:
        DriverRefused: There is no such subcommand, or the path stops too early.
    """
    node = command
    for name in path:
        children = {one["name"]: one for one in node.get("options") or [] if one["type"] in {SUBCOMMAND, GROUP}}
        if name not in children:
            msg = f"/{command['name']} has no subcommand {name!r}, declared are {sorted(children)}"
            raise DriverRefused(msg)
        node = children[name]
    below = [one["name"] for one in node.get("options") or [] if one["type"] in {SUBCOMMAND, GROUP}]
    if below:
        msg = f"/{command['name']} needs a subcommand: {', '.join(below)}"
        raise DriverRefused(msg)
    return node


def wrap(command: Payload, path: list[str], leaf: list[Payload]) -> list[Payload]:
    """Put options into the subcommands and groups they belong to."""
    kinds: list[int] = []
    node = command
    for name in path:
        node = next(one for one in node["options"] if one["name"] == name)
        kinds.append(node["type"])
    for name, kind in zip(reversed(path), reversed(kinds), strict=True):
        leaf = [{"name": name, "type": kind, "options": leaf}]
    return leaf


def encode(leaf: Payload, values: Mapping[str, OptionValue], resolved: Resolved) -> list[Payload]:
    """Return the options of a (sub)command as a client sends them.

    Raises:
        DriverRefused: An option is unknown, missing, or its value is not allowed.
    """
    declared = {one["name"]: one for one in leaf.get("options") or []}
    unknown = sorted(set(values) - set(declared))
    if unknown:
        msg = f"{leaf['name']!r} has no option {', '.join(unknown)}, declared are {sorted(declared)}"
        raise DriverRefused(msg)
    missing = [name for name, one in declared.items() if one.get("required") and name not in values]
    if missing:
        msg = f"{leaf['name']!r} needs {', '.join(missing)}"
        raise DriverRefused(msg)
    return [
        {"name": name, "type": one["type"], "value": _value(one, values[name], resolved)}
        for name, one in declared.items()
        if name in values
    ]


def _value(option: Payload, value: OptionValue, resolved: Resolved) -> str | int | float | bool:
    kind = option["type"]
    if kind in {USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT}:
        return resolved.add(kind, value)
    if not isinstance(value, str | int | float):
        msg = f"{value!r} is no value for the option {option['name']!r}"
        raise DriverRefused(msg)
    choices = {one["name"]: one["value"] for one in option.get("choices") or []}
    chosen: str | int | float = choices.get(str(value), value)
    if choices and chosen not in choices.values():
        msg = f"{option['name']!r} offers {sorted(choices)}, not {value!r}"
        raise DriverRefused(msg)
    if kind == BOOLEAN:
        return bool(chosen)
    if kind == STRING:
        return _in_range(option, str(chosen), len(str(chosen)), "length")
    number = int(chosen) if kind == INTEGER else float(chosen)
    return _in_range(option, number, number, "value")


def _in_range(option: Payload, value: str | float, size: float, measure: str) -> str | int | float:
    least, most = option.get(f"min_{measure}"), option.get(f"max_{measure}")
    if (least is not None and size < least) or (most is not None and size > most):
        msg = f"the {measure} of {option['name']!r} must be between {least} and {most}, is {size}"
        raise DriverRefused(msg)
    return value


def add_target(command: Payload, target: User | Member | Payload | None, resolved: Resolved) -> str:
    """Return the id of the target of a menu command.

    Raises:
        DriverRefused: It is no user, or no message.
    """
    if command["type"] == 2 and isinstance(target, User | Member):
        return resolved.add(USER, target)
    if command["type"] == 3 and isinstance(target, dict):
        resolved.found["messages"] = {target["id"]: target}
        return str(target["id"])
    msg = f"the menu command {command['name']!r} needs a target of its kind"
    raise DriverRefused(msg)


def check_offer(command: Payload, user: User, where: Channel, guild: Guild | None) -> None:
    """Check that a client offers a command to a user in a channel; `guild` is the channel's.

    Raises:
        DriverRefused: It does not, by the command's contexts or its default permissions.
    """
    contexts = command.get("contexts")
    context = 0 if guild is not None else 1
    if contexts is not None and context not in contexts:
        msg = f"/{command['name']} is not offered in {'guilds' if context == 0 else 'direct messages'}"
        raise DriverRefused(msg)
    if guild is None:
        return
    may = guild.permissions_of(user.id, where)
    needed = command.get("default_member_permissions")
    bits = BITS["USE_APPLICATION_COMMANDS"]
    if needed is not None:
        bits |= int(needed) or BITS["ADMINISTRATOR"]
    if may & bits != bits:
        lacking = ", ".join(name for name, bit in BITS.items() if bits & ~may & bit)
        msg = f"/{command['name']} is not offered to {user.name}, who lacks {lacking}"
        raise DriverRefused(msg)

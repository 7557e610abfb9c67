"""Permission bits by name, and Discord's rule for what a member may do in a channel.

Source: https://docs.discord.com/developers/topics/permissions
"""

from __future__ import annotations

from collections.abc import Iterable

BITS: dict[str, int] = {
    "CREATE_INSTANT_INVITE": 1 << 0,
    "KICK_MEMBERS": 1 << 1,
    "BAN_MEMBERS": 1 << 2,
    "ADMINISTRATOR": 1 << 3,
    "MANAGE_CHANNELS": 1 << 4,
    "MANAGE_GUILD": 1 << 5,
    "ADD_REACTIONS": 1 << 6,
    "VIEW_AUDIT_LOG": 1 << 7,
    "VIEW_CHANNEL": 1 << 10,
    "SEND_MESSAGES": 1 << 11,
    "MANAGE_MESSAGES": 1 << 13,
    "EMBED_LINKS": 1 << 14,
    "ATTACH_FILES": 1 << 15,
    "READ_MESSAGE_HISTORY": 1 << 16,
    "MENTION_EVERYONE": 1 << 17,
    "USE_EXTERNAL_EMOJIS": 1 << 18,
    "CHANGE_NICKNAME": 1 << 26,
    "MANAGE_NICKNAMES": 1 << 27,
    "MANAGE_ROLES": 1 << 28,
    "MANAGE_WEBHOOKS": 1 << 29,
    "USE_APPLICATION_COMMANDS": 1 << 31,
    "MANAGE_EVENTS": 1 << 33,
    "MANAGE_THREADS": 1 << 34,
    "CREATE_PUBLIC_THREADS": 1 << 35,
    "SEND_MESSAGES_IN_THREADS": 1 << 38,
    "MODERATE_MEMBERS": 1 << 40,
}

ALL = (1 << 53) - 1
"""What an administrator or the guild's owner may do."""

Permissionish = int | str | Iterable[str]
"""Bits, one name, names joined by ``|``, or several names."""


def parse(value: Permissionish) -> int:
    """Return the bits of what is easiest to write.

    Raises:
        ValueError: A name is unknown.
    """
    if isinstance(value, int):
        return value
    names = value.split("|") if isinstance(value, str) else value
    bits = 0
    for name in (name.strip() for name in names):
        if name and name not in BITS:
            msg = f"unknown permission {name!r}, known are {', '.join(BITS)}"
            raise ValueError(msg)
        bits |= BITS.get(name, 0)
    return bits


EVERYONE = parse(
    "CREATE_INSTANT_INVITE|ADD_REACTIONS|VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|ATTACH_FILES"
    "|READ_MESSAGE_HISTORY|USE_EXTERNAL_EMOJIS|CHANGE_NICKNAME|USE_APPLICATION_COMMANDS"
)
"""What @everyone may do in a new guild."""

BOT = parse("VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|ATTACH_FILES|READ_MESSAGE_HISTORY")
"""What the role of an invited bot grants unless a test says otherwise."""


def overwritten(
    base: int, everyone: tuple[int, int], roles: Iterable[tuple[int, int]], member: tuple[int, int]
) -> int:
    """Apply a channel's overwrites, pairs of (allow, deny), to base permissions in Discord's order."""
    result = base & ~everyone[1] | everyone[0]
    allow = deny = 0
    for role_allow, role_deny in roles:
        allow |= role_allow
        deny |= role_deny
    result = result & ~deny | allow
    return result & ~member[1] | member[0]


def effective(permissions: int) -> int:
    """Drop what is implied by the lack of something else: no view is no access at all."""
    if not permissions & BITS["VIEW_CHANNEL"]:
        return 0
    if not permissions & BITS["SEND_MESSAGES"]:
        return permissions & ~(BITS["MENTION_EVERYONE"] | BITS["EMBED_LINKS"] | BITS["ATTACH_FILES"])
    return permissions


def may_all(permissions: int, wanted: int) -> bool:
    """Say whether permissions contain all of the wanted ones."""
    return permissions & wanted == wanted

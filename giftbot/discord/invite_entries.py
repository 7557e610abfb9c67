"""What Discord's JSON says of invites, members and the audit log, one entry at a time.

Everything that may be missing or null is tolerated; an entry that says nothing usable is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import hikari

from giftbot.models.ids import ChannelId, InviteCode, RoleId, UserId
from giftbot.models.invite import Invite, Vanity
from giftbot.services.invites.ports import MemberSeen

_GUEST = 1 << 0

Entry = Mapping[str, object]


def invite_of(data: object, *, counted: bool = True) -> Invite | None:
    """An invite of a list; None when it has no code, or no uses where those are shown (`counted`)."""
    entry = entry_of(data)
    if entry is None:
        return None
    code, uses = entry.get("code"), number_of(entry.get("uses"))
    if not isinstance(code, str) or not code or (uses is None and counted):
        return None
    inviter, channel = entry_of(entry.get("inviter")), entry_of(entry.get("channel"))
    made_by = number_of(inviter.get("id")) if inviter is not None else None
    place = number_of(channel.get("id") if channel is not None else entry.get("channel_id"))
    return Invite(
        code=InviteCode(code),
        uses=uses or 0,
        inviter_id=None if made_by is None else UserId(made_by),
        inviter_name=_text(inviter.get("username")) if inviter is not None else None,
        channel_id=None if place is None else ChannelId(place),
        max_uses=number_of(entry.get("max_uses")) or 0,
        created_at=moment_of(entry.get("created_at")),
        expires_at=_end(entry),
        is_temporary=entry.get("temporary") is True,
        role_ids=_roles(entry),
        is_guest=bool((number_of(entry.get("flags")) or 0) & _GUEST),
    )


def invite_of_event(invite: hikari.InviteWithMetadata) -> Invite:
    """An invite as its event carries it."""
    inviter = invite.inviter
    return Invite(
        code=InviteCode(invite.code),
        uses=invite.uses,
        inviter_id=None if inviter is None else UserId(int(inviter.id)),
        inviter_name=None if inviter is None else inviter.username,
        channel_id=None if invite.channel_id is None else ChannelId(int(invite.channel_id)),
        max_uses=invite.max_uses or 0,
        created_at=invite.created_at,
        expires_at=invite.expires_at,
        is_temporary=invite.is_temporary,
        role_ids=tuple(RoleId(int(role)) for role in invite.role_ids),
        is_guest=bool(int(invite.flags) & _GUEST),
    )


def vanity_of(data: object) -> Vanity | None:
    """A server's own address; Discord has been seen to answer without one in between."""
    entry = entry_of(data) or {}
    code, uses = entry.get("code"), number_of(entry.get("uses"))
    return Vanity(code, uses) if isinstance(code, str) and code and uses is not None else None


def member_of(data: object) -> MemberSeen | None:
    """A member of a list."""
    entry = entry_of(data) or {}
    user = entry_of(entry.get("user")) or {}
    user_id, joined_at = number_of(user.get("id")), moment_of(entry.get("joined_at"))
    if user_id is None or joined_at is None:
        return None
    return MemberSeen(
        user_id=UserId(user_id),
        user_name=_text(user.get("username")) or str(user_id),
        joined_at=cut(joined_at),
        role_ids=tuple(RoleId(number) for number in _numbers(entry.get("roles"))),
        is_bot=user.get("bot") is True,
        flags=number_of(entry.get("flags")) or 0,
    )


def last_uses_of(entry: Entry) -> tuple[InviteCode | None, int | None]:
    """Which invite an entry of the audit log says was deleted, and what it counted."""
    changes = entry.get("changes")
    rows = [entry_of(change) or {} for change in changes] if isinstance(changes, list) else []
    old = {row.get("key"): row.get("old_value") for row in rows}
    code = old.get("code")
    return (InviteCode(code) if isinstance(code, str) else None), number_of(old.get("uses"))


def entry_of(data: object) -> Entry | None:
    """An object of JSON; None for anything else."""
    return cast("Entry", data) if isinstance(data, dict) else None


def number_of(data: object) -> int | None:
    """A number, or an id as text; None for anything else."""
    if isinstance(data, bool):
        return None
    if isinstance(data, int):
        return data
    return int(data) if isinstance(data, str) and data.isdecimal() and data.isascii() else None


def moment_of(data: object) -> datetime | None:
    """A moment in Discord's format; None for anything else."""
    if not isinstance(data, str):
        return None
    try:
        moment = datetime.fromisoformat(data)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo is not None else None


def cut(moment: datetime) -> datetime:
    """That moment to the millisecond, as stores keep it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _end(entry: Entry) -> datetime | None:
    end, start, age = moment_of(entry.get("expires_at")), moment_of(entry.get("created_at")), entry.get("max_age")
    seconds = number_of(age)
    if end is not None or start is None or not seconds:
        return end
    try:
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _roles(entry: Entry) -> tuple[RoleId, ...]:
    found = _numbers(entry.get("role_ids"))
    if not found and isinstance(roles := entry.get("roles"), list):
        found = _numbers([(entry_of(role) or {}).get("id") for role in roles])
    return tuple(RoleId(number) for number in found)


def _numbers(data: object) -> list[int]:
    given = [number_of(one) for one in data] if isinstance(data, list) else []
    return [number for number in given if number is not None]


def _text(data: object) -> str | None:
    return data if isinstance(data, str) and data else None

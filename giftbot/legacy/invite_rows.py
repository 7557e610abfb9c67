"""Rows of earlier bots on invites, joins, staff and VIPs: in tables of SQLite, in JSON, and in the cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import tzinfo

import attrs

from giftbot.legacy import cells
from giftbot.legacy.cells import UnusableError
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite import Invite
from giftbot.models.legacy import Baseline, Found, Membership, Skip, StaffCode, VipRequest, VipRole

Row = Mapping[str, object]

FIXTURES = frozenset({"abc123", "xyz789"})
"""Invites of tests that were shipped as data."""
_UNKNOWN = frozenset({"", "unknown", "none", "null"})
_NOTES = ("vantage_referral_link", "vantage_ib_code", "email_template")


def read_cached(guild: str, invites: object, taken_at: object, zone: tzinfo | None) -> Iterator[Found]:
    """A server in a copy of the invites: how often each had been used."""
    where = f"cache, server {guild}"
    try:
        guild_id = GuildId(cells.snowflake(guild, "server"))
    except UnusableError as error:
        yield cells.skip(where, str(error), guild)
        return
    if not isinstance(invites, Mapping):
        yield cells.skip(where, "no invites", invites)
        return
    read: list[Invite] = []
    for key, value in invites.items():
        one = _invite(str(key), value, f"{where}, invite {key}")
        if isinstance(one, Skip):
            yield one
        else:
            read.append(one)
    if read:
        yield Baseline(guild_id, cells.moment(taken_at, zone), tuple(read))


def _invite(key: str, value: object, where: str) -> Invite | Skip:
    if not isinstance(value, Mapping):
        return cells.skip(where, "no invite", value)
    code = value.get("code") or key
    uses = cells.whole(value.get("uses"))
    if not isinstance(code, str):
        return cells.skip(where, "no code of an invite", code)
    if code.lower() in FIXTURES:
        return cells.skip(where, "the invite is a test's", code)
    if uses is None or uses < 0:
        return cells.skip(where, "no number of uses", value.get("uses"))
    inviter = cells.optional_snowflake(value.get("inviter_id"))
    name = value.get("inviter_name")
    return Invite(
        InviteCode(code),
        uses,
        None if inviter is None else UserId(inviter),
        name if isinstance(name, str) and inviter is not None else None,
    )


def read_tracked(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `invite_tracking`, which knows no server."""
    yield _membership(row, where, zone, owner="inviter_id", name="inviter_username", at="joined_at")


def read_logged(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """An entry of the log of joins, in JSON or as a line of the table with its headings in the same words."""
    found = _membership(row, where, zone, owner="staff_id", name="staff_username", at="timestamp")
    yield found if isinstance(found, Skip) else attrs.evolve(found, is_logged=True)


def _membership(row: Row, where: str, zone: tzinfo | None, *, owner: str, name: str, at: str) -> Membership | Skip:
    code = _code(row.get("invite_code"))
    try:
        user_id = UserId(cells.snowflake(row.get("user_id"), "member"))
        guild = row.get("guild_id")
        guild_id = None if guild in (None, "") else GuildId(cells.snowflake(guild, "server"))
        if code is not None and code.lower() in FIXTURES:
            raise UnusableError("the invite is a test's")
        joined_at = cells.moment(row.get(at), zone)
        if joined_at is None:
            raise UnusableError("no moment of joining")
    except UnusableError as error:
        return cells.skip(where, str(error), row.get("user_id"))
    owner_id = cells.optional_snowflake(row.get(owner))
    before, after = (cells.whole(row.get(column)) for column in _uses_columns(row))
    return Membership(
        guild_id,
        user_id,
        joined_at.replace(microsecond=0),
        _name(row.get("username")),
        code,
        None if owner_id is None else UserId(owner_id),
        _name(row.get(name)),
        before,
        after,
        is_manual=code is not None and (before, after) == (0, 1) and "+00:00" in str(row.get(at)),
    )


def _uses_columns(row: Row) -> tuple[str, str]:
    return ("uses_before", "uses_after") if "uses_before" in row else ("invite_uses_before", "invite_uses_after")


def read_staff(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `staff_invites`."""
    code = _code(row.get("invite_code"))
    try:
        staff_id = UserId(cells.snowflake(row.get("staff_id"), "staff member"))
        if code is not None and code.lower() in FIXTURES:
            raise UnusableError("the invite is a test's")
    except UnusableError as error:
        yield cells.skip(where, str(error), row.get("staff_id"))
        return
    notes = {name: str(row[name]) for name in _NOTES if row.get(name) is not None}
    since = cells.moment(row.get("created_at"), zone)
    yield StaffCode(None, staff_id, _name(row.get("staff_username")), code, since, notes)


def read_vip(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `vip_requests`, of either generation."""
    try:
        user_id = UserId(cells.snowflake(row.get("user_id"), "member"))
    except UnusableError as error:
        yield cells.skip(where, str(error), row.get("user_id"))
        return
    staff = cells.optional_snowflake(row.get("staff_id"))
    data = row.get("request_data")
    at = cells.moment(row.get("created_at") or row.get("requested_at"), zone)
    kept = {name: str(row[name]) for name in ("vantage_email", "notes", "request_data") if row.get(name)}
    yield VipRequest(
        None,
        user_id,
        _name(row.get("username")),
        None if staff is None else UserId(staff),
        str(row.get("request_type") or ""),
        str(row.get("status") or "pending"),
        _code_in(data),
        at,
        kept,
    )


def read_onboarding(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of a feature that this bot does not have."""
    yield cells.skip(where, "this bot has no onboarding", row.get("user_id"))


def read_config(document: Row) -> Iterator[Found]:
    """`staff_config.json`: what is known of staff members, and the VIP role."""
    members = document.get("staff_members")
    if not isinstance(members, Mapping | None):
        yield cells.skip("staff_members", "not the object that it should be", members)
    for name in ("email_template", "channels"):
        if document.get(name):
            yield cells.skip(name, "this bot has no use for it", document[name])
    for key, member in members.items() if isinstance(members, Mapping) else ():
        where = f"staff_members, {key}"
        try:
            if not isinstance(member, Mapping):
                raise UnusableError("no staff member")
            staff_id = UserId(cells.snowflake(member.get("discord_id"), "staff member"))
        except UnusableError as error:
            yield cells.skip(where, str(error), member)
            continue
        notes = {name: str(member[name]) for name in _NOTES if member.get(name) is not None}
        yield StaffCode(None, staff_id, _name(member.get("username")) or str(key), None, None, notes)
    roles = document.get("roles")
    if not isinstance(roles, Mapping) or roles.get("vip_role") in (None, ""):
        return
    try:
        yield VipRole(cells.snowflake(roles["vip_role"], "role"))
    except UnusableError as error:
        yield cells.skip("roles, vip_role", str(error), roles["vip_role"])


def _code(value: object) -> InviteCode | None:
    return InviteCode(value.strip()) if isinstance(value, str) and value.strip().lower() not in _UNKNOWN else None


def _code_in(data: object) -> InviteCode | None:
    """The invite in a request's data: in JSON, or the last word of a sentence."""
    if not isinstance(data, str) or not data.strip():
        return None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return _code(data.split()[-1].strip(".,:;()\"'"))
    return _code(document.get("invite_code")) if isinstance(document, Mapping) else None


def _name(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip().lower() not in _UNKNOWN else None

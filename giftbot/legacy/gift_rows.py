"""Rows of earlier bots on codes and players: documents of MongoDB, and rows of SQLite with the same names.

Several generations wrote into the same collections, in different shapes; each row says by its fields which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo

from giftbot.legacy import cells
from giftbot.legacy.cells import UnusableError
from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.legacy import (
    AutoRedeem,
    Found,
    Grant,
    KnownCode,
    Member,
    PostChannel,
    RedeemChannel,
    SentCode,
)
from giftbot.models.redemption import RedemptionOutcome

Row = Mapping[str, object]

_GRANTED = {"success": RedemptionOutcome.REDEEMED, "already_redeemed": RedemptionOutcome.ALREADY}
_NOBODY = frozenset({"", "none", "null"})
SHOWN = 3
"""Codes of a row that is refused which a report shows."""


def read_sent(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `sent_giftcodes`: one code in one server, or all codes of a server."""
    try:
        guild_id = GuildId(cells.snowflake(row.get("guild_id"), "server"))
    except UnusableError as error:
        yield cells.skip(where, str(error), row.get("guild_id"))
        return
    given = [row["code"]] if "code" in row else row.get("codes")
    if not isinstance(given, list):
        yield cells.skip(where, "neither a code nor a list of codes", given)
        return
    at = _earliest(row, zone, "sent_at", "created_at") if "code" in row else _listed_at(row, zone, len(given))
    for entry, value in enumerate(given, start=1):
        try:
            key, display = cells.code(value)
        except UnusableError as error:
            yield cells.skip(where if "code" in row else f"{where}, entry {entry}", str(error), value)
        else:
            yield SentCode(guild_id, key, display, at)


def _listed_at(row: Row, zone: tzinfo | None, count: int) -> datetime | None:
    """When the codes of a list were sent: known for sure only where there is one."""
    return _earliest(row, zone, "created_at", "last_sent_at") if count == 1 else None


def read_code(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `gift_codes`. What its flags say of redemption was said of all servers at once, and is not used."""
    names = ("giftcode", "_id", "giftcode_original")
    reason, found = "no gift code", []
    for name in names:
        try:
            found.append(cells.code(row.get(name)))
        except UnusableError as error:
            reason = max(reason, str(error), key=len)
    if not found:
        yield cells.skip(where, reason, next((row[name] for name in names if row.get(name) is not None), None))
        return
    key = found[0][0]
    display = [shown for folded, shown in found if folded == key][-1]
    yield KnownCode(key, display, _earliest(row, zone, "date", "created_at", "added_at"))


def read_redeemed(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `auto_redeemed_codes`: one player has one code."""
    yield _grant(row, row, where, zone)


def read_attempts(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `giftcode_redemptions`: every attempt of one code in one server. Failed ones are nothing to keep."""
    attempts = row.get("redemptions")
    if not isinstance(attempts, list):
        yield cells.skip(where, "no list of attempts", attempts)
        return
    for entry, attempt in enumerate(attempts, start=1):
        if not isinstance(attempt, Mapping):
            yield cells.skip(f"{where}, entry {entry}", "no attempt", attempt)
        elif attempt.get("status") != "failed":
            yield _grant(row, attempt, f"{where}, entry {entry}", zone)


def _grant(row: Row, attempt: Row, where: str, zone: tzinfo | None) -> Found:
    try:
        guild_id = GuildId(cells.snowflake(row.get("guild_id"), "server"))
        key, display = cells.code(row.get("code"))
        player = cells.player_id(attempt.get("fid"))
    except UnusableError as error:
        return cells.skip(where, str(error), attempt.get("fid"))
    outcome = _GRANTED.get(str(attempt.get("status")))
    if outcome is None:
        return cells.skip(where, "not a result that means that the player has the code", attempt.get("status"))
    at = _earliest(attempt, zone, "redeemed_at", "created_at")
    return Grant(guild_id, key, display, player, outcome, at)


def read_member(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `auto_redeem_members`: one player, or all players of a server, or both."""
    members = row.get("members")
    if isinstance(members, list):
        for entry, member in enumerate(members, start=1):
            if isinstance(member, Mapping):
                yield _member(row, member, f"{where}, entry {entry}", zone)
            else:
                yield cells.skip(f"{where}, entry {entry}", "no player", member)
    elif members is not None:
        yield cells.skip(where, "no list of players", members)
    if "fid" in row or members is None:
        yield _member(row, row, where, zone)


def _member(row: Row, member: Row, where: str, zone: tzinfo | None) -> Found:
    fid = member.get("fid")
    if fid is None or str(fid).strip().lower() in _NOBODY:
        return cells.skip(where, "a row without a player", fid)
    try:
        guild_id = GuildId(cells.snowflake(row.get("guild_id"), "server"))
        player = cells.player_id(fid)
    except UnusableError as error:
        return cells.skip(where, str(error), fid)
    added_by = cells.optional_snowflake(member.get("added_by"))
    return Member(
        guild_id,
        player,
        cells.nickname(member.get("nickname")),
        None if added_by is None else UserId(added_by),
        _earliest(member, zone, "added_at", "created_at"),
    )


def read_settings(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `auto_redeem_settings`."""
    try:
        guild_id = GuildId(cells.snowflake(row.get("guild_id", row.get("_id")), "server"))
    except UnusableError as error:
        yield cells.skip(where, str(error), row.get("guild_id"))
        return
    enabled = row.get("enabled")
    if isinstance(enabled, bool) or enabled in (0, 1):
        yield AutoRedeem(guild_id, bool(enabled))
    else:
        yield cells.skip(where, "neither on nor off", enabled)


def read_redeem_channel(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `auto_redeem_channels`."""
    try:
        guild_id = GuildId(cells.snowflake(row.get("guild_id", row.get("_id")), "server"))
        yield RedeemChannel(guild_id, ChannelId(cells.snowflake(row.get("channel_id"), "channel")))
    except UnusableError as error:
        yield cells.skip(where, str(error), row.get("channel_id"))


def read_post_channel(row: Row, where: str, zone: tzinfo | None) -> Iterator[Found]:
    """A row of `giftcode_channels`."""
    try:
        guild_id = GuildId(cells.snowflake(row.get("guild_id"), "server"))
        channel_id = ChannelId(cells.snowflake(row.get("channel_id"), "channel"))
    except UnusableError as error:
        yield cells.skip(where, str(error), row.get("channel_id"))
        return
    yield PostChannel(guild_id, channel_id, auto_post=row.get("auto_post", 1) not in (0, False, "0"))


def _earliest(row: Row, zone: tzinfo | None, *names: str) -> datetime | None:
    earliest, before = None, None
    for name in names:
        value = row.get(name)
        if value is None or value == before:  # most rows say the same twice
            continue
        before, moment = value, cells.moment(value, zone)
        if moment is not None and (earliest is None or moment < earliest):
            earliest = moment
    return earliest

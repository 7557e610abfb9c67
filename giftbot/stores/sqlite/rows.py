"""How documents become rows: which columns a table has, and which of them hold JSON."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import cast

import attrs

from giftbot.models.announcement import Announcement, AnnouncementState, Origin
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import AnnouncementId, ChannelId, CodeKey, GuildId, MessageId, RoleId
from giftbot.stores.documents import EPOCH, Document, build_converter, milliseconds
from giftbot.stores.sqlite.database import Row, Value

CONVERTER = build_converter(moment=milliseconds)
"""Documents of this store hold moments as milliseconds."""


@attrs.frozen
class Table:
    """A table whose rows are documents."""

    name: str
    columns: tuple[str, ...]
    json_columns: frozenset[str] = frozenset()

    @property
    def names(self) -> str:
        """The columns as a statement lists them."""
        return ", ".join(self.columns)

    @property
    def insert(self) -> str:
        """The statement that inserts a row of `encode`."""
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({self.names}) VALUES ({marks})"

    @property
    def replace(self) -> str:
        """The statement that replaces the row with the id and revision given after the values of `encode`."""
        values = ", ".join(f"{column} = ?" for column in self.columns)
        return f"UPDATE {self.name} SET {values} WHERE _id = ? AND revision = ?"

    def encode(self, document: Document) -> list[Value]:
        """A document as the values of a row."""
        return [
            json.dumps(document.get(column)) if column in self.json_columns else cast("Value", document.get(column))
            for column in self.columns
        ]

    def decode(self, row: Row) -> Document:
        """A row as a document."""
        return {
            column: json.loads(value) if column in self.json_columns and isinstance(value, str) else value
            for column, value in zip(self.columns, row, strict=True)
            if value is not None
        }


CODES = Table(
    "gift_codes",
    (
        "_id",
        "display",
        "status",
        "created_at",
        "updated_at",
        "rewards",
        "expires_at",
        "expired_at",
        "verified_at",
        "sources",
        "epoch",
        "fan_out",
        "revision",
        "redeem",
    ),
    frozenset({"sources"}),
)
GUILDS = Table(
    "guilds",
    (
        "_id",
        "channel_id",
        "ping_role_id",
        "auto_post",
        "language",
        "epoch",
        "backfill",
        "backfill_at",
        "disabled_reason",
        "disabled_at",
        "missing_permissions",
        "checked_at",
        "left_at",
        "updated_at",
        "revision",
        "auto_redeem",
        "default_kingdom",
        "redeem_channel_id",
        "register_channel_id",
    ),
    frozenset({"missing_permissions"}),
)
NOTICES = Table("notices", ("_id", "kind", "text", "created_at", "codes", "told_at"), frozenset({"codes"}))

ANNOUNCEMENT_COLUMNS = (
    "_id",
    "guild_id",
    "code",
    "source",
    "state",
    "created_at",
    "updated_at",
    "guild_epoch",
    "code_epoch",
    "due_at",
    "owner",
    "fence",
    "lease_until",
    "batch",
    "codes",
    "channel_id",
    "nonce",
    "reference",
    "first_attempt_at",
    "last_attempt_at",
    "window_at",
    "attempts",
    "message_id",
    "sent_at",
    "reason",
)
ANNOUNCEMENT_NAMES = ", ".join(ANNOUNCEMENT_COLUMNS)
_ORIGINS = {origin.value: origin for origin in Origin}
_STATES = {state.value: state for state in AnnouncementState}
_AnnouncementRow = tuple[
    str, int, str, str, str, int, int, int, int, int | None, str | None, int, int | None, str | None, str | None,
    int | None, str | None, str | None, int | None, int | None, int | None, int, int | None, int | None, str | None,
]  # fmt: skip
_GuildRow = tuple[
    int, int | None, int | None, int, str, int, str | None, int | None, str | None, int | None, str, int | None,
    int | None, int | None, int, int, int | None, int | None, int | None,
]  # fmt: skip


def stored_moment(moment: datetime | None) -> int | None:
    """A moment as a column holds it."""
    return None if moment is None else milliseconds(moment)


def read_moment(value: Value) -> datetime | None:
    """A column's moment."""
    return EPOCH + timedelta(milliseconds=value) if isinstance(value, int) else None


def stored_codes(codes: tuple[str, ...]) -> str | None:
    """The entries of a message as the column `codes` holds them."""
    return json.dumps(codes) if codes else None


def decode_guild(row: Row) -> GuildSettings:
    """The settings in the values of the columns of `GUILDS`. Written out, for many are read at once."""
    values = cast("_GuildRow", row)
    channel_id, role_id, redeem_channel_id, register_channel_id = values[1], values[2], values[17], values[18]
    return GuildSettings(
        guild_id=GuildId(values[0]),
        channel_id=None if channel_id is None else ChannelId(channel_id),
        ping_role_id=None if role_id is None else RoleId(role_id),
        auto_post=bool(values[3]),
        language=values[4],
        epoch=values[5],
        backfill=None if values[6] is None else Backfill(values[6]),
        backfill_at=read_moment(values[7]),
        disabled_reason=values[8],
        disabled_at=read_moment(values[9]),
        missing_permissions=() if values[10] == "[]" else tuple(json.loads(values[10])),
        checked_at=read_moment(values[11]),
        left_at=read_moment(values[12]),
        auto_redeem=bool(values[15]),
        default_kingdom=values[16],
        redeem_channel_id=None if redeem_channel_id is None else ChannelId(redeem_channel_id),
        register_channel_id=None if register_channel_id is None else ChannelId(register_channel_id),
        updated_at=read_moment(values[13]),
        revision=values[14],
    )


def encode_announcement(row: Announcement) -> tuple[Value, ...]:
    """An outbox row as the values of `ANNOUNCEMENT_COLUMNS`. Written out, for this is the hot path."""
    return (
        row.announcement_id,
        row.guild_id,
        row.code,
        row.source.value,
        row.state.value,
        milliseconds(row.created_at),
        milliseconds(row.updated_at),
        row.guild_epoch,
        row.code_epoch,
        stored_moment(row.due_at),
        row.owner,
        row.fence,
        stored_moment(row.lease_until),
        row.batch,
        stored_codes(row.codes),
        row.channel_id,
        row.nonce,
        row.reference,
        stored_moment(row.first_attempt_at),
        stored_moment(row.last_attempt_at),
        stored_moment(row.window_at),
        row.attempts,
        row.message_id,
        stored_moment(row.sent_at),
        row.reason,
    )


def decode_announcement(row: Row) -> Announcement:
    """The outbox row in the values of `ANNOUNCEMENT_COLUMNS`."""
    values = cast("_AnnouncementRow", row)
    batch, channel_id, message_id = values[13], values[15], values[22]
    return Announcement(
        guild_id=GuildId(values[1]),
        code=CodeKey(values[2]),
        source=_ORIGINS.get(values[3], Origin.AUTO),
        state=_STATES[values[4]],
        created_at=EPOCH + timedelta(milliseconds=values[5]),
        updated_at=EPOCH + timedelta(milliseconds=values[6]),
        guild_epoch=values[7],
        code_epoch=values[8],
        due_at=read_moment(values[9]),
        owner=values[10],
        fence=values[11],
        lease_until=read_moment(values[12]),
        batch=None if batch is None else AnnouncementId(batch),
        codes=tuple(json.loads(values[14])) if values[14] else (),
        channel_id=None if channel_id is None else ChannelId(channel_id),
        nonce=values[16],
        reference=values[17],
        first_attempt_at=read_moment(values[18]),
        last_attempt_at=read_moment(values[19]),
        window_at=read_moment(values[20]),
        attempts=values[21],
        message_id=None if message_id is None else MessageId(message_id),
        sent_at=read_moment(values[23]),
        reason=values[24],
    )

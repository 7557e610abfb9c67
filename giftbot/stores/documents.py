"""The one shape in which values are stored, as plain documents, on MongoDB and on SQLite.

A document has the field names of its model, except for the id, which is `_id`. A field that is None is left out.
Reading is tolerant: a moment may be a date, an ISO text (earlier bots) or milliseconds since 1970 (SQLite), and the
rows of earlier bots, which lack most fields, are read as what they meant.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from giftbot.models.announcement import Announcement, AnnouncementState, Origin
from giftbot.models.code import CodeStatus, GiftCode, Sighting
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import AnnouncementId, ChannelId, CodeKey, GuildId, MessageId, RoleId
from giftbot.models.notice import Notice

Document = dict[str, object]
"""A stored row as plain values."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHUNK = 500
"""Rows that are handled at once, so that the event loop is never held for long."""

_ID_TYPES: tuple[object, ...] = (GuildId, ChannelId, RoleId, MessageId)
_LEGACY_STATUS = {"invalid": CodeStatus.INVALID, "expired": CodeStatus.EXPIRED}
_STATES = {state.value: state for state in AnnouncementState}
_ORIGINS = {origin.value: origin for origin in Origin}
R = TypeVar("R")
T = TypeVar("T")
E = TypeVar("E", bound=enum.StrEnum)


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`items` in pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def read_in_turns(rows: Sequence[R], read: Callable[[R], T]) -> list[T]:
    """Read any number of rows, a chunk at a time, so that the event loop is never held for long."""
    found: list[T] = []
    for chunk in chunks(rows):
        found += map(read, chunk)
        await asyncio.sleep(0)
    return found


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970, UTC."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def read_moment(value: object) -> datetime | None:
    """A stored moment as aware UTC cut to milliseconds; None when there is none or it cannot be read."""
    if isinstance(value, int):
        try:
            return EPOCH + timedelta(milliseconds=value)
        except OverflowError:
            return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    beyond = value.microsecond % 1000
    return value.replace(microsecond=value.microsecond - beyond) if beyond else value


def given_key(code: str) -> CodeKey:
    """The key of a code as callers of the earlier adapters give it: any casing, perhaps with blanks around it."""
    return CodeKey(code.strip().upper())


def guild_prefix(guild_id: GuildId) -> tuple[str, str]:
    """Bounds of the ids of a server's rows: from the first (inclusive) to the second (exclusive)."""
    return f"{guild_id}:", f"{guild_id};"


def without_nones(document: Mapping[str, object]) -> Document:
    """The fields that have a value."""
    return {name: value for name, value in document.items() if value is not None}


def _structure_moment(value: object, _: object) -> datetime:
    moment = read_moment(value)
    if moment is None:
        raise ValueError(f"not a moment: {value!r}")
    return moment


def _register_document(converter: Converter, model: type[attrs.AttrsInstance], id_field: str | None = None) -> None:
    renamed = {id_field: override(rename="_id")} if id_field else {}
    # The overrides are keywords beside cattrs' own ones, which mypy cannot tell apart.
    plain: Callable[[attrs.AttrsInstance], Document]
    plain = make_dict_unstructure_fn(model, converter, **renamed)  # type: ignore[arg-type]
    converter.register_structure_hook(model, make_dict_structure_fn(model, converter, **renamed))  # type: ignore[arg-type]
    converter.register_unstructure_hook(model, lambda value: without_nones(plain(value)))


def build_converter(
    *, moment: Callable[[datetime], object] = lambda value: value, integer: Callable[[int], object] = int
) -> Converter:
    """A converter between models and documents.

    `moment` and `integer` say how a store writes moments and Discord ids.
    """
    converter = Converter()
    converter.register_unstructure_hook(datetime, moment)
    converter.register_structure_hook(datetime, _structure_moment)
    converter.register_unstructure_hook_func(lambda kind: kind in _ID_TYPES, integer)
    converter.register_unstructure_hook(enum.StrEnum, lambda member: member.value)
    _register_document(converter, Sighting)
    _register_document(converter, GiftCode, "key")
    _register_document(converter, GuildSettings, "guild_id")
    _register_document(converter, Notice, "notice_id")
    return converter


def upgrade_code(document: Document) -> Document | None:
    """A gift code's document with what an earlier bot left out; None when its id is no folded code.

    A code of an earlier bot counts as active, and so as nothing new, unless it was found invalid or expired.
    """
    key = document.get("_id")
    if not isinstance(key, str) or key != given_key(key):
        return None
    if "status" in document:
        return document
    status = _LEGACY_STATUS.get(str(document.get("validation_status")), CodeStatus.ACTIVE)
    created = read_moment(document.get("created_at")) or EPOCH
    updated = read_moment(document.get("updated_at")) or created
    display = document.get("display") or document.get("giftcode_original") or key
    return {**document, "display": display, "status": status, "created_at": created, "updated_at": updated}


def _named(values: Mapping[str, E], value: object, default: E) -> E:
    return values.get(value, default) if isinstance(value, str) else default


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def announcement_document(row: Announcement, integer: Callable[[int], int] = int) -> Document:
    """The outbox row as a document; `integer` makes the 64-bit numbers of Discord's ids."""
    document: Document = {name: getattr(row, name) for name in _PLAIN_FIELDS if getattr(row, name) is not None}
    document["_id"] = row.announcement_id
    document["source"] = row.source.value
    document["state"] = row.state.value
    document["guild_id"] = integer(row.guild_id)
    if row.codes:
        document["codes"] = list(row.codes)
    if row.channel_id is not None:
        document["channel_id"] = integer(row.channel_id)
    if row.message_id is not None:
        document["message_id"] = integer(row.message_id)
    return document


_PLAIN_FIELDS = tuple(
    field.name
    for field in attrs.fields(Announcement)
    if field.name not in {"source", "state", "guild_id", "codes", "channel_id", "message_id"}
)


def read_announcement(document: Mapping[str, object]) -> Announcement | None:
    """The outbox row of a document; None when it is none (an earlier bot's list of all codes of a server)."""
    get = document.get
    code, guild_id = get("code"), get("guild_id")
    if not isinstance(code, str) or not isinstance(guild_id, (int, str)):
        return None
    sent_at = read_moment(get("sent_at"))
    created_at = read_moment(get("created_at")) or sent_at or EPOCH
    codes, channel_id, message_id, batch = get("codes"), get("channel_id"), get("message_id"), _text(get("batch"))
    return Announcement(
        guild_id=GuildId(int(guild_id)),
        code=CodeKey(code),
        source=_named(_ORIGINS, get("source"), Origin.AUTO),
        state=_named(_STATES, get("state"), AnnouncementState.SENT),
        created_at=created_at,
        updated_at=read_moment(get("updated_at")) or sent_at or created_at,
        guild_epoch=_number(get("guild_epoch")),
        code_epoch=_number(get("code_epoch")),
        due_at=read_moment(get("due_at")),
        owner=_text(get("owner")),
        fence=_number(get("fence")),
        lease_until=read_moment(get("lease_until")),
        batch=AnnouncementId(batch) if batch else None,
        codes=tuple(str(entry) for entry in codes) if isinstance(codes, list) else (),
        channel_id=ChannelId(int(channel_id)) if isinstance(channel_id, int) else None,
        nonce=_text(get("nonce")),
        reference=_text(get("reference")),
        first_attempt_at=read_moment(get("first_attempt_at")),
        last_attempt_at=read_moment(get("last_attempt_at")),
        window_at=read_moment(get("window_at")),
        attempts=_number(get("attempts")),
        message_id=MessageId(int(message_id)) if isinstance(message_id, int) else None,
        sent_at=sent_at,
        reason=_text(get("reason")),
    )


def read_announcements(documents: Iterable[Mapping[str, object]]) -> list[Announcement]:
    """The outbox rows among documents."""
    return [row for row in map(read_announcement, documents) if row is not None]

"""The one shape in which invites, joins, staff links and credits are written down: plain dicts, as JSON has them.

The same dict is in SQLite's column `document`, in MongoDB's field `document`, and in copies. Moments are ISO-8601
texts in UTC with milliseconds, so that their order is that of the texts; ids are numbers, enumerations their
values; a field that is None may be missing. Reading ignores fields that it does not know, and takes ids as texts.
"""

from __future__ import annotations

import asyncio
import enum
import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import TypeVar, cast

import attrs
import orjson
import structlog
from cattrs import Converter
from cattrs.errors import BaseValidationError, StructureHandlerNotFoundError
from cattrs.gen import make_dict_unstructure_fn, override

from giftbot.models.credit import Credit
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink
from giftbot.stores.documents import Document, chunks, read_moment

TURN = 50
"""Rows that are encoded or decoded at once: 1 to 3 ms, after which the event loop goes on."""

TOGETHER = 5
"""Ledgers that are parsed or rendered at once: 1 ms for a hundred invites each, 10 for a thousand."""

MODELS = (Credit, InviteBatch, InviteEvent, InviteSettings, Join, Ledger, StaffLink)
"""What this module writes and reads."""

_UNREADABLE = (
    AttributeError,
    BaseValidationError,
    KeyError,
    OverflowError,
    StructureHandlerNotFoundError,
    TypeError,
    ValueError,
)
_PLAIN = {
    "code": str,
    "uses": int,
    "inviter_id": int,
    "inviter_name": str,
    "channel_id": int,
    "max_uses": int,
    "created_at": str,
    "expires_at": str,
    "is_temporary": bool,
    "role_ids": list,
    "is_guest": bool,
}
"""What JSON has for the fields of an invite."""
_SHAPES: set[tuple[object, ...]] = set()
"""Names and types of invites that were seen to be `_PLAIN`."""
_MOST_SHAPES = 1000
_log = structlog.get_logger(__name__)
S = TypeVar("S")
T = TypeVar("T")
V = TypeVar("V", bound=attrs.AttrsInstance)


def write_moment(moment: datetime) -> str:
    """A moment as text: `2026-05-01T12:00:00.123Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _structure_moment(value: object, _: object) -> datetime:
    moment = read_moment(value)
    if moment is None:
        raise ValueError(f"not a moment: {value!r}")
    return moment


def _build_converter() -> Converter:
    converter = Converter(
        detailed_validation=False, unstruct_collection_overrides={AbstractSet: sorted, tuple: list, Sequence: list}
    )
    converter.register_unstructure_hook(datetime, write_moment)
    converter.register_structure_hook(datetime, _structure_moment)
    converter.register_unstructure_hook(enum.StrEnum, lambda member: member.value)
    converter.register_unstructure_hook(enum.IntEnum, lambda member: member.value)

    def without_nones(model: type[attrs.AttrsInstance]) -> Callable[[object], Document]:
        missing = {
            field.name: override(omit_if_default=True) for field in attrs.fields(model) if field.default is None
        }
        # The overrides are keywords beside cattrs' own ones, which mypy cannot tell apart.
        return make_dict_unstructure_fn(model, converter, **missing)  # type: ignore[arg-type]

    converter.register_unstructure_hook_factory(attrs.has, without_nones)
    return converter


_CONVERTER = _build_converter()


def to_document(value: attrs.AttrsInstance) -> Document:
    """A value of `MODELS`, or a part of one, as a dict."""
    return cast("Document", _CONVERTER.unstructure(value))


def read_document(model: type[V], document: object) -> V | None:
    """The value in a dict; None, and a warning, when it cannot be read."""
    try:
        return _CONVERTER.structure(document, model)
    except _UNREADABLE as error:
        row = document.get("_id") if isinstance(document, dict) else None
        _log.warning(
            "stored document cannot be read", kind=model.__name__, row=row, error=f"{type(error).__name__}: {error}"
        )
        return None


def settled_invite(document: Mapping[str, object]) -> Mapping[str, object] | None:
    """The document of an invite as `to_document` might have written it; None when it cannot be read.

    One that was is looked at and given back: that is twenty times as fast as reading and writing it.
    """
    if _is_settled(document):
        return document
    invite = read_document(Invite, document)
    return None if invite is None else to_document(invite)


def _is_settled(document: Mapping[str, object]) -> bool:
    shape = (*document, *map(type, document.values()))
    if shape not in _SHAPES:
        if not _has_plain_fields(document) or len(_SHAPES) >= _MOST_SHAPES:
            return False
        _SHAPES.add(shape)
    roles = cast("list[object]", document.get("role_ids", ()))
    return (
        _is_moment(document.get("created_at"))
        and _is_moment(document.get("expires_at"))
        and (not roles or {int}.issuperset(map(type, roles)))
    )


def _has_plain_fields(document: Mapping[str, object]) -> bool:
    return (
        "code" in document
        and "uses" in document
        and all(type(value) is _PLAIN.get(name) for name, value in document.items())
    )


def _is_moment(value: object) -> bool:
    """Whether it is none, or the text of one."""
    if value is None:
        return True
    try:
        datetime.fromisoformat(cast("str", value))
    except ValueError:
        return False
    return True


def parsed(text: str | bytes) -> object:
    """What a text holds, for whoever writes it on: halves of characters become question marks."""
    try:
        return cast("object", orjson.loads(text))
    except ValueError:
        whole = json.dumps(from_json(text), ensure_ascii=False).encode(errors="replace")
        return cast("object", json.loads(whole))


def to_json(document: object) -> str:
    """A document as text: in ASCII if it holds halves of characters, which no database takes as they are."""
    try:
        return orjson.dumps(document).decode()
    except TypeError:
        return json.dumps(document, separators=(",", ":"))


def from_json(text: object) -> object:
    """What a text holds; None when it is no JSON."""
    if not isinstance(text, (str, bytes)):
        return None
    try:
        return cast("object", orjson.loads(text))
    except ValueError:
        pass
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return None


def to_text(value: attrs.AttrsInstance) -> str:
    """A value as text."""
    return to_json(to_document(value))


def read_text(model: type[V], text: object) -> V | None:
    """The value in a text; None, and a warning, when it cannot be read."""
    return read_document(model, from_json(text))


async def in_turns(items: Sequence[S], work: Callable[[S], T], *, turn: int = TURN) -> list[T]:
    """`work` for each of any number of rows, a few at a time, so that the event loop is never held for long."""
    done: list[T] = []
    for chunk in chunks(items, turn):
        done += map(work, chunk)
        if len(items) > turn:
            await asyncio.sleep(0)
    return done


async def read_all(
    model: type[V], documents: Sequence[object], read: Callable[[type[V], object], V | None]
) -> list[V]:
    """Those of the documents (`read_document`) or texts (`read_text`) that can be read."""
    found = await in_turns(documents, lambda document: read(model, document))
    return [value for value in found if value is not None]

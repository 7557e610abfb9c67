"""Files of earlier bots on invites: copies of the invites, logs of joins, dumps of the cloud, the configuration."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

import attrs
import ijson

from giftbot.legacy import cells, invite_rows
from giftbot.legacy.files import DEPTH, TOO_DEEP, from_start, parsed
from giftbot.models.legacy import Found

ReadRow = Callable[[Mapping[str, object], str, tzinfo | None], Iterator[Found]]

TABLES: Mapping[str, ReadRow] = {
    "staff_invites": invite_rows.read_staff,
    "invite_tracking": invite_rows.read_tracked,
    "vip_requests": invite_rows.read_vip,
    "onboarding_progress": invite_rows.read_onboarding,
    "onboarding_analytics": invite_rows.read_onboarding,
}
"""Tables of `server_management.db`, and lists of the same names in the cloud."""
HEADINGS = (
    "timestamp",
    "user_id",
    "username",
    "display_name",
    "invite_code",
    "staff_id",
    "staff_username",
    "uses_before",
    "uses_after",
    "guild_id",
    "guild_name",
)
"""The columns of the log of joins, for one that does not name them."""
_OPENING = frozenset({"start_map", "start_array"})
_CLOSING = frozenset({"end_map", "end_array"})
_LONGEST_LINE = 1 << 16
_LARGEST_CONFIG = 4_000_000
"""Bytes of a configuration; it is written by hand."""


def read_invites(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """A copy of the invites, with or without what is around the servers."""
    top = _look(file)
    if top.kind != "start_map":
        yield from top.wrong("the whole file", "an object")
        return
    if wrapped := "cache" in top.kinds:
        yield from top.odd("cache", "start_map")
    taken_at = top.values.get("last_updated") or top.values.get("timestamp")
    yield from _servers(file, "cache" if wrapped else "", taken_at, zone, wrapped=wrapped, is_deep=top.is_deep)
    yield from top.damage


def _servers(
    file: BinaryIO, prefix: str, taken_at: object, zone: tzinfo | None, *, wrapped: bool, is_deep: bool
) -> Iterator[Found]:
    from_start(file)
    try:
        pairs = ijson.kvitems(parsed(file), prefix) if is_deep else ijson.kvitems(file, prefix, use_float=True)
        for key, value in pairs:
            if wrapped or isinstance(value, Mapping | list):
                yield from invite_rows.read_cached(key, value, taken_at, zone)
    except (ijson.JSONError, UnicodeDecodeError):
        return  # said once, by whoever looks at the whole file


def read_joins(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """The log of joins as a JSON array."""
    top = _look(file)
    if top.kind != "start_array":
        yield from top.wrong("the whole file", "a list")
        return
    yield from _rows(file, "item", invite_rows.read_logged, "entry", zone, is_deep=top.is_deep)
    yield from top.damage


def read_join_table(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """The log of joins as a table; its headings are the words of the JSON log, in capitals and with blanks.

    Nothing in it has more than one line: each line is read for itself, and a damage is no more than one.
    """
    from_start(file)
    names: tuple[str, ...] = HEADINGS
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        text = line.decode("utf-8", "replace").replace("\0", "").strip()
        if not text:
            continue
        try:
            [cells_of_line] = csv.reader([text], strict=True)
        except (csv.Error, ValueError) as error:
            yield cells.skip(f"line {number}", "the file is damaged", f"{error}: {text}")
            continue
        if number == 1 and "user_id" in (found := [_heading(cell) for cell in cells_of_line]):
            names = tuple(found)
        else:
            row = dict(zip(names, cells_of_line, strict=False))
            yield from invite_rows.read_logged(row, f"line {number}", zone)


def _heading(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")


def read_cloud(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """A copy of the cloud service: the payload as it was sent, or what was made of it offline."""
    top = _look(file)
    if top.kind != "start_map":
        yield from top.wrong("the whole file", "an object")
        return
    prefix = "discord_data." if "discord_data" in top.kinds else ""
    yield from top.odd("discord_data", "start_map")
    tables = top.inner or top
    for table, kind in tables.kinds.items():
        if kind == "start_array" and table not in {*TABLES, "invite_cache"}:
            yield cells.skip(table, "a table that this bot has no use for")
    for table, read in TABLES.items():
        yield from tables.odd(table, "start_array")
        yield from _rows(file, f"{prefix}{table}.item", read, table, zone, is_deep=top.is_deep)
    yield from tables.odd("invite_cache", "start_map")
    taken_at: object = None
    for name in ("last_updated", "timestamp"):
        taken_at = taken_at or _first(file, f"{prefix}invite_cache.{name}", is_deep=top.is_deep)
    yield from _servers(file, f"{prefix}invite_cache.cache", taken_at, zone, wrapped=True, is_deep=top.is_deep)
    yield from top.damage


def _first(file: BinaryIO, prefix: str, *, is_deep: bool) -> object:
    try:
        return next(_items(file, prefix, is_deep=is_deep), None)
    except (ijson.JSONError, UnicodeDecodeError):
        return None


def read_staff_config(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """The configuration of staff members."""
    from_start(file)
    try:
        document = json.loads(file.read(_LARGEST_CONFIG))
    except (ValueError, RecursionError) as error:
        yield cells.skip("the whole file", "the file is damaged", str(error))
        return
    if isinstance(document, Mapping):
        yield from invite_rows.read_config(document)
    else:
        yield cells.skip("the whole file", "not the object that it should be", document)


def _items(file: BinaryIO, prefix: str, *, is_deep: bool) -> Iterator[object]:
    from_start(file)
    if is_deep:
        yield from ijson.items(parsed(file), prefix)
    else:
        yield from ijson.items(file, prefix, use_float=True)


def _rows(
    file: BinaryIO, prefix: str, read: ReadRow, what: str, zone: tzinfo | None, *, is_deep: bool
) -> Iterator[Found]:
    """Every row under a prefix, up to a damage."""
    try:
        for number, row in enumerate(_items(file, prefix, is_deep=is_deep), start=1):
            if isinstance(row, Mapping):
                yield from read(row, f"{what} {number}", zone)
            else:
                yield cells.skip(f"{what} {number}", "no row", row)
    except (ijson.JSONError, UnicodeDecodeError):
        return  # said once, by whoever looks at the whole file


@attrs.define
class _Top:
    """What stands in an object, without its containers."""

    kind: str = ""
    """Of the object itself: `start_map`, if it is one."""
    kinds: dict[str, str] = attrs.Factory(dict)
    """What stands under each key: `start_array`, `string`, ..."""
    values: dict[str, object] = attrs.Factory(dict)
    inner: _Top | None = None
    """The same of `discord_data`."""
    damage: list[Found] = attrs.Factory(list)
    is_deep: bool = False
    """Whether that is a document of more levels than any has."""

    def odd(self, key: str, kind: str) -> Iterator[Found]:
        """A key under which stands something, and not this."""
        if self.kinds.get(key, "null") not in {kind, "null"}:
            yield cells.skip(key, "not the list or object that it should be", self.values.get(key))

    def wrong(self, where: str, what: str) -> Iterator[Found]:
        """The whole is not what it should be."""
        yield from self.damage or [cells.skip(where, f"not {what}, as it should be", self.kind)]


def _look(file: BinaryIO) -> _Top:
    """What stands in the outermost object, and in `discord_data`; and a damage, if there is one."""
    from_start(file)
    inner = _Top()
    top = _Top()
    key = inner_key = where = ""
    depth = 0
    try:
        for event, value in ijson.basic_parse(file, use_float=True):
            if event in _CLOSING:
                depth -= 1
                continue
            is_inner = depth == 2 and key == "discord_data" and top.kinds.get(key) == "start_map"
            if event == "map_key":
                if depth == 1:
                    key, where = value, f"after {value}"
                elif is_inner:
                    inner_key, where = value, f"after {value}"
                continue
            if depth == 0:
                top.kind = event
            elif depth == 1 and top.kind == "start_map":
                top.kinds[key], top.values[key] = event, value
            elif is_inner:
                inner.kinds[inner_key], inner.values[inner_key] = event, value
            if event in _OPENING:
                depth += 1
                if depth > DEPTH:
                    top.is_deep = True
                    raise ijson.JSONError(TOO_DEEP)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        top.damage = [cells.skip(where or "the start", "the file is damaged", str(error).strip())]
    if "discord_data" in top.kinds:
        top.inner = inner
    return top

"""Files of earlier bots on invites: copies of the invites, logs of joins, dumps of the cloud, the configuration."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

import ijson

from giftbot.legacy import cells, invite_rows
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
_LARGEST_CONFIG = 4_000_000
"""Bytes of a configuration; it is written by hand."""


def read_invites(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """A copy of the invites, with or without what is around the servers."""
    keys, damage = _top(file)
    wrapped = "cache" in keys
    taken_at = keys.get("last_updated") or keys.get("timestamp")
    yield from _servers(file, "cache" if wrapped else "", taken_at, zone, wrapped=wrapped)
    yield from damage


def _servers(
    file: BinaryIO, prefix: str, taken_at: object, zone: tzinfo | None, *, wrapped: bool
) -> Iterator[Found]:
    file.seek(0)
    try:
        for key, value in ijson.kvitems(file, prefix, use_float=True):
            if wrapped or isinstance(value, Mapping):
                yield from invite_rows.read_cached(key, value, taken_at, zone)
    except (ijson.JSONError, UnicodeDecodeError):
        return  # said once, by whoever read the file first


def read_joins(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """The log of joins as a JSON array."""
    yield from _rows(file, "item", invite_rows.read_logged, "entry", zone)
    yield from _top(file)[1]


def read_join_table(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """The log of joins as a table; its headings are the words of the JSON log, in capitals and with blanks."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    try:
        for number, line in enumerate(csv.DictReader(text), start=2):
            row = {str(name).strip().lower().replace(" ", "_"): value for name, value in line.items() if name}
            yield from invite_rows.read_logged(row, f"line {number}", zone)
    except csv.Error as error:
        yield cells.skip("the rest of the table", "the file is damaged", str(error))
    finally:
        text.detach()


def read_cloud(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """A copy of the cloud service: the payload as it was sent, or what was made of it offline."""
    keys, damage = _top(file)
    prefix = "discord_data." if "discord_data" in keys else ""
    for table, read in TABLES.items():
        yield from _rows(file, f"{prefix}{table}.item", read, table, zone)
    file.seek(0)
    taken_at: object = None
    try:
        for name in ("last_updated", "timestamp"):
            taken_at = taken_at or next(ijson.items(file, f"{prefix}invite_cache.{name}"), None)
            file.seek(0)
    except (ijson.JSONError, UnicodeDecodeError):
        taken_at = None
    yield from _servers(file, f"{prefix}invite_cache.cache", taken_at, zone, wrapped=True)
    yield from damage


def read_staff_config(file: BinaryIO, zone: tzinfo | None) -> Iterator[Found]:
    """The configuration of staff members."""
    try:
        document = json.loads(file.read(_LARGEST_CONFIG))
    except ValueError as error:
        yield cells.skip("the whole file", "the file is damaged", str(error))
        return
    if isinstance(document, Mapping):
        yield from invite_rows.read_config(document)
    else:
        yield cells.skip("the whole file", "not the object that it should be", document)


def _rows(file: BinaryIO, prefix: str, read: ReadRow, what: str, zone: tzinfo | None) -> Iterator[Found]:
    """Every row under a prefix, up to a damage."""
    file.seek(0)
    try:
        for number, row in enumerate(ijson.items(file, prefix, use_float=True), start=1):
            if isinstance(row, Mapping):
                yield from read(row, f"{what} {number}", zone)
            else:
                yield cells.skip(f"{what} {number}", "no row", row)
    except (ijson.JSONError, UnicodeDecodeError):
        return  # said once, by whoever looks at the whole file


def _top(file: BinaryIO) -> tuple[dict[str, object], list[Found]]:
    """The keys of the outermost object with those values that are no containers; and a damage, if there is one."""
    file.seek(0)
    keys: dict[str, object] = {}
    try:
        for prefix, event, value in ijson.parse(file, use_float=True):
            if prefix == "" and event == "map_key":
                keys[str(value)] = None
            elif prefix in keys and event in ("string", "number", "boolean"):
                keys[prefix] = value
    except (ijson.JSONError, UnicodeDecodeError) as error:
        return keys, [cells.skip(f"from byte {file.tell()} or before", "the file is damaged", str(error))]
    return keys, []

"""`giftcode_state.json`: channels and sent codes of every server, in one object, read as a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import BinaryIO

import ijson

from giftbot.legacy import cells
from giftbot.legacy.cells import UnusableError
from giftbot.legacy.files import from_start
from giftbot.legacy.rescue import Place, rescue
from giftbot.models.ids import ChannelId, GuildId
from giftbot.models.legacy import Found, KnownCode, PostChannel, SentCode

GLOBAL = "global"
"""The entry of `sent` that holds every code the bot ever knew: not what was posted."""
_OPENING = frozenset({"start_map", "start_array"})
_CONTAINERS = dict.fromkeys(_OPENING, "an object or a list")
_CODES = ["", "sent", "[]"]
"""Where the codes of a server are (see `_entries`)."""
_CLOSING = frozenset({"end_map", "end_array"})


def read_state(file: BinaryIO, zone: tzinfo | None = None) -> Iterator[Found]:
    """Everything in such a file: writes of earlier bots were not atomic.

    A damage is a skipped row. What comes after it is used from where the next entry can be told.
    """
    place = Place()
    try:
        yield from _entries(file, place)
    except (ijson.JSONError, UnicodeDecodeError) as error:
        yield cells.skip(_where(place), "the file is damaged", str(error).strip())
        for key, value, entry in rescue(file, place):
            yield from read_channel(key, value) if entry is None else read_sent(key, value, entry)


def _where(place: Place) -> str:
    return f"in or after the {place.lists}. list of codes, entry {place.entry}" if place.lists else "at the start"


def _entries(file: BinaryIO, place: Place) -> Iterator[Found]:
    from_start(file)
    path: list[str] = []
    """The keys of the objects that are open; a list is `[]`."""
    key = ""
    server: GuildId | None = None
    """Whose list of sent codes is open, if it is one of a server that can be used."""
    for event, value in ijson.basic_parse(file, use_float=True):
        if event == "string" and server is not None and path == _CODES:  # as nearly all of a million entries
            try:
                code, display = cells.code(value)
            except UnusableError:
                pass  # said below
            else:
                place.entry += 1
                yield SentCode(server, code, display, None)
                continue
        if event == "map_key":
            key = str(value)
            continue
        if event in _CLOSING:
            path.pop()
            key = path[-1] if path else ""
            continue
        if event == "start_array" and path and "[]" not in path:
            place.begin(key)
            server = _server(key)
        elif path and path[-1] == "[]" and "[]" not in path[:-1]:
            place.entry += 1
        yield from _entry(place, path, key, event, value)
        if event in _OPENING:
            path.append("[]" if event == "start_array" else key)
            key = path[-1]


def _server(key: str) -> GuildId | None:
    try:
        return GuildId(cells.snowflake(key, "server"))
    except UnusableError:
        return None


def _entry(place: Place, path: list[str], key: str, event: str, value: object) -> Iterator[Found]:
    """What an event says: `path` is where it happens, with an empty key for the outermost object."""
    shown = _CONTAINERS.get(event, value)
    match path[1:]:
        case [] if not path:
            if event != "start_map":
                yield cells.skip("the whole file", "not the object that it should be", shown)
        case []:
            if key in {"channels", "sent"} and event not in {"start_map", "null"}:
                yield cells.skip(key, "not the object that it should be", shown)
        case ["channels"]:
            yield from read_channel(key, shown)
        case ["sent"] if event not in {"start_array", "null"}:
            yield cells.skip(f"sent, server {key}", "no list of codes", shown)
        case ["sent", "[]"]:
            yield from read_sent(place.key, shown if event not in _OPENING else None, place.entry)


def read_document(document: Mapping[str, object]) -> Iterator[Found]:
    """The same object as a document of MongoDB (`giftcode_state`)."""
    for name in ("channels", "sent"):
        part = document.get(name)
        if isinstance(part, Mapping):
            for key, value in part.items():
                yield from read_channel(str(key), value) if name == "channels" else _read_list(str(key), value)
        elif part is not None:
            yield cells.skip(name, "not the object that it should be", part)


def _read_list(key: str, codes: object) -> Iterator[Found]:
    if isinstance(codes, list):
        for entry, value in enumerate(codes, start=1):
            yield from read_sent(key, value, entry)
    elif codes is not None:
        yield cells.skip(f"sent, server {key}", "no list of codes", codes)


def read_channel(key: str, value: object) -> Iterator[Found]:
    """A server's channel."""
    if isinstance(value, Mapping | list):
        value = "an object or a list"
    try:
        guild_id = cells.snowflake(key, "server")
        yield PostChannel(GuildId(guild_id), ChannelId(cells.snowflake(value, "channel")))
    except UnusableError as error:
        yield cells.skip(f"channels, server {key}", str(error), value)


def read_sent(key: str, value: object, entry: int) -> Iterator[Found]:
    """One entry of a server's list of sent codes, or of the list of all codes."""
    try:
        code, display = cells.code(value)
        if key == GLOBAL:
            yield KnownCode(code, display, None)
        else:
            yield SentCode(GuildId(cells.snowflake(key, "server")), code, display, None)
    except UnusableError as error:
        yield cells.skip(f"sent, server {key}, entry {entry}", str(error), value)

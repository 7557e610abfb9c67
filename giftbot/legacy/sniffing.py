"""What a file is whose name says nothing: by its tables, or by its keys."""

from __future__ import annotations

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import ijson

from giftbot.legacy.files import from_start, parsed
from giftbot.legacy.kinds import KINDS

_SQLITE = b"SQLite format 3\x00"
_KEYS = (
    ("giftcode_state.json", {"sent", "channels"}),
    ("invite_cache_backup.json", {"cache"}),
    ("discord_data_backup.json", {"discord_data", "staff_invites", "invite_tracking", "vip_requests"}),
    ("staff_config.json", {"staff_members"}),
)
"""Keys of which an object of a kind has at least one, at its top."""
_ENOUGH = 100_000
"""Events of a JSON document after which no key of its top is expected any more."""


def kind_of(path: Path) -> str | None:
    """The name that such a file has where earlier bots put it; None when it is nothing known. Raises `OSError`."""
    with path.open("rb") as file:
        head = file.read(4096)
        if head.startswith(_SQLITE):
            return _by_tables(path)
        from_start(file)
        start = file.read(1024).decode("utf-8", "replace").lstrip()
        if start[:1] not in {"{", "["}:
            return _by_headings(start)
        from_start(file)
        keys, is_list, entry = set(), start[0] == "[", set[str]()
        try:
            for number, (prefix, event, value) in enumerate(parsed(file)):
                if event == "map_key" and not prefix:
                    keys.add(str(value))
                elif event == "map_key" and prefix == "item":
                    entry.add(str(value))
                if _by_keys(keys) or number > _ENOUGH or (is_list and event == "end_map"):
                    break
        except (ijson.JSONError, UnicodeDecodeError):
            pass  # what came before the damage has to do; its reader reports it
    if is_list:
        return "invite_joins.json" if {"user_id", "invite_code"} <= entry else None
    return _by_keys(keys) or ("invite_cache_backup.json" if _are_servers(keys) else None)


def _by_keys(keys: set[str]) -> str | None:
    return next((kind for kind, known in _KEYS if known & keys), None)


def _are_servers(keys: set[str]) -> bool:
    return bool(keys) and all(key.isdecimal() and len(key) > 14 for key in keys - {"timestamp", "last_updated"})


def _by_headings(start: str) -> str | None:
    try:
        names = next(csv.reader([start.splitlines()[0]]), []) if start else []
    except csv.Error:
        return None
    return "invite_joins.csv" if {"User ID", "Invite Code"} <= {name.strip() for name in names} else None


def _by_tables(path: Path) -> str | None:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            names = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master")}
            if _is_ours(connection):
                return None
    except sqlite3.Error:
        return None
    counted = [(len(names & set(kind.tables)), kind.name) for kind in KINDS if kind.tables]
    count, name = max(counted)
    return name if count else None


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether this bot wrote it: earlier bots did not number their schema."""
    [version] = connection.execute("PRAGMA user_version").fetchone()
    return bool(version)

"""Looks at a SQLite file that change nothing: they neither create nor upgrade it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from giftbot.stores.sqlite.database import translated
from giftbot.stores.sqlite.schema import MIGRATIONS

KNOWN = len(MIGRATIONS)
"""The schema that this giftbot writes."""
_BUSY = 5.0
"""Seconds to wait for another process."""


def read_schema(path: Path) -> int | None:
    """Which schema a file has (0: no tables yet); None when there is no file.

    Raises `StoreUnavailableError` when it cannot be read.
    """
    if not path.exists():
        return None
    with _opened(path) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def find_damage(path: Path) -> str | None:
    """What SQLite's quick check finds first; None when the file is whole. Takes seconds for each gigabyte.

    Raises `StoreUnavailableError` when it cannot be read.
    """
    with _opened(path) as connection:
        [(found,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    return None if found == "ok" else " ".join(str(found).split())


def copy_file(path: Path, to: Path) -> None:
    """Write what a file holds to another one, also while somebody works on it.

    Raises `StoreUnavailableError` when it cannot be read.
    """
    with _opened(path) as connection, translated(to), closing(sqlite3.connect(to)) as copy:
        connection.backup(copy)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that may write, but does not: one that may not leaves files of the write-ahead log behind."""
    with translated(path):
        opened = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY)
        with closing(opened) as connection:
            connection.execute("PRAGMA query_only = ON")
            yield connection

"""Counting round trips behind a store's back: commands to MongoDB; queries and transactions of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pymongo import monitoring


class _Commands(monitoring.CommandListener):
    def __init__(self, count: Callable[[], None]) -> None:
        self._count = count

    def started(self, _: monitoring.CommandStartedEvent) -> None:
        self._count()

    def succeeded(self, _: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, _: monitoring.CommandFailedEvent) -> None:
        pass


class Trips:
    """How many round trips there were."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        """Count one."""
        self.count += 1

    def traced(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Count what this connection does: a query is one, and a transaction is one."""
        is_open = False

        def note(statement: str) -> None:
            nonlocal is_open
            if statement.startswith(("COMMIT", "ROLLBACK")):
                is_open = False
            elif not is_open:
                self.add()
                is_open = statement.startswith("BEGIN")

        connection.set_trace_callback(note)
        return connection


@contextmanager
def counting() -> Iterator[Trips]:
    """Count the round trips of every store that is opened in this block. Slows them down."""
    trips = Trips()
    monitoring.register(_Commands(trips.add))  # it stays, and counts for nobody after this block
    connect = sqlite3.connect
    sqlite3.connect = lambda *args, **kwargs: trips.traced(connect(*args, **kwargs))  # type: ignore[assignment]
    try:
        yield trips
    finally:
        sqlite3.connect = connect

"""Counting round trips behind a store's back: commands to MongoDB; queries and transactions of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pymongo import monitoring

LEASES = "leases"
"""The table of budgets and players' leases."""


class _Commands(monitoring.CommandListener):
    def __init__(self, count: Callable[[str], None]) -> None:
        self._count = count

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        self._count(str(event.command.get(event.command_name)))

    def succeeded(self, _: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, _: monitoring.CommandFailedEvent) -> None:
        pass


class Trips:
    """How many round trips there were."""

    def __init__(self) -> None:
        self.count = 0
        self.leases = 0
        """Those of them that were for the table of budgets and players' leases."""

    @property
    def besides(self) -> int:
        """Those that were for anything else."""
        return self.count - self.leases

    def add(self, table: str) -> None:
        """Count one to this table."""
        self.count += 1
        self.leases += table == LEASES

    def traced(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Count what this connection does: a query is one, and a transaction is one."""
        is_open = False
        tables: set[str] = set()

        def note(statement: str) -> None:
            nonlocal is_open
            if statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK TO")):
                return
            if statement.startswith("BEGIN"):
                is_open = True
            elif not statement.startswith(("COMMIT", "ROLLBACK")):
                tables.add(LEASES if f" {LEASES} " in statement else "")
            else:
                is_open = False
            if not is_open and tables:
                self.add(LEASES if tables == {LEASES} else "")
                tables.clear()

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

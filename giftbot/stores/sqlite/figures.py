"""Figures over everything in SQLite."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from giftbot.models.announcement import Origin
from giftbot.models.figures import DailyFigure, FigureKind, Recount, Rollup
from giftbot.models.ids import CodeKey
from giftbot.stores.documents import milliseconds
from giftbot.stores.figures import REFRESHED, figure_of, rollup_of
from giftbot.stores.sqlite.database import Database, Turn, Value, translated
from giftbot.stores.sqlite.rows import read_moment

_ORIGINS = json.dumps([origin.value for origin in Origin])
_LOAD = "SELECT kind, day, name, count FROM daily_figures"
_PUT = """
    INSERT INTO daily_figures (_id, kind, day, name, count) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (_id) DO UPDATE SET name = excluded.name, count = excluded.count
"""
_DROP = "DELETE FROM daily_figures WHERE _id = ?"
_SENT = """
    SELECT 'sent', sent_at / 86400000 AS day, source, count(*) FROM sent_giftcodes INDEXED BY sent_giftcodes_sent
    WHERE state = 'sent' GROUP BY source, day
"""
_SENT_SINCE = """
    SELECT 'sent', sent_at / 86400000 AS day, source, count(*) FROM sent_giftcodes INDEXED BY sent_giftcodes_sent
    WHERE state = 'sent' AND source IN (SELECT value FROM json_each(:origins)) AND sent_at >= :since
    GROUP BY source, day
"""
_REDEEMED = """
    SELECT 'redeemed', updated_at / 86400000 AS day, outcome, count(*) FROM auto_redeemed_codes
    GROUP BY day, outcome
"""
_REDEEMED_SINCE = """
    SELECT 'redeemed', updated_at / 86400000 AS day, outcome, count(*) FROM auto_redeemed_codes
    INDEXED BY auto_redeemed_codes_updated WHERE updated_at >= :since GROUP BY day, outcome
"""
_JOBS = "SELECT 'jobs', NULL, state, count(*) FROM redemption_jobs GROUP BY state"
_ALL = """
    SELECT (SELECT count(*) FROM sent_giftcodes INDEXED BY sent_giftcodes_sent WHERE state = 'sent'),
        (SELECT count(*) FROM auto_redeemed_codes)
"""
_COUNT = """
    SELECT count(*) FROM sent_giftcodes INDEXED BY sent_giftcodes_sent
    WHERE state = 'sent' AND source IN (SELECT value FROM json_each(?)) AND sent_at > ? AND sent_at < ?
"""
_LAST = """
    SELECT value, (
        SELECT sent_at || ' ' || code FROM sent_giftcodes INDEXED BY sent_giftcodes_sent
        WHERE state = 'sent' AND source = value AND sent_at IS NOT NULL ORDER BY sent_at DESC LIMIT 1
    ) FROM json_each(?)
"""
_NEVER = 2**62


class SqliteFiguresStore:
    """`FiguresStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load_figures(self) -> Rollup | None:
        """All figures that were counted before."""
        return rollup_of(await self._database.read(_LOAD))

    async def save_figures(
        self, changed: Sequence[DailyFigure], removed: Sequence[DailyFigure], *, counted_at: datetime, mark: str
    ) -> None:
        """Replace some figures and remove others, in one transaction."""
        rows: list[list[Value]] = [[one.figure_id, one.kind.value, one.day, one.name, one.count] for one in changed]
        rows.append([REFRESHED, REFRESHED, None, mark, milliseconds(counted_at)])

        def save(turn: Turn) -> None:
            turn.run_many(_DROP, [[one.figure_id] for one in removed])
            turn.run_many(_PUT, rows)

        await self._database.write(save)

    async def recount(self, since: datetime | None) -> Recount:
        """Count, through a connection of its own, so that no other reader waits for it."""
        with translated(self._database.path):
            moment = None if since is None else milliseconds(since)
            return await asyncio.to_thread(_recounted, self._database.path, moment)

    async def count_sent(self, after: datetime, until: datetime | None = None) -> int:
        """How many codes were sent between two moments."""
        end = _NEVER if until is None else milliseconds(until)
        [[count]] = await self._database.read(_COUNT, [_ORIGINS, milliseconds(after), end])
        return int(count or 0)

    async def last_sent(self) -> list[tuple[datetime, CodeKey, str]]:
        """For each source what was sent last."""
        found: list[tuple[datetime, CodeKey, str]] = []
        for source, text in await self._database.read(_LAST, [_ORIGINS]):
            sent_at, _, code = str(text or "").partition(" ")
            moment = read_moment(int(sent_at)) if sent_at else None
            if moment is not None:
                found.append((moment, CodeKey(code), str(source)))
        return found


def _recounted(path: Path, since: int | None) -> Recount:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=5.0)) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")  # all of it is as of one moment
        place: dict[str, Value] = {"origins": _ORIGINS, "since": since}
        statements = (_SENT, _REDEEMED) if since is None else (_SENT_SINCE, _REDEEMED_SINCE)
        rows = [row for statement in statements for row in connection.execute(statement, place)]
        rows += connection.execute(_JOBS).fetchall()
        [(sent, redeemed)] = connection.execute(_ALL).fetchall()
        connection.execute("COMMIT")
    totals = {FigureKind.SENT: int(sent), FigureKind.REDEEMED: int(redeemed)}
    figures = [one for one in map(figure_of, rows) if one is not None]
    return Recount(figures, totals, totals)

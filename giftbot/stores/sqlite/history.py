"""The history of posts in SQLite: what was sent where, lists and counts."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from functools import partial

from giftbot.models.announcement import Announcement, AnnouncementState, Origin
from giftbot.models.ids import CodeKey, GuildId, announcement_id
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.stores.documents import chunks, given_key, guild_prefix, milliseconds
from giftbot.stores.figures import DAY, MONTH, WEEK, summarise
from giftbot.stores.sqlite.database import Database, Turn, Value
from giftbot.stores.sqlite.rows import (
    ANNOUNCEMENT_COLUMNS,
    ANNOUNCEMENT_NAMES,
    decode_announcement,
    encode_announcement,
    read_moment,
)

_OPEN_STATES = ("pending", "claimed", "unknown", "failed")
_MARK = f"""
    INSERT INTO sent_giftcodes ({ANNOUNCEMENT_NAMES}) VALUES ({", ".join("?" * len(ANNOUNCEMENT_COLUMNS))})
    ON CONFLICT (_id) DO UPDATE SET state = 'sent', source = excluded.source, sent_at = excluded.sent_at,
        updated_at = excluded.updated_at, guild_epoch = excluded.guild_epoch, due_at = NULL, lease_until = NULL,
        batch = NULL, reason = NULL
    WHERE guild_epoch < excluded.guild_epoch OR (guild_epoch = excluded.guild_epoch AND state != 'sent')
"""
_REFERENCE = f"""
    SELECT {ANNOUNCEMENT_NAMES} FROM sent_giftcodes
    WHERE _id >= ? AND _id < ? AND reference = ? AND +batch IS NULL LIMIT 1
"""
_GUILD_SENT = "FROM sent_giftcodes WHERE _id >= ? AND _id < ? AND +state = 'sent'"
_AMONG_SENT = "SELECT code FROM sent_giftcodes WHERE _id IN (SELECT value FROM json_each(?)) AND +state = 'sent'"
_SCAN = """
    SELECT _id, guild_id, code FROM sent_giftcodes WHERE _id > ? AND +state = 'sent' ORDER BY _id LIMIT ?
"""
_ALL_CODES = """
    WITH RECURSIVE known (code) AS (
        SELECT min(code) FROM sent_giftcodes
        UNION ALL
        SELECT (SELECT min(code) FROM sent_giftcodes WHERE code > known.code) FROM known WHERE code IS NOT NULL
    )
    SELECT code FROM known WHERE code IS NOT NULL AND EXISTS (
        SELECT 1 FROM sent_giftcodes INDEXED BY sent_giftcodes_code
        WHERE sent_giftcodes.code = known.code AND +state = 'sent'
    )
"""
_SOURCE_FIGURES = """
    SELECT value,
        (SELECT max(sent_at) FROM sent_giftcodes WHERE state = 'sent' AND source = value),
        (SELECT count(*) FROM sent_giftcodes WHERE state = 'sent' AND source = value AND sent_at > :day),
        (SELECT count(*) FROM sent_giftcodes WHERE state = 'sent' AND source = value AND sent_at > :week),
        (SELECT count(*) FROM sent_giftcodes WHERE state = 'sent' AND source = value AND sent_at > :month)
    FROM json_each(:origins)
"""
_TOTAL = "SELECT count(*) FROM sent_giftcodes INDEXED BY sent_giftcodes_sent WHERE state = 'sent'"
_LAST_CODE = """
    SELECT code FROM sent_giftcodes
    WHERE state = 'sent' AND source IN (SELECT value FROM json_each(?)) AND sent_at = ? ORDER BY code DESC LIMIT 1
"""


def _whole(value: Value) -> int:
    return int(value or 0)


class SqliteHistory:
    """The methods of `AnnouncementStore` that look back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_by_reference(self, guild_id: GuildId, reference: str) -> Announcement | None:
        """The anchor whose message shows this reference."""
        rows = await self._database.read(_REFERENCE, [*guild_prefix(guild_id), reference])
        return decode_announcement(rows[0]) if rows else None

    async def list_announcements(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[AnnouncementState] = (),
        code: CodeKey | None = None,
        limit: int = 100,
    ) -> list[Announcement]:
        """Rows that match, newest `updated_at` first."""
        conditions: list[str] = []
        values: list[Value] = []
        if guild_id is not None:
            conditions.append("_id >= ? AND _id < ?")
            values += guild_prefix(guild_id)
        if code is not None:
            conditions.append("code = ?" if guild_id is None else "+code = ?")
            values.append(code)
        if conditions:  # few rows: one of the conditions above finds them, states only sort them out
            conditions.append("+state IN (SELECT value FROM json_each(?))")
            return await self._listed(conditions, [*values, json.dumps(list(states or AnnouncementState))], limit)
        found = [
            row
            for state in states or tuple(AnnouncementState)
            for row in await self._listed(["state = ?"], [state.value], limit)
        ]
        return sorted(found, key=lambda row: row.updated_at, reverse=True)[:limit]

    async def _listed(self, conditions: list[str], values: list[Value], limit: int) -> list[Announcement]:
        rows = await self._database.read(
            f"SELECT {ANNOUNCEMENT_NAMES} FROM sent_giftcodes WHERE {' AND '.join(conditions)}"
            " ORDER BY updated_at DESC LIMIT ?",
            [*values, limit],
        )
        return [decode_announcement(row) for row in rows]

    async def scan_sent(self, *, chunk: int = 5000) -> AsyncIterator[list[tuple[GuildId, CodeKey]]]:
        """Every sent (server, code), ordered by id, in chunks."""
        last: Value = ""
        while rows := await self._database.read(_SCAN, [last, chunk]):
            last = rows[-1][0]
            yield [(GuildId(_whole(guild_id)), CodeKey(str(code))) for _, guild_id, code in rows]

    async def count_outbox(self, guild_id: GuildId | None = None) -> OutboxCounts:
        """How many rows need work or a decision, and since when the oldest is due."""
        states = json.dumps(_OPEN_STATES)
        chosen, due, values = "state", "", list[Value]()
        if guild_id is not None:
            chosen, due, values = "_id >= ? AND _id < ? AND +state", " AND guild_id = ?", [*guild_prefix(guild_id)]
        rows = await self._database.read(
            f"SELECT state, count(*) FROM sent_giftcodes WHERE {chosen} IN (SELECT value FROM json_each(?)) "
            " GROUP BY state",
            [*values, states],
        )
        oldest = await self._database.read(
            f"SELECT min(due_at) FROM sent_giftcodes WHERE due_at IS NOT NULL{due}",
            [] if guild_id is None else [guild_id],
        )
        counts = {str(state): _whole(count) for state, count in rows}
        return OutboxCounts(**counts, oldest_due_at=read_moment(oldest[0][0]))

    async def mark_codes_sent(
        self,
        guild_id: GuildId,
        codes: Collection[CodeKey],
        source: Origin,
        now: datetime,
        *,
        guild_epoch: int = 0,
    ) -> int:
        """Note codes as sent without sending them; how many were not noted as sent (in this epoch) before."""
        marked = 0
        for chunk in chunks(sorted({given_key(code) for code in codes})):
            rows = [
                Announcement(
                    guild_id=guild_id,
                    code=code,
                    source=source,
                    state=AnnouncementState.SENT,
                    created_at=now,
                    updated_at=now,
                    guild_epoch=guild_epoch,
                    sent_at=now,
                )
                for code in chunk
            ]
            values = [encode_announcement(row) for row in rows]
            marked += await self._database.write(partial(Turn.run_many, sql=_MARK, parameters=values))
        return marked

    async def get_sent_codes(self, guild_id: GuildId) -> set[CodeKey]:
        """The codes that were sent in a server."""
        rows = await self._database.read(f"SELECT code {_GUILD_SENT}", guild_prefix(guild_id))
        return {CodeKey(str(code)) for (code,) in rows}

    async def is_code_sent(self, guild_id: GuildId, code: CodeKey) -> bool:
        """Whether this code was sent in this server."""
        return (await self.batch_check_codes(guild_id, [code]))[code]

    async def batch_check_codes(self, guild_id: GuildId, codes: Collection[CodeKey]) -> dict[CodeKey, bool]:
        """For each code whether it was sent in this server."""
        ids = [announcement_id(guild_id, given_key(code)) for code in codes]
        sent = {code for (code,) in await self._database.read(_AMONG_SENT, [json.dumps(ids)])}
        return {code: given_key(code) in sent for code in codes}

    async def get_all_sent_codes_global(self) -> set[CodeKey]:
        """The codes that were sent in at least one server."""
        return {CodeKey(str(code)) for (code,) in await self._database.read(_ALL_CODES)}

    async def get_stats(self, guild_id: GuildId | None, now: datetime) -> GuildStatistics:
        """Figures on the sent codes of one server, or of all (then a code counts once per server)."""
        if guild_id is None:
            return await self._stats_of_all(now)
        rows = await self._database.read(f"SELECT code, source, sent_at {_GUILD_SENT}", guild_prefix(guild_id))
        return summarise(
            ((CodeKey(str(code)), str(source), read_moment(sent_at)) for code, source, sent_at in rows), now
        )

    async def _stats_of_all(self, now: datetime) -> GuildStatistics:
        origins = json.dumps([origin.value for origin in Origin])
        times: Mapping[str, Value] = {
            "origins": origins,
            "day": milliseconds(now - DAY),
            "week": milliseconds(now - WEEK),
            "month": milliseconds(now - MONTH),
        }
        [[total]] = await self._database.read(_TOTAL)
        rows = [row for row in await self._database.read(_SOURCE_FIGURES, times) if row[1] is not None]
        if not rows:
            return GuildStatistics()
        last = max(_whole(row[1]) for row in rows)
        code = await self._database.read(_LAST_CODE, [origins, last])
        return GuildStatistics(
            total_codes=_whole(total),
            last_sent_at=read_moment(last),
            last_code=CodeKey(str(code[0][0])),
            sources=tuple(sorted(str(row[0]) for row in rows)),
            day=sum(_whole(row[2]) for row in rows),
            week=sum(_whole(row[3]) for row in rows),
            month=sum(_whole(row[4]) for row in rows),
        )

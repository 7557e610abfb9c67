"""Memberships in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from giftbot.models.ids import GuildId, InviteCode, JoinId, UserId
from giftbot.models.join import Join, Level
from giftbot.stores.documents import CHUNK, chunks, guild_prefix, milliseconds
from giftbot.stores.invite_documents import in_turns, read_all, read_text, to_text
from giftbot.stores.sqlite.database import Database, Row, Turn, Value
from giftbot.stores.sqlite.invites_rows import AMONG, JOINS, encode_join

_PRESENT = f"SELECT _id FROM invite_joins WHERE _id {AMONG}"
_OPEN = "SELECT document FROM invite_joins INDEXED BY invite_joins_open WHERE guild_id = ? AND left_at IS NULL"
_LAST = """
    SELECT document FROM invite_joins WHERE _id IN (
        SELECT (
            SELECT _id FROM invite_joins WHERE user_id = value AND guild_id = ? ORDER BY joined_at DESC, _id LIMIT 1
        ) FROM json_each(?)
    )
"""
_SCAN = "SELECT document, _id FROM invite_joins WHERE _id > ? AND _id < ? ORDER BY _id LIMIT ?"
_COUNT = "SELECT COUNT(*) FROM invite_joins WHERE owner_id = ? AND +guild_id = ?"
_EVERYTHING = ("", ";")
"""Bounds of all ids: they begin with a digit."""


async def _read(rows: Sequence[Row]) -> list[Join]:
    return await read_all(Join, [row[0] for row in rows], read_text)


def _is_as(text: Value, join: Join) -> bool:
    """Whether a stored document is this join, however it was written."""
    found = read_text(Join, text)
    return found is not None and to_text(found) == to_text(join)


def _replace(turn: Turn, join: Join, before: Join) -> bool:
    rows = turn.rows("SELECT document FROM invite_joins WHERE _id = ?", [before.join_id])
    if not rows or not _is_as(rows[0][0], before):
        return False
    assignments = ", ".join(f"{column} = ?" for column in JOINS.columns)
    values = [*encode_join(join), before.join_id]
    return turn.run_many(f"UPDATE invite_joins SET {assignments} WHERE _id = ?", [values]) == 1


class SqliteJoinStore:
    """`JoinStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_joins(self, ids: Collection[JoinId]) -> dict[JoinId, Join]:
        """Those that exist."""
        found: dict[JoinId, Join] = {}
        for chunk in chunks(list(ids)):
            rows = await self._database.read(
                f"SELECT document FROM invite_joins WHERE _id {AMONG}", [json.dumps(chunk)]
            )
            found |= {join.join_id: join for join in await _read(rows)}
        return found

    async def open_joins(self, guild_id: GuildId, user_ids: Collection[UserId] | None = None) -> list[Join]:
        """Memberships that have not ended, of these users or of all."""
        if user_ids is None:
            return await _read(await self._database.read(_OPEN, [guild_id]))
        found: list[Join] = []
        for chunk in chunks(list(set(user_ids))):
            rows = await self._database.read(f"{_OPEN} AND user_id {AMONG}", [guild_id, json.dumps(chunk)])
            found += await _read(rows)
        return found

    async def last_joins(self, guild_id: GuildId, user_ids: Collection[UserId]) -> dict[UserId, Join]:
        """Each user's newest membership."""
        found: dict[UserId, Join] = {}
        for chunk in chunks(list(user_ids)):
            rows = await self._database.read(_LAST, [guild_id, json.dumps(chunk)])
            found |= {join.user_id: join for join in await _read(rows)}
        return found

    async def list_joins(
        self,
        guild_id: GuildId | None = None,
        *,
        owner_id: UserId | None = None,
        user_id: UserId | None = None,
        code: InviteCode | None = None,
        levels: Collection[Level] = (),
        since: datetime | None = None,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[Join]:
        """Memberships that match, newest `joined_at` first."""
        # One of the conditions finds the rows, in order; the others only sort them out.
        given: dict[str, Value] = {"user_id": user_id, "code": code, "owner_id": owner_id, "guild_id": guild_id}
        conditions: list[str] = []
        values: list[Value] = []
        for column, value in given.items():
            if value is not None:
                is_with_user = user_id is not None and column == "guild_id"
                conditions.append(f"{'+' if conditions and not is_with_user else ''}{column} = ?")
                values.append(value)
        if levels:
            conditions.append(f"+level {AMONG}")
            values.append(json.dumps([int(level) for level in levels]))
        for moment, comparison in ((since, ">="), (before, "<")):
            if moment is not None:
                conditions.append(f"joined_at {comparison} ?")
                values.append(milliseconds(moment))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = await self._database.read(
            f"SELECT document FROM invite_joins {where} ORDER BY joined_at DESC, _id LIMIT ?",
            [*values, max(limit, 0)],
        )
        return await _read(rows)

    async def count_joins(self, guild_id: GuildId, owner_id: UserId, *, levels: Collection[Level] = ()) -> int:
        """How many of a server's memberships count for somebody, of these levels or of all."""
        among, values = (
            ("", []) if not levels else (f" AND level {AMONG}", [json.dumps([int(one) for one in levels])])
        )
        [[count]] = await self._database.read(f"{_COUNT}{among}", [owner_id, guild_id, *values])
        return int(count or 0)

    async def scan_joins(self, guild_id: GuildId | None = None) -> AsyncIterator[list[Join]]:
        """All memberships, in pages, by row id."""
        last, end = _EVERYTHING if guild_id is None else guild_prefix(guild_id)
        while rows := await self._database.read(_SCAN, [last, end, CHUNK]):
            last = str(rows[-1][1])
            yield await _read(rows)

    async def insert_joins(self, joins: Sequence[Join]) -> set[JoinId]:
        """Store memberships that are not there; which were new."""
        inserted: set[JoinId] = set()
        for chunk in chunks(joins):
            encoded = await in_turns(chunk, encode_join)
            rows = {join.join_id: values for join, values in zip(chunk, encoded, strict=True)}
            inserted |= await self._database.write(partial(_add, rows=rows))
        return inserted

    async def save_join(self, join: Join, *, before: Join) -> bool:
        """Replace a membership, if it is still as `before`."""
        return await self._database.write(partial(_replace, join=join, before=before))


def _add(turn: Turn, rows: Mapping[JoinId, tuple[Value, ...]]) -> set[JoinId]:
    present = {row_id for [row_id] in turn.rows(_PRESENT, [json.dumps(list(rows))])}
    new = {join_id: values for join_id, values in rows.items() if join_id not in present}
    turn.run_many(JOINS.insert, list(new.values()))
    return set(new)

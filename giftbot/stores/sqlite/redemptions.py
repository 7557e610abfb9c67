"""What the game answered, in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial

from giftbot.models.ids import CodeKey, GuildId, PlayerId, RedemptionId
from giftbot.models.job import Counts
from giftbot.models.redemption import OPEN, Redemption, RedemptionOutcome
from giftbot.stores.documents import chunks, guild_prefix, milliseconds
from giftbot.stores.merging import UNGRANTED
from giftbot.stores.redeeming_documents import counts_of, readable
from giftbot.stores.sqlite.database import Database, Row, Turn, Value
from giftbot.stores.sqlite.redeeming_rows import REDEMPTIONS, decode_redemption, encode_redemption
from giftbot.stores.sqlite.rows import read_moment

_IN = "IN (SELECT value FROM json_each(?))"
_ASKED = "outcome IN (" + ", ".join(f"'{outcome}'" for outcome in sorted(OPEN)) + ")"
"""What a later version put off for reasons of its own is not ours to ask for."""
_UNGRANTED = "outcome IN (" + ", ".join(f"'{outcome}'" for outcome in UNGRANTED) + ")"
_AS_GIVEN = ", ".join(f"{name} = excluded.{name}" for name in REDEMPTIONS.columns if name != "_id")
_OPEN = f"{REDEMPTIONS.insert} ON CONFLICT (_id) DO NOTHING"
_REVIVE = f"{REDEMPTIONS.insert} ON CONFLICT (_id) DO UPDATE SET {_AS_GIVEN} WHERE {_UNGRANTED}"
_RECORD = f"{_REVIVE} OR (outcome = 'already' AND excluded.outcome = 'redeemed')"
_GRANTED = f"""
    SELECT fid FROM auto_redeemed_codes INDEXED BY auto_redeemed_codes_granted
    WHERE code = ? AND fid {_IN} AND outcome IN ('redeemed', 'already')
"""
_DUE = f"""
    SELECT {REDEMPTIONS.names} FROM auto_redeemed_codes INDEXED BY auto_redeemed_codes_due
    WHERE guild_id = ? AND code = ? AND next_attempt_at <= ? AND {_ASKED} ORDER BY next_attempt_at, rowid LIMIT ?
"""
_NEXT = f"""
    SELECT min(next_attempt_at) FROM auto_redeemed_codes INDEXED BY auto_redeemed_codes_due
    WHERE guild_id = ? AND code = ? AND next_attempt_at IS NOT NULL AND {_ASKED}
"""
_CLOSE = f"""
    UPDATE auto_redeemed_codes SET outcome = ?, raw = ?, next_attempt_at = NULL, updated_at = ?
    WHERE guild_id = ? AND code = ? AND outcome {_IN}
"""
_COUNTS = """
    SELECT outcome, count(*) FROM auto_redeemed_codes INDEXED BY auto_redeemed_codes_outcome
    WHERE guild_id = ? AND code = ? GROUP BY outcome
"""


def _read(rows: Sequence[Row]) -> list[Redemption]:
    return readable(map(decode_redemption, rows))


class SqliteRedemptionStore:
    """`RedemptionStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def granted_players(self, code: CodeKey, player_ids: Collection[PlayerId]) -> set[PlayerId]:
        """Those of the players who have this code already, through whichever server."""
        found: set[PlayerId] = set()
        for chunk in chunks(list(player_ids)):
            rows = await self._database.read(_GRANTED, [code, json.dumps(list(chunk))])
            found.update(PlayerId(str(player_id)) for [player_id] in rows)
        return found

    async def open_redemptions(self, rows: Sequence[Redemption], *, revive: bool = False) -> int:
        """Insert rows that are absent; how many rows are now as given."""
        return await self._write_redemptions(_REVIVE if revive else _OPEN, rows)

    async def record(self, rows: Sequence[Redemption]) -> int:
        """Write what the game answered; how many rows changed."""
        return await self._write_redemptions(_RECORD, rows)

    async def _write_redemptions(self, statement: str, rows: Sequence[Redemption]) -> int:
        written = 0
        for chunk in chunks(rows):
            values = [encode_redemption(row) for row in chunk]
            written += await self._database.write(partial(Turn.run_many, sql=statement, parameters=values))
        return written

    async def due_redemptions(
        self, guild_id: GuildId, code: CodeKey, now: datetime, *, limit: int
    ) -> list[Redemption]:
        """A job's rows whose `next_attempt_at` has come, longest due first."""
        return _read(await self._database.read(_DUE, [guild_id, code, milliseconds(now), limit]))

    async def next_attempt(self, guild_id: GuildId, code: CodeKey) -> datetime | None:
        """When the earliest of a job's rows is to be asked; None when none is."""
        [[moment]] = await self._database.read(_NEXT, [guild_id, code])
        return read_moment(moment)

    async def close_redemptions(
        self, guild_id: GuildId, code: CodeKey, outcome: RedemptionOutcome, raw: str, now: datetime
    ) -> int:
        """End all open rows of a job with this outcome; how many."""
        values: list[Value] = [outcome.value, raw, milliseconds(now), guild_id, code, json.dumps(sorted(OPEN))]
        async with self._database.transaction() as transaction:
            return await transaction.run(_CLOSE, values)

    async def count_outcomes(self, guild_id: GuildId, code: CodeKey) -> Counts:
        """How many rows of a job have which outcome."""
        rows = await self._database.read(_COUNTS, [guild_id, code])
        return counts_of((outcome, int(count or 0)) for outcome, count in rows)

    async def get_redemptions(self, ids: Collection[RedemptionId]) -> dict[RedemptionId, Redemption]:
        """Those of the rows that exist."""
        found: dict[RedemptionId, Redemption] = {}
        for chunk in chunks(list(ids)):
            rows = await self._database.read(
                f"SELECT {REDEMPTIONS.names} FROM auto_redeemed_codes WHERE _id {_IN}", [json.dumps(list(chunk))]
            )
            found |= {row.redemption_id: row for row in _read(rows)}
        return found

    async def list_redemptions(
        self,
        *,
        guild_id: GuildId | None = None,
        code: CodeKey | None = None,
        player_id: PlayerId | None = None,
        outcomes: Collection[RedemptionOutcome] = (),
        after: RedemptionId | None = None,
        limit: int = 100,
    ) -> list[Redemption]:
        """Rows that match: with `after`, or a server and a code, by ascending id; else newest first."""
        conditions = ["_id > ?"]
        values: list[Value] = [after or ""]
        is_by_id = after is not None or (guild_id is not None and code is not None)
        if guild_id is not None and is_by_id:
            first, end = guild_prefix(guild_id)
            if code is not None:
                first, end = f"{guild_id}:{code}:", f"{guild_id}:{code};"
            conditions += ["_id >= ?", "_id < ?"]
            values += [first, end]
        elif guild_id is not None:
            conditions.append("guild_id = ?")
            values.append(guild_id)
        if code is not None:
            conditions.append("+code = ?")
            values.append(code)
        if player_id is not None:
            conditions.append("fid = ?")
            values.append(player_id)
        if outcomes:
            conditions.append(f"+outcome {_IN}")
            values.append(json.dumps(list(outcomes)))
        order = "_id" if is_by_id else "updated_at DESC, _id"
        return _read(
            await self._database.read(
                f"SELECT {REDEMPTIONS.names} FROM auto_redeemed_codes WHERE {' AND '.join(conditions)}"
                f" ORDER BY {order} LIMIT ?",
                [*values, limit],
            )
        )

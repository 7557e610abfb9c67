"""What was taken over of earlier bots, in SQLite."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from giftbot.models.ids import announcement_id
from giftbot.models.legacy import SentCode
from giftbot.models.migration import Migration
from giftbot.stores.documents import chunks, milliseconds
from giftbot.stores.migration_documents import migration_document, read_migration
from giftbot.stores.sqlite.database import Database, Turn, Value
from giftbot.stores.sqlite.rows import read_moment, stored_moment

_SAVE = """
    INSERT INTO migrations (_id, document) VALUES (?, ?)
    ON CONFLICT (_id) DO UPDATE SET document = excluded.document
"""
# The second alternative: a code that was to be posted here, and never was, is in the history after all.
_NOTE = """
    INSERT INTO sent_giftcodes (_id, guild_id, code, source, state, created_at, updated_at, guild_epoch, code_epoch,
        fence, attempts, sent_at)
    VALUES (?, ?, ?, 'migration', 'sent', ?, ?, 0, 0, 0, 0, ?)
    ON CONFLICT (_id) DO UPDATE SET
        state = 'sent', source = 'migration', due_at = NULL, lease_until = NULL, owner = NULL, batch = NULL,
        reason = NULL, fence = fence + (+state != 'sent'), created_at = min(created_at, excluded.created_at),
        updated_at = excluded.updated_at,
        sent_at = coalesce(min(sent_at, excluded.sent_at), sent_at, excluded.sent_at)
    WHERE guild_epoch = 0 AND code_epoch = 0 AND (
        (+state != 'sent' AND nonce IS NULL AND batch IS NULL)
        OR (source = 'migration' AND excluded.sent_at IS NOT NULL AND coalesce(sent_at > excluded.sent_at, 1))
    )
"""
_TOGETHER = 2000
"""Rows of one transaction: 20 ms. Fewer write the same pages of indexes again and again."""
_TAKE = """
    INSERT INTO leases (_id, owner, until) VALUES (:name, :owner, :until)
    ON CONFLICT (_id) DO UPDATE SET owner = :owner, until = :until
    WHERE leases.until <= :now OR leases.owner = :owner
"""
_HELD_UNTIL = "SELECT until FROM leases WHERE _id = ?"
_DROP = "DELETE FROM leases WHERE _id = ? AND owner = ?"


def _noted(code: SentCode, now: int) -> tuple[Value, ...]:
    at = stored_moment(code.at)
    return (
        announcement_id(code.guild_id, code.key),
        code.guild_id,
        code.key,
        now if at is None else at,
        now if at is None else at,
        at,
    )


class SqliteMigrationStore:
    """`MigrationStore` and `LeaseStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_migrations(self) -> list[Migration]:
        """What became of each source, by name."""
        rows = await self._database.read("SELECT _id, document FROM migrations ORDER BY _id")
        found = (read_migration(str(name), json.loads(str(document))) for name, document in rows)
        return [migration for migration in found if migration is not None]

    async def save_migration(self, migration: Migration) -> None:
        """Insert or replace what is known of a source."""
        values = [migration.name, json.dumps(migration_document(migration), ensure_ascii=False)]
        await self._database.write(lambda turn: turn.run_many(_SAVE, [values]))

    async def note_sent(self, codes: Sequence[SentCode], now: datetime) -> int:
        """Note codes of any servers as sent by an earlier bot; how many rows changed."""
        moment = milliseconds(now)

        def note(turn: Turn, chunk: Sequence[SentCode]) -> int:
            return turn.run_many(_NOTE, [_noted(code, moment) for code in chunk])

        writes = (self._database.write(partial(note, chunk=chunk)) for chunk in chunks(codes, _TOGETHER))
        return sum(await asyncio.gather(*writes))

    async def take_lease(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Take or prolong a lease; None when that worked, else until when somebody else has it."""
        moments = {"now": milliseconds(now), "until": milliseconds(until)}
        values: dict[str, Value] = {"name": name, "owner": owner, **moments}

        def take(turn: Turn) -> datetime | None:
            if turn.run_many(_TAKE, [values]):
                return None
            [[held_until]] = turn.rows(_HELD_UNTIL, [name])
            return read_moment(held_until)

        return await self._database.write(take)

    async def drop_lease(self, name: str, owner: str) -> None:
        """Let go of a lease; nothing if it is not held by `owner`."""
        await self._database.write(lambda turn: turn.run_many(_DROP, [[name, owner]]))

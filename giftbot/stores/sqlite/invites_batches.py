"""Events, decided batches and ledgers of invites in SQLite."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial

from giftbot.models.ids import GuildId, batch_id, event_id
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.join import Join
from giftbot.models.ledger_document import LedgerDocument
from giftbot.stores.documents import chunks, guild_prefix, milliseconds, read_moment
from giftbot.stores.invite_batches import (
    StoredBatch,
    read_batch,
    read_stored_ledger,
    stored_document,
    write_batch,
)
from giftbot.stores.invite_documents import TOGETHER, in_turns, read_all, read_text, to_json, to_text
from giftbot.stores.sqlite.database import Database, Turn, Value
from giftbot.stores.sqlite.invites_rows import AMONG, JOINS, encode_join
from giftbot.stores.sqlite.rows import stored_moment

_PAGE = 50
_ADD_EVENT = "INSERT INTO invite_events (_id, document) VALUES (?, ?) ON CONFLICT (_id) DO NOTHING"
_EVENTS = "SELECT document FROM invite_events WHERE _id >= ? AND _id < ? ORDER BY _id"
_DROP_EVENT = "DELETE FROM invite_events WHERE _id = ?"
_TAKEN = """
    SELECT 1 FROM invite_batches WHERE _id = :batch
    UNION ALL SELECT 1 FROM invite_ledgers WHERE _id = :guild AND number >= :number
"""
_ADD_BATCH = "INSERT INTO invite_batches (_id, document, joins) VALUES (?, ?, ?)"
_STORED = f"SELECT _id, document FROM invite_joins WHERE _id {AMONG}"
_PUT_JOIN = f"""
    {JOINS.insert} ON CONFLICT (_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in JOINS.columns if name != "_id")}
"""
_PUT_LEDGER = """
    INSERT INTO invite_ledgers (_id, number, taken_at, document) VALUES (?, ?, ?, ?)
    ON CONFLICT (_id) DO UPDATE SET
        number = excluded.number, taken_at = excluded.taken_at, document = excluded.document
"""
_LEDGER = "SELECT number, document FROM invite_ledgers WHERE _id = ?"
_NUMBERS = "SELECT _id, number FROM invite_ledgers"
_LEDGER_IDS = "SELECT _id FROM invite_ledgers ORDER BY _id"
_CHANGED_IDS = "SELECT _id FROM invite_ledgers INDEXED BY invite_ledgers_taken WHERE taken_at > ? ORDER BY _id"
_LEDGERS = f"SELECT _id, number, document FROM invite_ledgers WHERE _id {AMONG} ORDER BY _id"
_BATCHES = "SELECT document, joins FROM invite_batches WHERE _id >= ? AND _id < ? ORDER BY _id DESC LIMIT ?"
_FORGET = """
    DELETE FROM invite_batches WHERE _id >= :first AND _id <= :last AND _id <= (
        SELECT _id FROM invite_batches WHERE _id >= :first AND _id < :end ORDER BY _id DESC LIMIT 1 OFFSET :keep
    )
"""


def _merged(turn: Turn, joins: Sequence[Join], rows: Sequence[Sequence[Value]]) -> list[Sequence[Value]]:
    """Rows of joins, without what others made surer since these joins were read."""
    ids = json.dumps([join.join_id for join in joins])
    stored = {str(row_id): read_text(Join, text) for row_id, text in turn.rows(_STORED, [ids])}
    found: list[Sequence[Value]] = []
    for join, row in zip(joins, rows, strict=True):
        before = stored.get(join.join_id)
        merged = join if before is None else join.merged(before)
        found.append(row if merged is join else encode_join(merged))
    return found


def _commit(turn: Turn, stored: StoredBatch, joins: Sequence[Sequence[Value]]) -> bool:
    batch, ledger = stored.batch, stored.batch.ledger
    place: dict[str, Value] = {"batch": batch.batch_id, "guild": batch.guild_id, "number": batch.number}
    if turn.rows(_TAKEN, place):
        return False
    turn.run_many(_ADD_BATCH, [[batch.batch_id, stored.document, stored.lines]])
    turn.run_many(_PUT_JOIN, _merged(turn, batch.joins, joins) if joins else ())
    turn.run_many(_PUT_LEDGER, [[batch.guild_id, batch.number, stored_moment(ledger.taken_at), stored.ledger]])
    turn.run_many(_DROP_EVENT, [[event_id(batch.guild_id, seq)] for seq in batch.events])
    return True


def _restore(turn: Turn, rows: Sequence[Sequence[Value]]) -> set[GuildId]:
    """Write rows of ledgers whose number is not taken; of which servers."""
    new = []
    for row in rows:
        guild_id, number = int(row[0] or 0), int(row[1] or 0)
        place: dict[str, Value] = {
            "batch": batch_id(GuildId(guild_id), number),
            "guild": guild_id,
            "number": number,
        }
        if not turn.rows(_TAKEN, place):
            new.append(row)
    turn.run_many(_PUT_LEDGER, new)
    return {GuildId(int(row[0] or 0)) for row in new}


def _ledger_row(ledger: LedgerDocument) -> tuple[Value, ...]:
    taken_at = read_moment(ledger.document.get("taken_at"))
    return (ledger.guild_id, ledger.number, stored_moment(taken_at), to_json(ledger.document))


class SqliteInviteBatchStore:
    """`InviteEventStore` and `InviteBatchStore` on SQLite. A batch and what follows from it are one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_events(self, events: Sequence[InviteEvent]) -> None:
        """Keep them; of any servers."""
        for chunk in chunks(events):
            values = await in_turns(chunk, lambda event: (event.event_id, to_text(event)))
            await self._database.write(partial(Turn.run_many, sql=_ADD_EVENT, parameters=values))

    async def list_events(self, guild_id: GuildId) -> list[InviteEvent]:
        """A server's events that no batch has dealt with, by `seq`."""
        rows = await self._database.read(_EVENTS, guild_prefix(guild_id))
        return await read_all(InviteEvent, [text for [text] in rows], read_text)

    async def commit_batch(self, batch: InviteBatch) -> bool:
        """Write a batch, its joins and its ledger, and drop its events; False when that number is taken."""
        stored = await write_batch(batch)
        pairs = list(zip(batch.joins, stored.joins, strict=True))
        joins = await in_turns(pairs, lambda pair: encode_join(*pair))
        return await self._database.write(partial(_commit, stored=stored, joins=joins))

    async def repair_batches(self, guild_id: GuildId) -> int:
        """Always 0: what follows from a batch is written in one transaction with it."""
        return 0

    async def _number(self, guild_id: GuildId) -> int:
        rows = await self._database.read(_LEDGER, [guild_id])
        return int(rows[0][0] or 0) if rows else 0

    async def get_ledger(self, guild_id: GuildId) -> Ledger | None:
        """What is known of a server's invites; None before the first look."""
        rows = await self._database.read(_LEDGER, [guild_id])
        return await read_stored_ledger(guild_id, int(rows[0][0] or 0), rows[0][1]) if rows else None

    async def get_ledger_document(self, guild_id: GuildId) -> LedgerDocument | None:
        """What `get_ledger` reads, as it is stored; an invite in it may be one that cannot be read."""
        rows = await self._database.read(_LEDGER, [guild_id])
        return stored_document(guild_id, int(rows[0][0] or 0), str(rows[0][1])) if rows else None

    async def scan_ledgers(self, changed_after: datetime | None = None) -> AsyncIterator[list[Ledger]]:
        """All ledgers by server id, in pages; or those whose baseline is newer than that."""
        async for page in self._scan(changed_after):
            yield [await read_stored_ledger(*row) for row in page]

    async def scan_ledger_documents(
        self, changed_after: datetime | None = None
    ) -> AsyncIterator[list[LedgerDocument]]:
        """What `scan_ledgers` reads, as it is stored."""
        async for page in self._scan(changed_after):
            yield await in_turns(page, lambda row: stored_document(*row), turn=TOGETHER)

    async def _scan(self, changed_after: datetime | None) -> AsyncIterator[list[tuple[GuildId, int, str]]]:
        if changed_after is None:
            rows = await self._database.read(_LEDGER_IDS)
        else:
            rows = await self._database.read(_CHANGED_IDS, [milliseconds(changed_after)])
        for page in chunks([row_id for [row_id] in rows], _PAGE):
            found = await self._database.read(_LEDGERS, [json.dumps(page)])
            yield [(GuildId(int(row_id or 0)), int(number or 0), str(text)) for row_id, number, text in found]

    async def ledger_numbers(self) -> dict[GuildId, int]:
        """The number of each ledger."""
        rows = await self._database.read(_NUMBERS)
        return {GuildId(int(row_id or 0)): int(number or 0) for row_id, number in rows}

    async def restore_ledgers(self, ledgers: Sequence[LedgerDocument], *, decided_at: datetime) -> set[GuildId]:
        """Write ledgers of any servers as batches in which nobody joined; which of them were new.

        The ledger's row takes the number; there is no row of a batch, and `decided_at` is not kept.
        """
        rows = await in_turns(ledgers, _ledger_row, turn=TOGETHER)
        return await self._database.write(partial(_restore, rows=rows)) if rows else set()

    async def list_batches(self, guild_id: GuildId, *, limit: int = 100) -> list[InviteBatch]:
        """The newest first."""
        rows = await self._database.read(_BATCHES, [*guild_prefix(guild_id), max(limit, 0)])
        found = [await read_batch(document, str(joins)) for document, joins in rows]
        return [batch for batch in found if batch is not None]

    async def forget_batches(self, guild_id: GuildId, *, keep: int = 50) -> int:
        """Drop all but the newest batches, whose joins and ledger are written; how many."""
        first, end = guild_prefix(guild_id)
        last = batch_id(guild_id, await self._number(guild_id))
        place: dict[str, Value] = {"first": first, "end": end, "last": last, "keep": max(keep, 0)}
        return await self._database.write(partial(Turn.run_many, sql=_FORGET, parameters=[place]))

"""Events, decided batches and ledgers of invites in MongoDB.

A batch's row is the commit, for a standalone server knows no transactions. Then its joins are written, its events
dropped, and last its ledger written; whatever is missing of that, `repair_batches` does again. A join's row has the
number of the batch that wrote it (`written`), so that no older one goes over it; it is read first, and what others
made surer is kept; then it is written if its `revision` is still the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import partial

from bson import Int64
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import GuildId, batch_id, event_id
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_event import InviteEvent
from giftbot.models.join import Join
from giftbot.models.ledger_document import LedgerDocument
from giftbot.stores.documents import CHUNK, Document, chunks, guild_prefix
from giftbot.stores.invite_batches import StoredBatch, empty_batch, read_batch, restored_batch, write_batch
from giftbot.stores.invite_documents import TOGETHER, in_turns, read_all, read_document, to_document
from giftbot.stores.mongo.documents import changing, of_guild
from giftbot.stores.mongo.driver import Collection as Rows
from giftbot.stores.mongo.faults import duplicates, translated
from giftbot.stores.mongo.invites_documents import documents_of, join_fields, packed, unpacked
from giftbot.stores.mongo.invites_ledgers import MongoLedgers, whole

_PAGE = 50
_TRIES = 20


def _before(number: int) -> Document:
    """Condition for a number that is less than this, or not there."""
    return {"$not": {"$gte": number}}


def _event_document(event: InviteEvent) -> Document:
    return {"_id": event.event_id, "document": to_document(event)}


class MongoInviteBatchStore(MongoLedgers):
    """`InviteEventStore` and `InviteBatchStore` on MongoDB."""

    @property
    def _events(self) -> Rows:
        return self._database["invite_events"]

    @property
    def _batches(self) -> Rows:
        return self._database["invite_batches"]

    async def add_events(self, events: Sequence[InviteEvent]) -> None:
        """Keep them; of any servers."""
        for chunk in chunks(events):
            documents = await in_turns(chunk, _event_document)
            await _insert(self._events, documents)

    async def list_events(self, guild_id: GuildId) -> list[InviteEvent]:
        """A server's events that no batch has dealt with, by `seq`."""
        with translated():
            cursor = self._events.find(of_guild(guild_id)).sort([("_id", 1)]).batch_size(CHUNK)
            found = await cursor.to_list(None)
        return await read_all(InviteEvent, documents_of(found), read_document)

    async def commit_batch(self, batch: InviteBatch) -> bool:
        """Write a batch, its joins and its ledger, and drop its events; False when that number is taken.

        Then what follows from the batch that has it is written, as far as that is missing.
        """
        stored = await write_batch(batch)
        document = await _batch_row(stored)
        if await self._number(batch.guild_id) >= batch.number:
            return False
        if await _insert(self._batches, [document]):
            await self.repair_batches(batch.guild_id)
            return False
        await self._project(stored)
        return True

    async def _project(self, stored: StoredBatch) -> None:
        """Write what follows from a batch, as far as no newer one has written it; the ledger last."""
        batch = stored.batch
        for joins in chunks(batch.joins):
            await self._put_joins(joins, batch.number)
        for seqs in chunks(batch.events):
            with translated():
                await self._events.delete_many({"_id": {"$in": [event_id(batch.guild_id, seq) for seq in seqs]}})
        query, update = await _ledger_update(stored)
        with translated():
            try:
                await self._ledgers.update_one(query, update, upsert=True)
            except DuplicateKeyError:
                return  # a newer one is there

    async def _put_joins(self, joins: Sequence[Join], number: int) -> None:
        """Write these joins, but over nothing that a newer batch wrote, and nothing that is surer."""
        rows = self._database["invite_joins"]
        for _ in range(_TRIES):
            stored = await _stored_joins(rows, joins)
            older = [join for join in joins if not _is_since(stored.get(join.join_id), number)]
            if not older:
                return
            writes = await in_turns(older, partial(_join_update, stored=stored, number=number))
            with translated():
                try:
                    await rows.bulk_write(writes, ordered=False)
                except BulkWriteError as error:
                    joins = [older[position] for position in duplicates(error)]  # others wrote these meanwhile
                else:
                    return
        raise StoreUnavailableError("The memberships of a batch are being changed all the time.")

    async def repair_batches(self, guild_id: GuildId) -> int:
        """Write again what follows from batches that are newer than the ledger; how many there were."""
        newer = {"$gt": batch_id(guild_id, await self._number(guild_id)), "$lt": guild_prefix(guild_id)[1]}
        with translated():
            cursor = self._batches.find({"_id": newer}).sort([("_id", 1)]).batch_size(_PAGE)
            found = await cursor.to_list(None)
        for row in found:
            batch = await _read(row) or empty_batch(guild_id, whole(row.get("number")))
            await self._project(await write_batch(batch))
        return len(found)

    async def restore_ledgers(self, ledgers: Sequence[LedgerDocument], *, decided_at: datetime) -> set[GuildId]:
        """Write ledgers of any servers as batches in which nobody joined; which of them were new.

        Their rows of batches are the commit, here too.
        """
        numbers = await self.ledger_numbers()
        newer = [one for one in ledgers if numbers.get(one.guild_id, -1) < one.number]
        written: set[GuildId] = set()
        for chunk in chunks(newer, _PAGE):
            batches = await in_turns(chunk, lambda one: restored_batch(one, decided_at), turn=TOGETHER)
            taken = await _insert(self._batches, [await _batch_row(one) for one in batches])
            for position in taken:
                await self.repair_batches(chunk[position].guild_id)
            ours = [one for position, one in enumerate(batches) if position not in taken]
            writes = [UpdateOne(*await _ledger_update(one), upsert=True) for one in ours]
            if not writes:
                continue
            with translated():
                try:
                    await self._ledgers.bulk_write(writes, ordered=False)
                except BulkWriteError as error:
                    duplicates(error)  # of these a newer one is there
            written |= {one.batch.guild_id for one in ours}
        return written

    async def list_batches(self, guild_id: GuildId, *, limit: int = 100) -> list[InviteBatch]:
        """The newest first."""
        if limit < 1:  # which MongoDB takes for "all"
            return []
        with translated():
            cursor = self._batches.find(of_guild(guild_id)).sort([("_id", -1)]).limit(limit)
            found = await cursor.batch_size(_PAGE).to_list(None)
        batches = [await _read(row) for row in found]
        return [batch for batch in batches if batch is not None]

    async def forget_batches(self, guild_id: GuildId, *, keep: int = 50) -> int:
        """Drop all but the newest batches, whose joins and ledger are written; how many."""
        keep = max(keep, 0)
        with translated():
            cursor = self._batches.find(of_guild(guild_id), {"_id": 1}).sort([("_id", -1)]).limit(keep + 1)
            newest = await cursor.batch_size(keep + 2).to_list(None)
        if len(newest) <= keep:
            return 0
        last = min(str(newest[keep]["_id"]), batch_id(guild_id, await self._number(guild_id)))
        with translated():
            result = await self._batches.delete_many({"_id": {"$gte": guild_prefix(guild_id)[0], "$lte": last}})
        return result.deleted_count


async def _insert(rows: Rows, documents: Sequence[Document]) -> Collection[int]:
    """Insert rows that are absent; the positions of those that were there."""
    with translated():
        try:
            await rows.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            return duplicates(error).keys()
    return ()


async def _stored_joins(rows: Rows, joins: Sequence[Join]) -> dict[str, Document]:
    """The rows of these joins, as far as there are any."""
    fields = {"document": 1, "revision": 1, "written": 1}
    with translated():
        cursor = rows.find({"_id": {"$in": [join.join_id for join in joins]}}, fields).batch_size(CHUNK + 1)
        return {str(row["_id"]): row for row in await cursor.to_list(None)}


def _is_since(row: Document | None, number: int) -> bool:
    """Whether this batch or a newer one has written a join's row."""
    written = row.get("written") if row else None
    return isinstance(written, int) and written >= number


def _join_update(join: Join, *, stored: Mapping[str, Document], number: int) -> UpdateOne:
    """What writes a join, if its row is still as it is stored."""
    row = stored.get(join.join_id, {})
    before = read_document(Join, row["document"]) if "document" in row else None
    fields = {**join_fields(join if before is None else join.merged(before)), "written": number}
    revision = row.get("revision", {"$exists": False})
    query = {"_id": join.join_id, "written": _before(number), "revision": revision}
    return UpdateOne(query, {**changing(fields), "$inc": {"revision": 1}}, upsert=True)


async def _batch_row(stored: StoredBatch) -> Document:
    batch = stored.batch
    return {
        "_id": batch.batch_id,
        "guild_id": Int64(batch.guild_id),
        "number": batch.number,
        "decided_at": batch.decided_at,
        "document": await packed(stored.document),
        "joins": await packed(stored.lines),
    }


async def _ledger_update(stored: StoredBatch) -> tuple[Document, Document]:
    """The query for a ledger that is older than this batch's, and what makes it this one."""
    batch = stored.batch
    fields = {
        "number": batch.number,
        "taken_at": batch.ledger.taken_at,
        "document": await packed(stored.ledger),
    }
    return {"_id": Int64(batch.guild_id), "number": _before(batch.number)}, changing(fields)


async def _read(row: Document) -> InviteBatch | None:
    return await read_batch(await unpacked(row.get("document")), await unpacked(row.get("joins")))

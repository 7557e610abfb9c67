"""The outbox in SQLite: what keeps it clean."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

from datetime import datetime

from giftbot.models.announcement import AnnouncementState
from giftbot.models.ids import GuildId
from giftbot.stores.documents import CHUNK, guild_prefix, milliseconds
from giftbot.stores.merging import RESTART_VALUES, is_forgotten, lists
from giftbot.stores.sqlite.database import Database, Value
from giftbot.stores.sqlite.outbox import stored_announcements
from giftbot.stores.sqlite.rows import ANNOUNCEMENT_NAMES, decode_announcement, stored_moment

_JOINED = f"""
    SELECT {ANNOUNCEMENT_NAMES} FROM sent_giftcodes INDEXED BY sent_giftcodes_joined
    WHERE state = 'claimed' AND due_at IS NULL AND batch > ? ORDER BY batch, rowid LIMIT {CHUNK}
"""
_SENT = """
    UPDATE sent_giftcodes SET state = 'sent', sent_at = ?, message_id = ?, updated_at = ? WHERE _id = ?
"""
_FREED = """
    UPDATE sent_giftcodes SET state = 'pending', batch = NULL, owner = NULL, due_at = ?, updated_at = ?
    WHERE _id = ?
"""
_EXPIRE = """
    UPDATE sent_giftcodes INDEXED BY sent_giftcodes_due SET due_at = :now, lease_until = :now
    WHERE due_at > :now AND lease_until IS NOT NULL AND state = 'claimed' AND owner IS NOT :owner
"""
_SKIP = """
    UPDATE sent_giftcodes INDEXED BY sent_giftcodes_guild_due
    SET state = 'skipped', reason = ?, due_at = NULL, updated_at = ?
    WHERE guild_id = ? AND due_at IS NOT NULL AND state = 'pending' AND nonce IS NULL
"""
_RETRY = f"""
    UPDATE sent_giftcodes
    SET state = 'pending', due_at = :now, updated_at = :now, attempts = 0, fence = fence + 1,
        {", ".join(f"{name} = NULL" for name in RESTART_VALUES)}
    WHERE _id >= :first AND _id < :end AND +state = 'unknown'
"""
_CLEAR = f"""
    DELETE FROM sent_giftcodes WHERE _id IN (
        SELECT _id FROM sent_giftcodes WHERE _id >= ? AND _id < ? AND guild_epoch < ? LIMIT {CHUNK}
    )
"""


class SqliteUpkeep:
    """The methods of `AnnouncementStore` that resolve rows without an attempt."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def release_orphans(self, now: datetime) -> int:
        """Resolve joined rows that their anchor has forgotten; how many."""
        released, last = 0, ""
        while True:
            count, last = await self._release_some(now, last)
            released += count
            if not last:
                return released

    async def _release_some(self, now: datetime, last: str) -> tuple[int, str]:
        moment = milliseconds(now)
        sent: list[list[Value]] = []
        freed: list[list[Value]] = []
        async with self._database.transaction() as transaction:
            rows = [decode_announcement(row) for row in await transaction.rows(_JOINED, [last])]
            if len(rows) == CHUNK and rows[0].batch != rows[-1].batch:
                rows = [row for row in rows if row.batch != rows[-1].batch]  # the last batch may not be whole
                last = rows[-1].batch or ""
            else:
                last = ""
            anchors = await stored_announcements(transaction, {row.batch for row in rows if row.batch})
            for row in rows:
                anchor = anchors.get(row.batch) if row.batch else None
                if not is_forgotten(row, anchor):
                    continue
                if anchor and anchor.state is AnnouncementState.SENT and lists(anchor.codes, row):
                    sent_at = stored_moment(anchor.sent_at)
                    sent.append([sent_at, anchor.message_id, moment, row.announcement_id])
                else:
                    freed.append([moment, moment, row.announcement_id])
            await transaction.run_many(_SENT, sent)
            await transaction.run_many(_FREED, freed)
        return len(sent) + len(freed), last

    async def expire_leases(self, owner: str, now: datetime) -> int:
        """Make the claims of every other owner due now."""
        async with self._database.transaction() as transaction:
            return await transaction.run(_EXPIRE, {"now": milliseconds(now), "owner": owner})

    async def skip_guild(self, guild_id: GuildId, reason: str, now: datetime) -> int:
        """Turn a server's pending rows, of which no attempt was prepared, into skipped ones; how many."""
        async with self._database.transaction() as transaction:
            return await transaction.run(_SKIP, [reason, milliseconds(now), guild_id])

    async def retry_unresolved(self, guild_id: GuildId, now: datetime) -> int:
        """Make a server's `unknown` rows pending from the start; how many."""
        first, end = guild_prefix(guild_id)
        async with self._database.transaction() as transaction:
            return await transaction.run(_RETRY, {"now": milliseconds(now), "first": first, "end": end})

    async def clear_guild_codes(self, guild_id: GuildId, *, before_epoch: int) -> int:
        """Remove a server's rows of epochs before this one; how many."""
        removed = 0
        while True:
            async with self._database.transaction() as transaction:
                count = await transaction.run(_CLEAR, [*guild_prefix(guild_id), before_epoch])
            removed += count
            if count < CHUNK:
                return removed

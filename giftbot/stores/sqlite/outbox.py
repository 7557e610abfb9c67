"""The outbox in SQLite, on the way out: rows are enqueued, claimed, joined and prepared."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import cast

from giftbot.models.announcement import Announcement, AnnouncementState, Attempt, Claim
from giftbot.models.ids import AnnouncementId, GuildId
from giftbot.stores.documents import chunks, milliseconds
from giftbot.stores.merging import is_held
from giftbot.stores.sqlite.database import Database, Row, Transaction, Turn, Value
from giftbot.stores.sqlite.rows import (
    ANNOUNCEMENT_COLUMNS,
    ANNOUNCEMENT_NAMES,
    decode_announcement,
    encode_announcement,
    stored_codes,
    stored_moment,
)

_LOOKS = 5
"""Pages of due rows that one claim reads at most, while it finds too few different servers."""

_RESTART = ", ".join(f"{name} = excluded.{name}" for name in ANNOUNCEMENT_COLUMNS if name not in {"_id", "fence"})
_ENQUEUE = f"""
    INSERT INTO sent_giftcodes ({ANNOUNCEMENT_NAMES}) VALUES ({", ".join("?" * len(ANNOUNCEMENT_COLUMNS))})
    ON CONFLICT (_id) DO UPDATE SET {_RESTART}, fence = max(fence, excluded.fence) + 1
    WHERE (excluded.guild_epoch, excluded.code_epoch) > (guild_epoch, code_epoch)
"""
_REVIVE = """
    OR ((excluded.guild_epoch, excluded.code_epoch) = (guild_epoch, code_epoch) AND state IN ({states}))
"""
_LOOK = """
    SELECT _id, guild_id FROM sent_giftcodes INDEXED BY sent_giftcodes_due
    WHERE due_at <= ? ORDER BY due_at, rowid LIMIT ? OFFSET ?
"""
_CLAIM = f"""
    UPDATE sent_giftcodes
    SET state = 'claimed', owner = ?, fence = fence + 1, lease_until = ?, due_at = ?, updated_at = ?
    WHERE _id IN (SELECT value FROM json_each(?)) RETURNING {ANNOUNCEMENT_NAMES}
"""
_OTHERS = """
    SELECT _id, guild_id FROM sent_giftcodes INDEXED BY sent_giftcodes_guild_due
    WHERE guild_id IN (SELECT value FROM json_each(?)) AND due_at <= ? AND state = 'pending' AND nonce IS NULL
    ORDER BY due_at, rowid
"""
_STORED = f"SELECT {ANNOUNCEMENT_NAMES} FROM sent_giftcodes WHERE _id IN (SELECT value FROM json_each(?))"
_HOLDERS = """
    SELECT _id, owner, fence, guild_epoch, code_epoch, state FROM sent_giftcodes
    WHERE _id IN (SELECT value FROM json_each(?))
"""
_JOIN = """
    UPDATE sent_giftcodes
    SET state = 'claimed', batch = ?, owner = ?, fence = ?, due_at = NULL, lease_until = NULL, updated_at = ?
    WHERE _id IN (SELECT value FROM json_each(?)) AND _id != ? AND guild_id = ? AND guild_epoch = ?
    AND +state = 'pending' AND due_at <= ? AND nonce IS NULL
"""
_RESTAMP = f"""
    UPDATE sent_giftcodes INDEXED BY sent_giftcodes_joined SET owner = ?, fence = ?
    WHERE batch = ? AND state = 'claimed' AND due_at IS NULL AND guild_epoch = ?
    RETURNING {ANNOUNCEMENT_NAMES}
"""
_PREPARE = """
    UPDATE sent_giftcodes
    SET codes = ?, channel_id = ?, nonce = ?, reference = ?, first_attempt_at = ?, last_attempt_at = ?,
        window_at = ?, attempts = ?, lease_until = ?, due_at = ?, updated_at = ?
    WHERE _id = ?
"""


async def stored_announcements(
    transaction: Transaction, ids: Iterable[AnnouncementId]
) -> dict[AnnouncementId, Announcement]:
    """Those rows that exist, as they are within the transaction."""
    rows = await transaction.rows(_STORED, [json.dumps(list(ids))])
    return {row.announcement_id: row for row in map(decode_announcement, rows)}


def turn_announcements(turn: Turn, ids: Iterable[AnnouncementId]) -> dict[AnnouncementId, Announcement]:
    """The same within a turn."""
    rows = turn.rows(_STORED, [json.dumps(list(ids))])
    return {row.announcement_id: row for row in map(decode_announcement, rows)}


Holder = tuple[str | None, int, int, int]
"""Owner, fence, and the epochs of server and code: what a claim is known by."""


def holder_of(anchor: Announcement) -> Holder:
    """What the claim that `anchor` shows is known by."""
    return anchor.owner, anchor.fence, anchor.guild_epoch, anchor.code_epoch


def stored_holders(
    turn: Turn, anchors: Iterable[Announcement]
) -> dict[AnnouncementId, tuple[Holder, AnnouncementState]]:
    """By whom those of the rows that exist are held, and their states, as they are within the transaction."""
    ids = json.dumps([anchor.announcement_id for anchor in anchors])
    rows = cast("list[tuple[AnnouncementId, str | None, int, int, int, str]]", turn.rows(_HOLDERS, [ids]))
    return {row[0]: (row[1:5], AnnouncementState(row[5])) for row in rows}


def _attempt_values(anchor: Announcement) -> list[Value]:
    return [
        stored_codes(anchor.codes),
        anchor.channel_id,
        anchor.nonce,
        anchor.reference,
        stored_moment(anchor.first_attempt_at),
        stored_moment(anchor.last_attempt_at),
        stored_moment(anchor.window_at),
        anchor.attempts,
        stored_moment(anchor.lease_until),
        stored_moment(anchor.lease_until or anchor.due_at),
        milliseconds(anchor.updated_at),
        anchor.announcement_id,
    ]


def _longest_due(turn: Turn, now: datetime, limit: int) -> dict[GuildId, AnnouncementId]:
    """The longest due row of each of up to `limit` servers, longest due first."""
    found: dict[GuildId, AnnouncementId] = {}
    page = max(200, 4 * limit)
    for look in range(_LOOKS):
        rows = turn.rows(_LOOK, [milliseconds(now), page, look * page])
        for row_id, guild_id in rows:
            found.setdefault(GuildId(int(guild_id or 0)), AnnouncementId(str(row_id)))
            if len(found) == limit:
                return found
        if len(rows) < page:
            break
    return found


def _prepare(turn: Turn, anchors: Sequence[Announcement]) -> set[AnnouncementId]:
    stored = stored_holders(turn, anchors)
    ours = [
        anchor
        for anchor in anchors
        if stored.get(anchor.announcement_id) == (holder_of(anchor), AnnouncementState.CLAIMED)
    ]
    turn.run_many(_PREPARE, [_attempt_values(anchor) for anchor in ours])
    return {anchor.announcement_id for anchor in ours}


class SqliteOutbox:
    """The methods of `AnnouncementStore` that lead to an attempt."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enqueue(self, rows: Sequence[Announcement], *, revive: Collection[AnnouncementState] = ()) -> int:
        """Insert rows that are absent; how many rows are now as given."""
        states = ", ".join(f"'{state.value}'" for state in revive)
        statement = _ENQUEUE + (_REVIVE.format(states=states) if states else "")
        written = 0
        for chunk in chunks(rows):
            values = [encode_announcement(row) for row in chunk]
            written += await self._database.write(partial(Turn.run_many, sql=statement, parameters=values))
        return written

    async def claim_due(self, owner: str, now: datetime, lease_until: datetime, *, limit: int) -> list[Claim]:
        """Take up to `limit` anchors that are due, at most one per server, longest due first."""
        moment, lease = milliseconds(now), milliseconds(lease_until)
        if limit < 1 or not await self._database.read(_LOOK, [moment, 1, 0]):
            return []

        def claim(turn: Turn) -> tuple[list[GuildId], list[Row], list[Row]]:
            due = _longest_due(turn, now, limit)
            ids = json.dumps(list(due.values()))
            claimed = turn.rows(_CLAIM, [owner, lease, lease, moment, ids])
            return list(due), claimed, turn.rows(_OTHERS, [json.dumps(list(due)), moment])

        due, claimed, others = await self._database.write(claim)
        anchors = {row.guild_id: row for row in map(decode_announcement, claimed)}
        riders: dict[Value, list[AnnouncementId]] = {}
        for row_id, guild_id in others:
            riders.setdefault(guild_id, []).append(AnnouncementId(str(row_id)))
        return [Claim(anchors[guild_id], tuple(riders.get(guild_id, ()))) for guild_id in due]

    async def join(self, anchor: Announcement, ids: Sequence[AnnouncementId], now: datetime) -> list[Announcement]:
        """Let due, pending rows of the same server ride with a claimed anchor; all rows that now do.

        None, when the anchor is not held any more.
        """
        anchor_id, moment = anchor.announcement_id, milliseconds(now)
        stamp: list[Value] = [anchor.owner, anchor.fence]
        async with self._database.transaction() as transaction:
            stored = (await stored_announcements(transaction, [anchor_id])).get(anchor_id)
            if stored is None or not is_held(stored, anchor) or stored.state is not AnnouncementState.CLAIMED:
                return []
            if ids:
                place: list[Value] = [anchor_id, anchor.guild_id, anchor.guild_epoch]
                await transaction.run(_JOIN, [anchor_id, *stamp, moment, json.dumps(list(ids)), *place, moment])
            rows = await transaction.rows(_RESTAMP, [*stamp, anchor_id, anchor.guild_epoch])
        return sorted(map(decode_announcement, rows), key=lambda row: row.code)

    async def prepare(self, attempts: Sequence[Attempt]) -> set[AnnouncementId]:
        """Write attempts into their anchors where owner, fence and epochs still match; the ids written."""
        written: set[AnnouncementId] = set()
        for chunk in chunks(attempts):
            anchors = [attempt.anchor for attempt in chunk]
            written |= await self._database.write(partial(_prepare, anchors=anchors))
        return written

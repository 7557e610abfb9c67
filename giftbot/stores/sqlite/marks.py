"""The outbox in SQLite, on the way back: attempts end, journals are replayed."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from giftbot.models.announcement import FINAL_STATES, Announcement, AnnouncementState, Mark
from giftbot.models.ids import AnnouncementId
from giftbot.stores.documents import chunks, milliseconds
from giftbot.stores.merging import (
    joined_marks,
    mark_values,
    replaceable_states,
    states_below,
)
from giftbot.stores.sqlite.database import Database, Transaction, Turn, Value
from giftbot.stores.sqlite.outbox import holder_of, stored_announcements, stored_holders, turn_announcements
from giftbot.stores.sqlite.rows import stored_moment

_SENT = """
    UPDATE sent_giftcodes
    SET state = 'sent', sent_at = :at, message_id = :message, updated_at = :at, batch = :anchor, due_at = NULL,
        lease_until = NULL, reason = NULL
    WHERE _id = :id AND guild_epoch = :guild_epoch AND +state != 'sent'
    AND (code_epoch = :code_epoch OR (:code_epoch IS NULL AND batch = :anchor))
"""
_HELD = " AND +batch = :anchor AND +state = 'claimed' AND owner IS :owner AND fence = :fence"
_ENDED = f"""
    UPDATE sent_giftcodes SET state = :state, reason = :reason, updated_at = :at, due_at = NULL
    WHERE _id = :id AND guild_epoch = :guild_epoch{_HELD}
"""
_RELEASED = f"""
    UPDATE sent_giftcodes SET state = 'pending', batch = NULL, owner = NULL, updated_at = :at, due_at = :due
    WHERE _id = :id AND guild_epoch = :guild_epoch{_HELD}
"""
_REPLAYED = """
    UPDATE sent_giftcodes SET state = :state, reason = :reason, updated_at = :at, due_at = NULL
    WHERE _id = :id AND guild_epoch = :guild_epoch AND code_epoch = :code_epoch AND +batch = :anchor
    AND +state IN ('pending', 'claimed'{worse})
"""
_ANCHOR = """
    UPDATE sent_giftcodes
    SET state = :state, updated_at = :at, lease_until = NULL, due_at = :due, reason = :reason,
        sent_at = coalesce(:sent_at, sent_at), message_id = coalesce(:message, message_id)
    WHERE _id = :id
"""


def _anchor_values(mark: Mark) -> dict[str, Value]:
    values = mark_values(mark)
    is_sent = mark.state is AnnouncementState.SENT
    return {
        "id": mark.anchor.announcement_id,
        "state": mark.state.value,
        "at": milliseconds(mark.at),
        "due": None if values["due_at"] is None else milliseconds(mark.due_at or mark.at),
        "reason": mark.reason,
        "sent_at": milliseconds(mark.at) if is_sent else None,
        "message": mark.message_id if is_sent else None,
    }


def _joined_values(row_id: AnnouncementId, code_epoch: int | None, mark: Mark) -> dict[str, Value]:
    return {
        "id": row_id,
        "state": mark.state.value,
        "at": milliseconds(mark.at),
        "due": stored_moment(mark.due_at or mark.at),
        "reason": mark.reason,
        "message": mark.message_id,
        "anchor": mark.anchor.announcement_id,
        "owner": mark.anchor.owner,
        "fence": mark.anchor.fence,
        "guild_epoch": mark.anchor.guild_epoch,
        "code_epoch": code_epoch,
    }


def _finish(turn: Turn, marks: Sequence[Mark]) -> set[AnnouncementId]:
    joined = [mark for mark in marks if mark.joined]
    if joined:
        _finish_joined(turn, joined, turn_announcements(turn, [mark.anchor.announcement_id for mark in joined]))
    stored = stored_holders(turn, [mark.anchor for mark in marks])
    values: list[dict[str, Value]] = []
    written: set[AnnouncementId] = set()
    for mark in marks:
        row_id = mark.anchor.announcement_id
        holder, state = stored.get(row_id, (None, None))
        if holder != holder_of(mark.anchor):
            continue
        if state in replaceable_states(mark.state):
            values.append(_anchor_values(mark))
        elif state is not mark.state:
            continue
        written.add(row_id)
    turn.run_many(_ANCHOR, values)
    return written


def _finish_joined(turn: Turn, marks: Sequence[Mark], stored: dict[AnnouncementId, Announcement]) -> None:
    statements: dict[str, list[dict[str, Value]]] = {_SENT: [], _ENDED: [], _RELEASED: []}
    for item in joined_marks(marks, stored):
        ended = _ENDED if item.mark.state in FINAL_STATES else _RELEASED
        statement = _SENT if item.mark.state is AnnouncementState.SENT else ended
        statements[statement].append(_joined_values(item.row_id, item.code_epoch, item.mark))
    for statement, values in statements.items():
        turn.run_many(statement, values)


async def _replay_joined(
    transaction: Transaction, marks: Sequence[Mark], stored: dict[AnnouncementId, Announcement]
) -> int:
    changed = 0
    for item in joined_marks((mark for mark in marks if mark.state in FINAL_STATES), stored):
        statement = _SENT
        if item.mark.state is not AnnouncementState.SENT:
            worse = "".join(f", '{state.value}'" for state in states_below(item.mark.state))
            statement = _REPLAYED.format(worse=worse)
        changed += await transaction.run(statement, _joined_values(item.row_id, item.code_epoch, item.mark))
    return changed


class SqliteMarks:
    """The methods of `AnnouncementStore` that end attempts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def finish(self, marks: Sequence[Mark]) -> set[AnnouncementId]:
        """End attempts: joined rows first, the anchor last; the anchors' ids that were written.

        A mark that was written before counts as written again.
        """
        written: set[AnnouncementId] = set()
        for chunk in chunks(marks, 200):
            written |= await self._database.write(partial(_finish, marks=chunk))
        return written

    async def replay(self, marks: Sequence[Mark]) -> int:
        """Apply marks from the journal without owner and fence, by merge order; how many rows changed."""
        changed = 0
        for chunk in chunks(marks, 200):
            async with self._database.transaction() as transaction:
                stored = await stored_announcements(transaction, [mark.anchor.announcement_id for mark in chunk])
                changed += await _replay_joined(transaction, chunk, stored)
                states = {row_id: row.state for row_id, row in stored.items()}
                for mark in chunk:
                    row_id = mark.anchor.announcement_id
                    row = stored.get(row_id)
                    epochs = (mark.anchor.guild_epoch, mark.anchor.code_epoch)
                    if row is None or (row.guild_epoch, row.code_epoch) != epochs:
                        continue
                    if states[row_id] in states_below(mark.state):
                        changed += await transaction.run(_ANCHOR, _anchor_values(mark))
                        states[row_id] = mark.state
        return changed

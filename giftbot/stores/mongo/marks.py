"""The outbox in MongoDB, on the way back: attempts end, journals are replayed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pymongo import UpdateOne

from giftbot.models.announcement import FINAL_STATES, Announcement, AnnouncementState, Mark
from giftbot.models.ids import AnnouncementId
from giftbot.stores.documents import Document, chunks
from giftbot.stores.merging import (
    JoinedMark,
    is_held,
    joined_marks,
    mark_values,
    needs_anchor,
    replaceable_states,
    states_below,
)
from giftbot.stores.mongo.documents import changing, held, in_states, same
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.faults import translated
from giftbot.stores.mongo.outbox import stored_announcements

_CHUNK = 200
"""Marks that are written at once; each may have several joined rows."""


def _joined_values(mark: Mark) -> Document:
    values = {**mark_values(mark), "batch": mark.anchor.announcement_id}
    if mark.state not in FINAL_STATES:
        values |= {"state": AnnouncementState.PENDING, "batch": None, "owner": None}
    return changing(values)


def _joined(item: JoinedMark, states: Collection[AnnouncementState]) -> UpdateOne:
    """The write of a joined row: `sent` whatever else it was; another end only while it rides with this anchor."""
    anchor = item.mark.anchor
    query: Document = {"_id": item.row_id, "guild_epoch": same(anchor.guild_epoch), "state": in_states(states)}
    if item.code_epoch is not None:
        query["code_epoch"] = same(item.code_epoch)
    if item.code_epoch is None or item.mark.state is not AnnouncementState.SENT:
        query["batch"] = anchor.announcement_id
    return UpdateOne(query, _joined_values(item.mark))


def _finished(item: JoinedMark) -> UpdateOne:
    if item.mark.state is AnnouncementState.SENT:
        return _joined(item, states_below(AnnouncementState.SENT))
    anchor = item.mark.anchor
    query: Document = {
        "_id": item.row_id,
        "guild_epoch": same(anchor.guild_epoch),
        "batch": anchor.announcement_id,
        "state": AnnouncementState.CLAIMED.value,
        "owner": anchor.owner,
        "fence": same(anchor.fence),
    }
    return UpdateOne(query, _joined_values(item.mark))


def _ended(mark: Mark) -> UpdateOne:
    return UpdateOne(
        {**held(mark.anchor), "state": in_states(replaceable_states(mark.state))}, changing(mark_values(mark))
    )


def _replayed(mark: Mark) -> UpdateOne:
    query = {
        "_id": mark.anchor.announcement_id,
        "guild_epoch": same(mark.anchor.guild_epoch),
        "code_epoch": same(mark.anchor.code_epoch),
        "state": in_states(states_below(mark.state)),
    }
    return UpdateOne(query, changing(mark_values(mark)))


class MongoMarks:
    """The methods of `AnnouncementStore` that end attempts."""

    def __init__(self, database: MongoDatabase) -> None:
        self._database = database

    async def finish(self, marks: Sequence[Mark]) -> set[AnnouncementId]:
        """End attempts: joined rows first, the anchor last; the anchors' ids that were written.

        A mark that was written before counts as written again.
        """
        written: set[AnnouncementId] = set()
        for chunk in chunks(marks, _CHUNK):
            stored = await self._anchors(chunk)
            await self._write([_finished(item) for item in joined_marks(chunk, stored)])
            matched, _ = await self._write([_ended(mark) for mark in chunk])
            if matched == len(chunk):
                written.update(mark.anchor.announcement_id for mark in chunk)
                continue
            stored = await stored_announcements(self._database, [mark.anchor.announcement_id for mark in chunk])
            for mark in chunk:
                row = stored.get(mark.anchor.announcement_id)
                if row is not None and is_held(row, mark.anchor) and row.state is mark.state:
                    written.add(mark.anchor.announcement_id)
        return written

    async def replay(self, marks: Sequence[Mark]) -> int:
        """Apply marks from the journal without owner and fence, by merge order; how many rows changed."""
        changed = 0
        for chunk in chunks(marks, _CHUNK):
            ends = [mark for mark in chunk if mark.state in FINAL_STATES]
            joined = joined_marks(ends, await self._anchors(ends))
            changed += (await self._write([_joined(item, states_below(item.mark.state)) for item in joined]))[1]
            changed += (await self._write([_replayed(mark) for mark in chunk if states_below(mark.state)]))[1]
        return changed

    async def _anchors(self, marks: Sequence[Mark]) -> dict[AnnouncementId, Announcement]:
        return await stored_announcements(
            self._database, [mark.anchor.announcement_id for mark in marks if needs_anchor(mark)]
        )

    async def _write(self, writes: Sequence[UpdateOne]) -> tuple[int, int]:
        """Run the writes in one round trip; how many rows matched, and how many changed."""
        if not writes:
            return 0, 0
        with translated():
            result = await self._database["sent_giftcodes"].bulk_write(writes, ordered=False)
        return result.matched_count, result.modified_count

"""Rules that are the same in every store: merge order of posts and redemptions, held claims, joined rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from giftbot.models.announcement import FINAL_STATES, Announcement, AnnouncementState, Mark
from giftbot.models.ids import AnnouncementId, CodeKey
from giftbot.models.job import Job, JobState
from giftbot.models.redemption import GRANTED, RedemptionOutcome

_RANK = {
    AnnouncementState.PENDING: 0,
    AnnouncementState.CLAIMED: 1,
    AnnouncementState.UNKNOWN: 2,
    AnnouncementState.FAILED: 3,
    AnnouncementState.SKIPPED: 3,
    AnnouncementState.SENT: 4,
}


def states_below(state: AnnouncementState) -> tuple[AnnouncementState, ...]:
    """States that a replayed mark of `state` may replace."""
    return tuple(other for other, rank in _RANK.items() if rank < _RANK[state])


def replaceable_states(state: AnnouncementState) -> tuple[AnnouncementState, ...]:
    """States that the holder of a claim may end with `state`: open ones; for `sent`, all but `sent`."""
    if state is AnnouncementState.SENT:
        return states_below(state)
    return AnnouncementState.PENDING, AnnouncementState.CLAIMED


def is_held(stored: Announcement, anchor: Announcement) -> bool:
    """Whether `stored` is still the claim that `anchor` shows: same owner, fence and epochs."""
    return (stored.owner, stored.fence, stored.guild_epoch, stored.code_epoch) == (
        anchor.owner,
        anchor.fence,
        anchor.guild_epoch,
        anchor.code_epoch,
    )


def is_forgotten(row: Announcement, anchor: Announcement | None) -> bool:
    """Whether nobody will ever resolve a joined row, given its anchor as it is stored now."""
    if anchor is None or anchor.guild_epoch != row.guild_epoch or anchor.batch is not None:
        return True
    return anchor.state in FINAL_STATES or (anchor.is_prepared and not lists(anchor.codes, row))


def lists(codes: Iterable[str], row: Announcement) -> bool:
    """Whether a message with these `CODE@epoch` entries shows the row's code."""
    return f"{row.code}@{row.code_epoch}" in codes


@attrs.frozen
class JoinedMark:
    """What a mark means for one joined row."""

    row_id: AnnouncementId
    code_epoch: int | None
    """The epoch of the code that the message showed; None when it is not known."""
    mark: Mark


def joined_marks(marks: Iterable[Mark], stored: Mapping[AnnouncementId, Announcement]) -> list[JoinedMark]:
    """What the marks mean for joined rows.

    `stored` are the anchors as they are stored, at least those that `needs_anchor`. Rows of a release are left out
    when the anchor is prepared, for then they stay joined; rows that the message did not show are left out always.
    """
    found: list[JoinedMark] = []
    for mark in marks:
        anchor = stored.get(mark.anchor.announcement_id)
        if mark.state not in FINAL_STATES and (
            anchor is None or anchor.is_prepared or not is_held(anchor, mark.anchor)
        ):
            continue
        codes = mark.anchor.codes or (anchor.codes if anchor else ())
        epochs = {key: int(epoch) for key, _, epoch in (entry.rpartition("@") for entry in codes)}
        for row_id in mark.joined:
            key = code_of(row_id)
            if key in epochs or not codes:
                found.append(JoinedMark(row_id, epochs.get(key), mark))
    return found


def needs_anchor(mark: Mark) -> bool:
    """Whether a mark's joined rows cannot be resolved without the anchor as it is stored."""
    return bool(mark.joined) and (mark.state not in FINAL_STATES or not mark.anchor.codes)


def code_of(row_id: AnnouncementId) -> CodeKey:
    """The code in a row's id."""
    return CodeKey(row_id.partition(":")[2])


def mark_values(mark: Mark) -> dict[str, object]:
    """The fields that a mark gives to its anchor; None means that the field is removed."""
    values: dict[str, object] = {
        "state": mark.state,
        "updated_at": mark.at,
        "lease_until": None,
        "due_at": None,
        "reason": mark.reason,
    }
    if mark.state not in FINAL_STATES:
        values["due_at"] = mark.due_at or mark.at
    if mark.state is AnnouncementState.SENT:
        values["sent_at"] = mark.at
        if mark.message_id is not None:
            values["message_id"] = mark.message_id
    return values


RESTART_VALUES: Mapping[str, object] = dict.fromkeys(
    (
        "owner",
        "lease_until",
        "batch",
        "codes",
        "channel_id",
        "nonce",
        "reference",
        "first_attempt_at",
        "last_attempt_at",
        "window_at",
        "message_id",
        "sent_at",
        "reason",
    )
)
"""The fields that a row loses when it starts over as pending."""

UNGRANTED: tuple[str, ...] = tuple(outcome.value for outcome in RedemptionOutcome if outcome not in GRANTED)
"""Outcomes that another one may replace. A row of an earlier bot has none, which means granted."""


def is_letting_go(job: Job) -> bool:
    """Whether a worker that writes this gives the job back: it ended, or nobody is to work on it until it is due.

    A job that was woken meanwhile has rows that the worker may not have seen: it must not rest then.
    """
    return job.state is not JobState.OPEN or job.lease_until is None

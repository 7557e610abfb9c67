"""The shape in which players, redemptions and jobs are stored, as `giftbot.stores.documents` says of all values.

A redemption's player is stored as `fid`, the name that earlier bots gave it. What cannot be read is None.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from giftbot.models.ids import ChannelId, CodeKey, GuildId, MessageId, PlayerId, UserId, player_key
from giftbot.models.job import Counts, Job, JobState, Trigger
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.stores.documents import EPOCH, Document, given_key, read_moment, without_nones

Moment = Callable[[datetime], object]
"""How a store writes a moment."""
Integer = Callable[[int], int]
"""How a store writes a Discord id."""

_PLAYER_STATES = {state.value: state for state in PlayerState}
_OUTCOMES = {outcome.value: outcome for outcome in RedemptionOutcome}
_JOB_STATES = {state.value: state for state in JobState}
_TRIGGERS = {trigger.value: trigger for trigger in Trigger}
_LONGEST_ID = 20
T = TypeVar("T")


def as_it_is(moment: datetime) -> datetime:
    """A moment where the store itself knows dates."""
    return moment


def readable(found: Iterable[T | None]) -> list[T]:
    """Those that could be read."""
    return [value for value in found if value is not None]


def _whole(value: object) -> int | None:
    """A whole number; earlier bots stored some of them as text."""
    if isinstance(value, int):
        return int(value)
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _player_id(value: object) -> PlayerId | None:
    text = str(value) if isinstance(value, (str, int)) else ""
    return PlayerId(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID else None


def player_document(player: Player, *, integer: Integer = int, moment: Moment = as_it_is) -> Document:
    """A player as a document."""
    return without_nones(
        {
            "_id": player_key(player.guild_id, player.player_id),
            "guild_id": integer(player.guild_id),
            "player_id": player.player_id,
            "state": player.state.value,
            "created_at": moment(player.created_at),
            "updated_at": moment(player.updated_at),
            "kingdom": player.kingdom,
            "nickname": player.nickname,
            "owner_id": None if player.owner_id is None else integer(player.owner_id),
            "added_by": None if player.added_by is None else integer(player.added_by),
            "proved_at": None if player.proved_at is None else moment(player.proved_at),
            "revision": player.revision,
        }
    )


def read_player(document: Mapping[str, object]) -> Player | None:
    """The player of a document."""
    get = document.get
    guild_id, player_id = _whole(get("guild_id")), _player_id(get("player_id"))
    state = _PLAYER_STATES.get(str(get("state")))
    if guild_id is None or player_id is None or state is None:
        return None
    owner_id, added_by = _whole(get("owner_id")), _whole(get("added_by"))
    created_at = read_moment(get("created_at")) or EPOCH
    return Player(
        guild_id=GuildId(guild_id),
        player_id=player_id,
        state=state,
        created_at=created_at,
        updated_at=read_moment(get("updated_at")) or created_at,
        kingdom=_whole(get("kingdom")),
        nickname=_text(get("nickname")),
        owner_id=None if owner_id is None else UserId(owner_id),
        added_by=None if added_by is None else UserId(added_by),
        proved_at=read_moment(get("proved_at")),
        revision=_whole(get("revision")) or 0,
    )


def redemption_document(row: Redemption, *, integer: Integer = int, moment: Moment = as_it_is) -> Document:
    """A redemption as a document. Written out, for there is one for every player and code."""
    document: Document = {
        "_id": row.redemption_id,
        "guild_id": integer(row.guild_id),
        "code": row.code,
        "fid": row.player_id,
        "outcome": row.outcome.value,
        "raw": row.raw,
        "attempts": row.attempts,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }
    if row.redeemed_at is not None:
        document["redeemed_at"] = moment(row.redeemed_at)
    if row.next_attempt_at is not None:
        document["next_attempt_at"] = moment(row.next_attempt_at)
    return document


def outcome_of(value: object) -> RedemptionOutcome:
    """The outcome that is stored, `unknown` if a later version knows it.

    Without any it is an earlier bot's row, which means redeemed.
    """
    if value is None:
        return RedemptionOutcome.REDEEMED
    return _OUTCOMES.get(str(value), RedemptionOutcome.UNKNOWN)


def counts_of(found: Iterable[tuple[object, int]]) -> Counts:
    """How many rows have which outcome, from the outcomes that are stored."""
    counts: Counter[RedemptionOutcome] = Counter()
    for value, count in found:
        counts[outcome_of(value)] += count
    return Counts(dict(counts))


def read_redemption(document: Mapping[str, object]) -> Redemption | None:
    """The redemption of a document."""
    get = document.get
    guild_id, code, player_id = _whole(get("guild_id")), get("code"), _player_id(get("fid"))
    if guild_id is None or not isinstance(code, str) or player_id is None:
        return None
    redeemed_at = read_moment(get("redeemed_at"))
    created_at = read_moment(get("created_at")) or redeemed_at or EPOCH
    return Redemption(
        guild_id=GuildId(guild_id),
        code=given_key(code),
        player_id=player_id,
        outcome=outcome_of(get("outcome")),
        created_at=created_at,
        updated_at=read_moment(get("updated_at")) or redeemed_at or created_at,
        raw=_text(get("raw")) or "",
        attempts=_whole(get("attempts")) or 0,
        redeemed_at=redeemed_at,
        next_attempt_at=read_moment(get("next_attempt_at")),
    )


def job_document(job: Job, *, integer: Integer = int, moment: Moment = as_it_is) -> Document:
    """A job as a document."""
    return without_nones(
        {
            "_id": job.job_id,
            "guild_id": integer(job.guild_id),
            "code": job.code,
            "state": job.state.value,
            "trigger": job.trigger.value,
            "created_at": moment(job.created_at),
            "updated_at": moment(job.updated_at),
            "requested_by": None if job.requested_by is None else integer(job.requested_by),
            "due_at": None if job.due_at is None else moment(job.due_at),
            "owner": job.owner,
            "fence": job.fence,
            "lease_until": None if job.lease_until is None else moment(job.lease_until),
            "enrolling": job.enrolling,
            "cursor": job.cursor,
            "channel_id": None if job.channel_id is None else integer(job.channel_id),
            "message_id": None if job.message_id is None else integer(job.message_id),
            "finished_at": None if job.finished_at is None else moment(job.finished_at),
            "reason": job.reason,
        }
    )


def read_job(document: Mapping[str, object]) -> Job | None:
    """The job of a document."""
    get = document.get
    guild_id, code, state = _whole(get("guild_id")), get("code"), _JOB_STATES.get(str(get("state")))
    if guild_id is None or not isinstance(code, str) or state is None:
        return None
    requested_by, cursor = _whole(get("requested_by")), _text(get("cursor"))
    channel_id, message_id = _whole(get("channel_id")), _whole(get("message_id"))
    created_at = read_moment(get("created_at")) or EPOCH
    return Job(
        guild_id=GuildId(guild_id),
        code=CodeKey(code),
        state=state,
        trigger=_TRIGGERS.get(str(get("trigger")), Trigger.AUTO),
        created_at=created_at,
        updated_at=read_moment(get("updated_at")) or created_at,
        requested_by=None if requested_by is None else UserId(requested_by),
        due_at=read_moment(get("due_at")),
        owner=_text(get("owner")),
        fence=_whole(get("fence")) or 0,
        lease_until=read_moment(get("lease_until")),
        enrolling=bool(get("enrolling", True)),
        cursor=None if cursor is None else PlayerId(cursor),
        channel_id=None if channel_id is None else ChannelId(channel_id),
        message_id=None if message_id is None else MessageId(message_id),
        finished_at=read_moment(get("finished_at")),
        reason=_text(get("reason")),
    )

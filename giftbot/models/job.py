"""A redemption job: one gift code for all players of one server."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, CodeKey, GuildId, JobId, MessageId, PlayerId, UserId, job_id
from giftbot.models.redemption import GRANTED, OPEN, RedemptionOutcome


class JobState(enum.StrEnum):
    """Where a job stands."""

    OPEN = "open"
    """There is work, now or at `due_at`."""
    STOPPED = "stopped"
    """An admin or the operator stopped it: what was not asked stays as it is, until it is resumed."""
    DONE = "done"


class Trigger(enum.StrEnum):
    """What opened a job."""

    AUTO = "auto"
    """A new code in a server with auto-redeem."""
    MANUAL = "manual"
    REGISTRATION = "registration"
    """A new or repaired player gets the codes that are active."""
    SWITCHED_ON = "switched_on"


@attrs.frozen
class Job:
    """A row of `redemption_jobs`: who works on its redemptions, which are rows of their own, and from where."""

    guild_id: GuildId
    code: CodeKey
    state: JobState
    trigger: Trigger
    created_at: datetime
    updated_at: datetime
    requested_by: UserId | None = None
    due_at: datetime | None = None
    """When a worker is to look at it; None while it is stopped or done. A claimed job is due at its lease's end."""
    owner: str | None = None
    fence: int = 0
    lease_until: datetime | None = None
    enrolling: bool = True
    """Whether all players of the server are still to be given their rows; `cursor` says how far that is."""
    cursor: PlayerId | None = None
    """The last player who has a row, in text order; None at the start."""
    channel_id: ChannelId | None = None
    message_id: MessageId | None = None
    """The progress message; None before it was sent."""
    finished_at: datetime | None = None
    reason: str | None = None
    """Why it ended or rests, as a sentence for admins."""

    @property
    def job_id(self) -> JobId:
        """The row's id."""
        return job_id(self.guild_id, self.code)


@attrs.frozen
class Counts:
    """How many players of a job ended how."""

    by_outcome: Mapping[RedemptionOutcome, int] = attrs.Factory(dict)

    @property
    def total(self) -> int:
        """All players."""
        return sum(self.by_outcome.values())

    @property
    def granted(self) -> int:
        """Players who have the code."""
        return sum(self.by_outcome.get(outcome, 0) for outcome in GRANTED)

    @property
    def open(self) -> int:
        """Players whose turn is still to come."""
        return sum(self.by_outcome.get(outcome, 0) for outcome in OPEN)

    @property
    def failed(self) -> int:
        """Players who will not get it from this job."""
        return self.total - self.granted - self.open

    def moved(self, before: RedemptionOutcome, after: RedemptionOutcome) -> Counts:
        """These counts after one player's outcome changed."""
        changed = dict(self.by_outcome)
        changed[before] = changed.get(before, 0) - 1
        changed[after] = changed.get(after, 0) + 1
        return Counts({outcome: count for outcome, count in changed.items() if count > 0})

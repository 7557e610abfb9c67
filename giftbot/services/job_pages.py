"""How a redemption job reads: while it runs, and once it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from giftbot.models.job import Counts, Job, JobState
from giftbot.models.post import Field, Page
from giftbot.models.redemption import GRANTED, OPEN, RedemptionOutcome
from giftbot.services.posts import cut
from giftbot.text import redemptions as texts

REASON_LENGTH = 500
"""Characters of a reason that are shown."""


def job_page(job: Job, counts: Counts, *, display: str, ends_at: datetime | None, now: datetime, site: str) -> Page:
    """The message of one job.

    `display` is the code as published, `ends_at` when the job will be done as far as can be told, and `site` the
    page on which players redeem by hand.
    """
    rests = is_resting(job, now)
    done = counts.total - counts.open
    lines = [texts.bar(done, counts.total) if counts.total else _nothing_counted(job)]
    if counts.total:
        lines.append(texts.counts_line(counts))
    if reason := cut(job.reason, REASON_LENGTH):
        lines.append(reason)
    if job.state is JobState.STOPPED:
        lines.append(texts.how_to_resume(display))
    elif job.state is JobState.DONE:
        lines.append(texts.finished_at(job.finished_at or now))
    elif rests and job.due_at is not None:
        lines.append(texts.goes_on(job.due_at))
    elif ends_at is not None and counts.open:
        lines.append(texts.done_about(ends_at))
    is_over = rests or job.state is not JobState.OPEN
    return Page(
        title=texts.progress_title(display, job, rests=rests),
        description="\n".join(lines),
        fields=_failures(job, counts, site) if is_over else (),
    )


def is_resting(job: Job, now: datetime) -> bool:
    """Whether an open job waits for a moment that is still to come, and nobody works on it."""
    return job.state is JobState.OPEN and job.lease_until is None and job.due_at is not None and job.due_at > now


def ends_at(eta: float | None, now: datetime) -> datetime | None:
    """The moment that is `eta` seconds away; None when that cannot be told."""
    return None if eta is None else now + timedelta(seconds=eta)


def _nothing_counted(job: Job) -> str:
    return texts.ENROLLING if job.state is JobState.OPEN else texts.NOBODY_IN_JOB


def _failures(job: Job, counts: Counts, site: str) -> tuple[Field, ...]:
    """Who did not get it, by reason, with what to do about each."""
    fields = []
    for outcome in RedemptionOutcome:
        count = counts.by_outcome.get(outcome, 0)
        if count and outcome not in GRANTED and _is_telling(job, outcome):
            fields.append(Field(texts.failure_name(outcome, count), texts.advice(outcome, site)))
    return tuple(fields)


def _is_telling(job: Job, outcome: RedemptionOutcome) -> bool:
    """Whether an outcome is worth a word: who waits in a job that goes on has simply not been asked yet."""
    if job.state is JobState.DONE or outcome not in OPEN:
        return True
    return outcome is not RedemptionOutcome.WAITING

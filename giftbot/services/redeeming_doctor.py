"""Looks at how redemption goes, and says what is wrong and what to do. Asks the store alone; changes nothing."""

from __future__ import annotations

from datetime import datetime

from giftbot.errors import StoreError
from giftbot.models.check import Check, failed, ok, warning
from giftbot.models.job import Job, JobState
from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.services.doctor import LATE
from giftbot.services.ports import Clock, RedeemingStore
from giftbot.services.slots import GRID, shown_rate
from giftbot.text.words import counted

COUNTED = 1_000
"""Rows that are looked at, of jobs and of parked answers each."""
SHOWN_ANSWERS = 3
_JOBS_REST = "Is the bot running? See its log, and ops inspect jobs --state open."
_JOBS_HALTED = "Once that is repaired, start the bot again: they go on at once."
_ASK_AGAIN = (
    "See ops inspect redemptions --outcome unknown. When it is known what they mean: ops jobs retry --guild ID"
    " --code CODE."
)


class RedeemingDoctor:
    """Examines budget, jobs, players and answers."""

    def __init__(self, *, store: RedeemingStore, clock: Clock, game: str, per_minute: float) -> None:
        """Take the game's name, and the budget that is set, in calls a minute."""
        self._store = store
        self._clock = clock
        self._game = game
        self._per_minute = per_minute

    async def examine(self) -> list[Check]:
        """A line each."""
        checks = []
        for name, examine in (
            ("budget", self._check_budget),
            ("jobs", self._check_jobs),
            ("players", self._check_players),
            ("answers", self._check_answers),
        ):
            try:
                checks.append(await examine())
            except StoreError as error:
                checks.append(failed(name, str(error).rstrip(".")))
        return checks

    async def _check_budget(self) -> Check:
        budget, now = await self._store.peek_budget(self._game), self._clock.now()
        if budget is None:
            return ok("budget", "the game was never asked")
        rate = min(budget.rate * GRID, self._per_minute)
        shown = min(shown_rate(budget.rate), self._per_minute)
        found = f"{shown:g} of {self._per_minute:g} calls a minute, the last at {_iso(budget.slot)}"
        if budget.paused_until is not None and budget.paused_until > now:
            advice = "The game asked for it; redeeming goes on by itself."
            return warning("budget", f"{found}, paused until {_iso(budget.paused_until)}", advice)
        if rate < self._per_minute * 0.99:
            advice = "The game asked for fewer calls; the rate recovers by itself while calls succeed."
            return warning("budget", found, advice)
        return ok("budget", found)

    async def _check_jobs(self) -> Check:
        jobs = await self._store.list_jobs(states=(JobState.OPEN, JobState.STOPPED), limit=COUNTED)
        running = [job for job in jobs if job.state is JobState.OPEN]
        found = f"{len(running)} open, {len(jobs) - len(running)} stopped"
        late = [job for job in running if self._is_late(job)]
        halted = [job.reason for job in running if job.reason]
        if halted and not late:
            return warning("jobs", f"{found}; {len(halted)} put off: {halted[0].rstrip('.')}", _JOBS_HALTED)
        if not late:
            return ok("jobs", found)
        oldest = min(late, key=lambda job: job.due_at or job.created_at)
        left = sum(job.lease_until is not None for job in late)
        leases = f", {counted(left, 'lease')} ran out" if left else ""
        since = f"{oldest.code} in server {oldest.guild_id} since {_iso(oldest.due_at or oldest.created_at)}"
        return warning("jobs", f"{found}; {len(late)} overdue{leases}: {since}", _JOBS_REST)

    def _is_late(self, job: Job) -> bool:
        """Whether nobody works on a job that is due. One that is worked on is due at the end of its lease."""
        return job.due_at is not None and self._clock.now() - job.due_at > LATE

    async def _check_players(self) -> Check:
        counts = await self._store.count_players()
        listed = ", ".join(f"{counts[state]} {state.value}" for state in PlayerState if counts.get(state))
        return ok("players", listed or "none is registered")

    async def _check_answers(self) -> Check:
        parked = await self._store.list_redemptions(outcomes=(RedemptionOutcome.UNKNOWN,), limit=COUNTED)
        if not parked:
            return ok("answers", "none that is not known")
        answers = list(dict.fromkeys(row.raw for row in parked if row.raw))
        shown = ", ".join(f"“{raw}”" for raw in answers[:SHOWN_ANSWERS])
        more = f" and {len(answers) - SHOWN_ANSWERS} others" if len(answers) > SHOWN_ANSWERS else ""
        count = counted(len(parked), "redemption") + (" or more" if len(parked) == COUNTED else "")
        return warning(
            "answers", f"{count} parked, because nobody knows what this means: {shown}{more}", _ASK_AGAIN
        )


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

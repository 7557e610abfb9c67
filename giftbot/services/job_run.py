"""One claimed job, from enrolling its players to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import GameHaltedError, StoreError
from giftbot.logs import new_reference
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.job import Counts, Job, JobState, Trigger
from giftbot.models.redemption import DEAD_CODE, Redemption, RedemptionOutcome
from giftbot.models.times import RedeemingTimes
from giftbot.services.asking import Asking
from giftbot.services.enrolment import Enrolment
from giftbot.services.governor import Governor
from giftbot.services.job_progress import JobProgress
from giftbot.services.ports import Clock, Store
from giftbot.services.questions import Question, Questions
from giftbot.services.subjects import not_asked, subject_of
from giftbot.text import jobs as job_texts
from giftbot.text import redemptions as redemption_texts

_log = structlog.get_logger(__name__)

PUT_OFF = timedelta(minutes=10)
"""So long a row waits whose question failed by a fault of ours."""


def ahead_of(per_minute: float) -> int:
    """Questions of one job that wait for their turn at once, at so many calls a minute: two seconds' worth."""
    return max(4, min(64, round(per_minute / 30)))


@attrs.frozen
class Tools:
    """What every job is worked on with."""

    store: Store
    asking: Asking
    enrolment: Enrolment
    governor: Governor
    progress: JobProgress
    clock: Clock
    times: RedeemingTimes
    ahead: int
    """Questions of one job that wait for their turn at once."""


class JobRun:
    """Works on one job while it is ours, and nobody stops it."""

    def __init__(self, job: Job, tools: Tools, interrupted: asyncio.Event, may_go_on: Callable[[], bool]) -> None:
        self._job = job
        self._tools = tools
        self._interrupted = interrupted
        self._may_go_on = may_go_on
        self._questions = Questions(interrupted)
        self._counts = Counts()
        self._is_dry = False
        self._renewed_at = tools.clock.monotonic()
        self._halted: str | None = None
        self._dead: Redemption | None = None
        """The row whose answer ended the code."""
        self._failed: list[Redemption] = []
        """Rows whose questions failed, and that are to be put off."""

    async def run(self) -> None:
        """Return when the job is done, put off, stopped, or somebody else's."""
        job = self._job
        _log.info(
            "job resumed" if job.fence > 1 else "job started",
            guild=job.guild_id,
            code=job.code,
            trigger=job.trigger,
        )
        try:
            code = await self._code()
            if await self._enrolled(code):
                self._counts = await self._tools.store.count_outcomes(job.guild_id, job.code)
                await self._ask_all(code)
        finally:
            await self._questions.aclose()
        _log.debug("job let go", guild=job.guild_id, code=job.code, state=self._job.state)

    async def _code(self) -> GiftCode | None:
        """The code, while it may be redeemed."""
        code = (await self._tools.store.get_codes([self._job.code])).get(self._job.code)
        if code is None or code.status is not CodeStatus.ACTIVE or code.is_over(self._tools.clock.now()):
            return None
        return code

    async def _enrolled(self, code: GiftCode | None) -> bool:
        while code is not None and self._job.enrolling and self._may_go_on():
            job = await self._tools.enrolment.page(self._job, code)
            if not await self._save(job):
                await self._show_stopped()
                return False
        return True

    async def _ask_all(self, code: GiftCode | None) -> None:
        """Ask for everybody whose turn has come, until nobody is left, or the job is not ours any more."""
        self._show(final=False)
        while self._may_go_on() and self._halted is None:
            if not await self._keep_claim():
                return
            if code is not None and not self._is_dry and len(self._questions) <= self._tools.ahead // 2:
                code = await self._code()
                await self._ask_more(code)
            if code is None:
                await self._end_dead()
                return
            if not self._questions:
                if self._is_dry:
                    break
                continue
            if await self._collect():
                code = None
        await self._drain()
        await self._end()

    async def _ask_more(self, code: GiftCode | None) -> None:
        if code is None:
            return
        store, job = self._tools.store, self._job
        flying = self._questions.players
        limit = self._tools.ahead + len(flying)
        due = await store.due_redemptions(job.guild_id, job.code, self._tools.clock.now(), limit=limit)
        self._is_dry = len(due) < limit
        rows = [row for row in due if row.player_id not in flying]
        if not rows:
            return
        players, guilds = await asyncio.gather(
            store.get_players(job.guild_id, [row.player_id for row in rows]), store.get_guilds([job.guild_id])
        )
        guild = guilds.get(job.guild_id)
        if guild is not None and (reason := _unwanted(job, guild)) is not None:
            await store.stop_job(job.job_id, reason, self._tools.clock.now())
            self._interrupted.set()
            return
        idle = []
        for row in rows:
            player = players.get(row.player_id)
            if (subject := subject_of(player, guild)) is None:
                idle.append(not_asked(row, player, self._tools.clock.now()))
            else:
                self._questions.add(self._tools.asking.begin(row, subject, code))
        await self._rest(idle)

    async def _rest(self, rows: Sequence[Redemption]) -> None:
        """Note those that are not asked for at present."""
        if rows:
            await self._tools.store.record(rows)
            self._counts = await self._tools.store.count_outcomes(self._job.guild_id, self._job.code)

    async def _collect(self) -> bool:
        """Wait for an answer, an interruption or the next heartbeat; whether the code turned out to be dead."""
        is_dead = False
        for question in await self._questions.answered(self._tools.times.heartbeat):
            is_dead |= self._take(question)
        await self._put_off()
        self._show(final=False)
        return is_dead

    def _take(self, question: Question) -> bool:
        before = question.row
        try:
            after = question.task.result()
        except GameHaltedError as error:
            self._halted = str(error)
            return False
        except StoreError as error:  # asked again: the game says `already` if it was granted
            _log.warning("answer not stored", guild=before.guild_id, code=before.code, why=str(error))
            self._is_dry = False
            return False
        except Exception:
            _log.exception(
                "question failed",
                guild=before.guild_id,
                code=before.code,
                player=before.player_id,
                ref=new_reference(),
            )
            self._failed.append(before)
            return False
        self._counts = self._counts.moved(before.outcome, after.outcome)
        if after.outcome not in DEAD_CODE:
            return False
        self._dead = after
        return True

    async def _drain(self) -> None:
        """Let what is on its way come to its end."""
        for question in await self._questions.drain(self._tools.times.drain):
            self._take(question)
        await self._put_off()

    async def _put_off(self) -> None:
        """Let rows wait whose questions failed for a reason that nobody knows: the others have their turn first."""
        now, failed = self._tools.clock.now(), self._failed
        self._failed = []
        await self._rest([attrs.evolve(row, next_attempt_at=now + PUT_OFF, updated_at=now) for row in failed])

    async def _keep_claim(self) -> bool:
        """Renew the claim when it is time to; False when the job was stopped, or is somebody else's."""
        clock, times = self._tools.clock, self._tools.times
        if not self._interrupted.is_set() and clock.monotonic() - self._renewed_at < times.heartbeat:
            return True
        self._interrupted.clear()
        self._is_dry = False
        if await self._save(self._job):
            return True
        await self._show_stopped()
        return False

    async def _save(self, job: Job) -> bool:
        now = self._tools.clock.now()
        lease_until = now + self._tools.times.lease_span
        self._job = attrs.evolve(job, lease_until=lease_until, due_at=lease_until, reason=None, updated_at=now)
        self._renewed_at = self._tools.clock.monotonic()
        return await self._tools.store.save_job(self._job)

    async def _end_dead(self) -> None:
        """The code is over: so is the job, for everybody who was not asked."""
        job, store = self._job, self._tools.store
        code = (await store.get_codes([job.code])).get(job.code)
        is_unknown = code is None or code.status is CodeStatus.INVALID
        outcome, raw = RedemptionOutcome.NOT_FOUND if is_unknown else RedemptionOutcome.EXPIRED, ""
        if self._dead is not None:
            outcome, raw = self._dead.outcome, self._dead.raw
        await self._questions.take_back()
        await store.close_redemptions(job.guild_id, job.code, outcome, raw, self._tools.clock.now())
        await self._finish(JobState.DONE, None, job_texts.job_code_over(is_unknown))

    async def _end(self) -> None:
        """Done when nobody is left; else put off until the next one's turn."""
        job, now = self._job, self._tools.clock.now()
        if not self._may_go_on():  # looked at first: whoever waits for a turn is told that all is halted then
            await self._finish(JobState.OPEN, now, None)
        elif (following := await self._tools.store.next_attempt(job.guild_id, job.code)) is None:
            await self._finish(JobState.DONE, None, None)
        elif (halted := self._halted or self._tools.governor.state.halted) is not None:
            await self._finish(JobState.OPEN, now + timedelta(seconds=self._tools.times.halted), halted)
        else:
            await self._finish(JobState.OPEN, following, None)

    async def _finish(self, state: JobState, due_at: datetime | None, reason: str | None) -> None:
        store, now = self._tools.store, self._tools.clock.now()
        self._job = attrs.evolve(
            self._job,
            state=state,
            due_at=due_at,
            lease_until=None,
            updated_at=now,
            finished_at=now if state is JobState.DONE else None,
            reason=reason,
        )
        if not await store.save_job(self._job):
            await self._show_stopped()
            return
        if state is JobState.DONE and await store.next_attempt(self._job.guild_id, self._job.code) is not None:
            await store.wake_job(self._job.job_id, now)  # somebody registered at this very moment
        self._counts = await store.count_outcomes(self._job.guild_id, self._job.code)
        if state is JobState.DONE:
            counts = {outcome.value: count for outcome, count in self._counts.by_outcome.items()}
            seconds = round((now - self._job.created_at).total_seconds(), 1)
            _log.info("job done", guild=self._job.guild_id, code=self._job.code, seconds=seconds, **counts)
        self._show(final=True)

    async def _show_stopped(self) -> None:
        stored = (await self._tools.store.get_jobs([self._job.job_id])).get(self._job.job_id)
        if stored is not None and stored.state is JobState.STOPPED:
            self._job = stored
            self._counts = await self._tools.store.count_outcomes(stored.guild_id, stored.code)
            self._show(final=True)
        else:
            self._tools.progress.forget(self._job.job_id)

    def _show(self, *, final: bool) -> None:
        if not self._counts.total and self._job.message_id is None:
            return  # nobody is registered in this server
        eta = self._tools.governor.eta(self._counts.open) if self._job.state is JobState.OPEN else None
        shown = attrs.evolve(self._job, owner=None) if final else self._job
        self._tools.progress.show(shown, self._counts, eta=eta, final=final)


def _unwanted(job: Job, guild: GuildSettings) -> str | None:
    """Why a job is not to go on; None when it is. Whoever opened it may not have known of it."""
    if guild.left_at is not None:
        return job_texts.JOB_SERVER_LEFT
    if not guild.auto_redeem and job.trigger is not Trigger.MANUAL:
        return redemption_texts.AUTO_REDEEM_ENDED
    return None

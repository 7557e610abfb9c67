"""The workers of redemption: find jobs that are due, claim them, and see them through."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import JobId
from giftbot.models.job import Job, JobState
from giftbot.models.times import RedeemingTimes
from giftbot.services.governor import Governor
from giftbot.services.job_run import JobRun, Tools
from giftbot.services.ports import Clock, JobStore
from giftbot.services.running import Running
from giftbot.services.signal import Signal

_log = structlog.get_logger(__name__)

LATELY = timedelta(minutes=15)
"""How long after its end a job's message is written once more by a process that starts."""
JOBS = 512
"""Jobs that one process works on at once; the governor deals its calls out fairly among them.

Each costs a write a heartbeat, which is why there is a limit. Jobs that rest need no place. When all places are
taken, a newer job that is due (opened later, as those of newer codes are) gets that of the oldest, which goes on
where it was once there is room; jobs that are no newer wait for that, too: of 600 servers that want the same code
the last 88 begin one by one, as others end. Within a server the governor asks for the newest code first.
"""
PUT_BACK = timedelta(seconds=60)
"""When a job is looked at again that found no place, because all that are worked on are newer."""


class Redeeming:
    """Works on jobs. Several processes may run one each on the same store."""

    def __init__(
        self,
        *,
        store: JobStore,
        tools: Tools,
        governor: Governor,
        clock: Clock,
        times: RedeemingTimes,
        running: Running,
        wake: Signal,
        owner: str,
        most: int = JOBS,
    ) -> None:
        """Take `owner`, a name of this process incarnation that no other ever had, and the `most` jobs at once."""
        self._store = store
        self._tools = tools
        self._governor = governor
        self._clock = clock
        self._times = times
        self._running = running
        self._wake = wake
        self._owner = owner
        self._most = most
        self._at_work: dict[asyncio.Task[None], Job] = {}
        self._giving_way: set[JobId] = set()
        """Jobs that are let go of as soon as may be, because newer ones have their places."""
        self._stopping = False

    async def run(self) -> None:
        """Work until stopped. A store that is away pauses the work and loses nothing."""
        await self._show_ended()
        await self._wake_halted()
        while not self._stopping:
            claimed = False
            try:
                claimed = await self._round()
            except StoreError as error:
                _log.warning("redemption paused", why=str(error))
            except Exception:
                _log.exception("a round of redemption failed", ref=new_reference())
            if not claimed and not self._stopping:
                await self._wake.wait(self._times.poll)

    async def stop(self) -> None:
        """Ask nobody any more; answers that are on their way are waited for, and noted."""
        self._stopping = True
        self._wake.set()
        await self._governor.stop()
        for job_id in self._running.jobs:
            self._running.interrupt(job_id)
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=self._times.drain)
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _show_ended(self) -> None:
        """Show once more how the jobs of late ended: whoever ended them may have died before that was shown."""
        since = self._clock.now() - LATELY
        try:
            for job in await self._store.list_jobs(states=(JobState.DONE,), limit=JOBS):
                if job.finished_at is not None and job.finished_at >= since:
                    counts = await self._tools.store.count_outcomes(job.guild_id, job.code)
                    self._tools.progress.show(job, counts, eta=None, final=True)
        except StoreError as error:
            _log.warning("ended jobs not shown", why=str(error))

    async def _wake_halted(self) -> None:
        """Look at once at jobs that were put off for a reason: whoever started the bot may have mended it."""
        now = self._clock.now()
        try:
            for job in await self._store.list_jobs(states=(JobState.OPEN,), limit=JOBS):
                if job.reason is not None:
                    await self._store.wake_job(job.job_id, now)
        except StoreError as error:
            _log.warning("halted jobs not looked at", why=str(error))

    async def _round(self) -> bool:
        """Claim what is due; whether anything was."""
        room = self._most - len(self._at_work)
        if room <= 0:
            return await self._make_room()
        jobs = await self._claim(room)
        for job in jobs:
            self._begin(job)
        return bool(jobs)

    async def _make_room(self) -> bool:
        """Give the place of the oldest job to the newest one that is due, if that is newer; whether it was."""
        staying = [job for job in self._at_work.values() if job.job_id not in self._giving_way]
        if not staying or not (claimed := await self._claim(1)):
            return False
        [job] = claimed
        oldest = min(staying, key=lambda job: job.created_at)
        if job.created_at <= oldest.created_at:
            now = self._clock.now()
            resting = attrs.evolve(job, lease_until=None, due_at=now + PUT_BACK, updated_at=now)
            await self._store.save_job(resting)
            return False
        _log.info("job gives way", guild=oldest.guild_id, code=oldest.code, to=job.job_id)
        self._giving_way.add(oldest.job_id)
        self._running.interrupt(oldest.job_id)
        self._begin(job)
        return True

    async def _claim(self, limit: int) -> list[Job]:
        now = self._clock.now()
        return await self._store.claim_jobs(
            self._owner, now, now + self._times.lease_span, limit=limit, besides=self._running.jobs
        )

    def _begin(self, job: Job) -> None:
        task = asyncio.create_task(self._carry(job))
        self._at_work[task] = job
        task.add_done_callback(self._finished)

    async def _carry(self, job: Job) -> None:
        async with self._running.hold(job.job_id) as interrupted:
            _log.info("redemption locked", guild=job.guild_id, code=job.code)
            try:
                await JobRun(job, self._tools, interrupted, lambda: self._may_go_on(job)).run()
            except StoreError as error:
                _log.warning("job put off", guild=job.guild_id, code=job.code, why=str(error))
            except Exception:
                _log.exception("job failed", guild=job.guild_id, code=job.code, id=job.job_id, ref=new_reference())
        _log.info("redemption unlocked", guild=job.guild_id, code=job.code)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._giving_way.discard(self._at_work.pop(task).job_id)
        self._wake.set()

    def _may_go_on(self, job: Job) -> bool:
        return not self._stopping and job.job_id not in self._giving_way

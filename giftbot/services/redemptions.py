"""What people ask for: jobs to start, stop and resume, codes for new players, one code now."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Collection, Sequence

import attrs
import structlog

from giftbot.models.code import GiftCode
from giftbot.models.ids import CodeKey, GuildId, PlayerId, UserId, job_id, redemption_id
from giftbot.models.job import Counts, Job, JobState, Trigger
from giftbot.models.player import ASKABLE, Player
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.asking import Asking
from giftbot.services.codes import Codes
from giftbot.services.enrolment import Enrolment
from giftbot.services.governor import Governor
from giftbot.services.newcomers import Newcomers, new_job
from giftbot.services.ports import Clock, Store
from giftbot.services.requests import Requests
from giftbot.services.running import Running
from giftbot.services.signal import Signal
from giftbot.text import jobs as texts

_log = structlog.get_logger(__name__)

_REOPENED = (JobState.OPEN, JobState.DONE, JobState.STOPPED)
PAGE = 500
_RETRIED = frozenset(set(RedemptionOutcome) - {RedemptionOutcome.REDEEMED, RedemptionOutcome.ALREADY})
"""What an operator may have tried again: everything but what was granted."""


class Started(enum.Enum):
    """What came of asking for a job."""

    STARTED = "started"
    RUNNING = "running"
    """It is being worked on already; it is not started twice."""
    NOBODY = "nobody"
    """The server has no players whom the game may be asked for."""


@attrs.frozen
class JobView:
    """A job as people see it."""

    job: Job
    counts: Counts
    eta: float | None
    """Seconds until everybody whose turn has come was asked; None when nobody is left, or it is stopped."""


class Redemptions:
    """Opens jobs and looks at them; `Redeeming` works on them, here or in another process."""

    def __init__(
        self,
        *,
        store: Store,
        codes: Codes,
        enrolment: Enrolment,
        asking: Asking,
        governor: Governor,
        running: Running,
        clock: Clock,
        wake: Signal,
    ) -> None:
        self._store = store
        self._codes = codes
        self._newcomers = Newcomers(
            store=store, codes=codes, enrolment=enrolment, running=running, clock=clock, wake=wake
        )
        self._requests = Requests(
            store=store, newcomers=self._newcomers, asking=asking, governor=governor, clock=clock
        )
        self._governor = governor
        self._running = running
        self._starting = Running()
        self._one_at_a_time = asyncio.Lock()
        self._clock = clock
        self._wake = wake

    @property
    def halted(self) -> str | None:
        """Why nothing is redeemed now, and what to do, in sentences for people; None while it is."""
        return self._governor.state.halted

    async def start(
        self, guild_id: GuildId, code: GiftCode, trigger: Trigger, requested_by: UserId | None = None
    ) -> Started:
        """Redeem a code for all players of a server. One that is running already is not started twice."""
        key = job_id(guild_id, code.key)
        async with self._starting.hold(key):
            stored = (await self._store.get_jobs([key])).get(key)
            if stored is not None and self._is_running(stored):
                _log.info("already running (skipped)", guild=guild_id, code=code.key, trigger=trigger)
                return Started.RUNNING
            players = await self._store.count_players(guild_id)
            if not any(players.get(state, 0) for state in ASKABLE):
                return Started.NOBODY
            await self._store.open_jobs([self._job(guild_id, code, trigger, requested_by)], reopen=_REOPENED)
        self._running.interrupt(key)
        self._wake.set()
        return Started.STARTED

    def _is_running(self, job: Job) -> bool:
        """Whether a job is at work for the whole server: not for single players, and not resting until later."""
        if job.state is not JobState.OPEN or job.trigger is Trigger.REGISTRATION:
            return False
        now = self._clock.now()
        is_claimed = job.lease_until is not None and job.lease_until > now
        return is_claimed or job.enrolling or (job.due_at is not None and job.due_at <= now)

    async def start_all(self, guild_id: GuildId, trigger: Trigger, requested_by: UserId | None = None) -> int:
        """Redeem all codes that are active for all players of a server; how many jobs were started."""
        active = await self._codes.active()
        started = [await self.start(guild_id, code, trigger, requested_by) for code in active]
        return started.count(Started.STARTED)

    async def fan_out(self) -> int:
        """Open a job in every server with auto-redeem for every code that asks for it; how many.

        What asks for it is stored with the code, so that a crash or another process loses nothing.
        """
        async with self._one_at_a_time:
            codes = await self._store.list_to_redeem()
            if not codes:
                return 0
            opened = 0
            async for guilds in self._store.scan_redeeming_guilds():
                for code in codes:
                    jobs = [self._job(guild.guild_id, code, Trigger.AUTO, None) for guild in guilds]
                    opened += await self._open(code, jobs)
            for code in codes:
                await self._store.replace_code(attrs.evolve(code, redeem=False))
            _log.info("jobs opened", codes=[code.key for code in codes], jobs=opened)
        self._wake.set()
        return opened

    async def _open(self, code: GiftCode, jobs: Sequence[Job]) -> int:
        """Open a code's jobs; how many. Those for single players, or from before it came back, start over."""
        ended = (JobState.DONE, JobState.STOPPED) if code.epoch else (JobState.DONE,)
        opened = await self._store.open_jobs(jobs, reopen=ended)
        stored = await self._store.get_jobs([job.job_id for job in jobs if job.job_id not in opened])
        restarted = [
            job
            for job in jobs
            if (known := stored.get(job.job_id)) is not None
            and known.state is JobState.OPEN
            and (known.trigger is Trigger.REGISTRATION or (code.epoch > 0 and known.created_at < code.updated_at))
        ]
        return len(opened) + len(await self._store.open_jobs(restarted, reopen=(JobState.OPEN,)))

    async def enrol_player(self, player: Player) -> int:
        """Redeem all active codes for a player who is new or was repaired; for how many codes they are asked.

        Nothing in a server without auto-redeem.
        """
        return await self.enrol_players(player.guild_id, [player])

    async def enrol_players(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Redeem all active codes for some players of a server, as `enrol_player` does for one."""
        return await self._newcomers.enrol(guild_id, players)

    async def make_up_for(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """See `Newcomers.make_up_for`."""
        return await self._newcomers.make_up_for(guild_id, players)

    async def make_up_if_due(self) -> int:
        """See `Newcomers.make_up_if_due`."""
        return await self._newcomers.make_up_if_due()

    async def redeem_now(self, player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        """See `Requests.redeem_now`."""
        return await self._requests.redeem_now(player, codes)

    async def stop(self, guild_id: GuildId, code: CodeKey, reason: str = texts.JOB_STOPPED) -> bool:
        """Stop a job; what was not asked stays as it is. False when it was not open."""
        key = job_id(guild_id, code)
        stopped = await self._store.stop_job(key, reason, self._clock.now())
        if stopped:
            _log.info("job stopped", guild=guild_id, code=code, why=reason)
            self._running.interrupt(key)
        return stopped

    async def stop_all(self, guild_id: GuildId, reason: str) -> int:
        """Stop all open jobs of a server; how many."""
        jobs = await self._store.list_jobs(guild_id=guild_id, states=(JobState.OPEN,), limit=1000)
        return sum([await self.stop(guild_id, job.code, reason) for job in jobs])

    async def resume(self, guild_id: GuildId, code: CodeKey) -> bool:
        """Go on with a stopped job where it was. False when it was not stopped."""
        if await self._is_switched_off(guild_id):
            resumed = await self._run_by_hand(guild_id, code, JobState.STOPPED)
        else:
            resumed = await self._store.resume_job(job_id(guild_id, code), self._clock.now())
        if resumed:
            _log.info("job resumed", guild=guild_id, code=code)
            self._wake.set()
        return resumed

    async def retry(self, guild_id: GuildId, code: CodeKey) -> int:
        """Let everybody who did not get a code be asked again; how many. For when the cause is known and gone."""
        after, count = None, 0
        now = self._clock.now()
        first = redemption_id(guild_id, code, PlayerId(""))
        while rows := await self._store.list_redemptions(
            guild_id=guild_id, code=code, outcomes=_RETRIED, after=after or first, limit=PAGE
        ):
            waiting = [
                attrs.evolve(
                    row, outcome=RedemptionOutcome.WAITING, next_attempt_at=now, attempts=0, updated_at=now
                )
                for row in rows
            ]
            count += await self._store.open_redemptions(waiting, revive=True)
            after = rows[-1].redemption_id
        if count and (known := (await self._codes.get([code])).get(code)) is not None:
            if await self._is_switched_off(guild_id):
                job = self._job(guild_id, known, Trigger.MANUAL, None)
                await self._store.open_jobs([attrs.evolve(job, enrolling=False)])
                await self._run_by_hand(guild_id, code, JobState.DONE)
            await self._newcomers.wake_jobs(guild_id, [known])
        return count

    async def _is_switched_off(self, guild_id: GuildId) -> bool:
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        return guild is not None and not guild.auto_redeem

    async def _run_by_hand(self, guild_id: GuildId, code: CodeKey, state: JobState) -> bool:
        """Open a job in this state where it was, as one that auto-redeem's being off does not stop."""
        key, now = job_id(guild_id, code), self._clock.now()
        stored = (await self._store.get_jobs([key])).get(key)
        if stored is None or stored.state is not state:
            return False
        job = attrs.evolve(
            stored,
            state=JobState.OPEN,
            trigger=Trigger.MANUAL,
            updated_at=now,
            due_at=now,
            owner=None,
            lease_until=None,
            finished_at=None,
            reason=None,
        )
        return bool(await self._store.open_jobs([job], reopen=(state,)))

    async def jobs(
        self, guild_id: GuildId | None = None, states: Collection[JobState] = (), limit: int = 25
    ) -> list[JobView]:
        """Jobs with their counts, the one that changed last first."""
        jobs = await self._store.list_jobs(guild_id=guild_id, states=states, limit=limit)
        counts = await asyncio.gather(*(self._store.count_outcomes(job.guild_id, job.code) for job in jobs))
        return [
            JobView(
                job, count, self._governor.eta(count.open) if job.state is JobState.OPEN and count.open else None
            )
            for job, count in zip(jobs, counts, strict=True)
        ]

    def _job(self, guild_id: GuildId, code: GiftCode, trigger: Trigger, requested_by: UserId | None) -> Job:
        return new_job(guild_id, code, trigger, self._clock.now(), requested_by)

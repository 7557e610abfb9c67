"""Codes for players who are new, repaired or were missed: a row of each active code, and jobs to look at them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId, PlayerId, UserId, job_id, redemption_id
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import ASKABLE, Player
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.codes import Codes
from giftbot.services.enrolment import PAGE, Enrolment
from giftbot.services.ports import Clock, Store
from giftbot.services.running import Running
from giftbot.services.signal import Signal

_log = structlog.get_logger(__name__)

MADE_UP_EVERY = timedelta(hours=1)
"""Pause between two looks for players whom a crash kept from their codes; the first one is at the start."""
_ROWS = 1_000
"""Rows that are looked at together: so many players times active codes."""
_PARKED = frozenset({RedemptionOutcome.WRONG_KINGDOM, RedemptionOutcome.NO_SUCH_PLAYER})
"""What a row rests with until its player is repaired."""


class Newcomers:
    """In servers with auto-redeem nobody lacks a row of an active code, nor such a row its job."""

    def __init__(
        self, *, store: Store, codes: Codes, enrolment: Enrolment, running: Running, clock: Clock, wake: Signal
    ) -> None:
        self._store = store
        self._codes = codes
        self._enrolment = enrolment
        self._running = running
        self._clock = clock
        self._wake = wake
        self._made_up_at: datetime | None = None

    async def enrol(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Redeem all active codes for some players, whatever became of it before; for how many codes.

        Nothing in a server without auto-redeem.
        """
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        asked = [player for player in players if player.state in ASKABLE]
        if guild is None or not guild.auto_redeem or not asked:
            return 0
        codes = await self._codes.active()
        for first in range(0, len(asked), PAGE):
            await self._enrolment.players(guild_id, asked[first : first + PAGE], codes)
        await self.wake_jobs(guild_id, codes)
        return len(codes)

    async def make_up_for(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Redeem the active codes that some players were kept from, and no other; how many codes those are.

        Whoever stored or repaired a player may have died before `enrol`.
        """
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        if guild is None or not guild.auto_redeem or not players:
            return 0
        return await self._make_up(guild, players, await self._codes.active())

    async def make_up_if_due(self) -> int:
        """`make_up_for` everybody in every server with auto-redeem, now and then; for how many pages of players.

        A job that ended, although one of its rows is to be asked for, goes on, too.
        """
        now = self._clock.now()
        if self._made_up_at is not None and now - self._made_up_at < MADE_UP_EVERY:
            return 0
        codes, pages = await self._codes.active(), 0
        if codes:
            async for guilds in self._store.scan_redeeming_guilds():
                for guild in guilds:
                    pages += await self._make_up_server(guild, codes)
        self._made_up_at = now
        return pages

    async def _make_up_server(self, guild: GuildSettings, codes: Sequence[GiftCode]) -> int:
        pages, after, size = 0, None, min(PAGE, max(1, _ROWS // len(codes)))
        while players := await self._store.list_players(
            guild_id=guild.guild_id, states=ASKABLE, after=after, limit=size
        ):
            pages += await self._make_up(guild, players, codes) > 0
            after = players[-1].player_id
            if len(players) < size:
                break
        return pages

    async def _make_up(self, guild: GuildSettings, players: Sequence[Player], codes: Sequence[GiftCode]) -> int:
        """One query tells who lacks a row, another whose row no job looks at; written is only what is missing."""
        asked = [
            player
            for player in players
            if player.state in ASKABLE and (player.kingdom or guild.default_kingdom) is not None
        ]
        ids = {
            (code.key, player.player_id): redemption_id(guild.guild_id, code.key, player.player_id)
            for code in codes
            for player in asked
        }
        rows = await self._store.get_redemptions(list(ids.values())) if ids else {}
        lacking: dict[CodeKey, set[PlayerId]] = {}
        for (key, player_id), row_id in ids.items():
            if _is_missed(rows.get(row_id)):
                lacking.setdefault(key, set()).add(player_id)
        due = {row.code for row in rows.values() if row.next_attempt_at is not None}
        missed = [code for code in codes if not code.redeem and code.key in lacking.keys() | due]
        jobs = await self._jobs(guild.guild_id, missed)
        lost = [code for code in missed if code.key in due and _is_over(jobs.get(code.key))]
        missed = [code for code in missed if code.key in lacking and not _is_to_come(jobs.get(code.key))]
        for code in missed:
            some = [player for player in asked if player.player_id in lacking[code.key]]
            for first in range(0, len(some), PAGE):
                await self._enrolment.players(guild.guild_id, some[first : first + PAGE], [code])
            _log.info("players made up for", guild=guild.guild_id, code=code.key, players=len(some))
        for code in lost:
            _log.info("job made up for", guild=guild.guild_id, code=code.key)
        woken = [*missed, *(code for code in lost if code not in missed)]
        if woken:
            await self.wake_jobs(guild.guild_id, woken)
        return len(woken)

    async def _jobs(self, guild_id: GuildId, codes: Sequence[GiftCode]) -> dict[CodeKey, Job]:
        jobs = await self._store.get_jobs([job_id(guild_id, code.key) for code in codes]) if codes else {}
        return {job.code: job for job in jobs.values()}

    async def wake_jobs(self, guild_id: GuildId, codes: Sequence[GiftCode]) -> None:
        """Let jobs look at new rows of theirs; one that an admin stopped stays stopped."""
        now = self._clock.now()
        jobs = [attrs.evolve(new_job(guild_id, code, Trigger.REGISTRATION, now), enrolling=False) for code in codes]
        opened = await self._store.open_jobs(jobs)
        for job in jobs:
            if job.job_id not in opened:
                await self._store.wake_job(job.job_id, now)
            self._running.interrupt(job.job_id)
        self._wake.set()


def new_job(
    guild_id: GuildId, code: GiftCode, trigger: Trigger, now: datetime, requested_by: UserId | None = None
) -> Job:
    """A job for all players of a server that is due at once."""
    return Job(
        guild_id=guild_id,
        code=code.key,
        state=JobState.OPEN,
        trigger=trigger,
        created_at=now,
        updated_at=now,
        requested_by=requested_by,
        due_at=now,
    )


def _is_to_come(job: Job | None) -> bool:
    """Whether this job is still to give everybody their rows."""
    return job is not None and job.enrolling and job.state is not JobState.DONE


def _is_over(job: Job | None) -> bool:
    """Whether no job will look at a row that is to be asked for: whoever wrote it died before waking one."""
    return job is None or job.state is JobState.DONE


def _is_missed(row: Redemption | None) -> bool:
    """Whether a player who can be asked for has no row, or one that rests for a reason that is gone."""
    if row is None or row.outcome in _PARKED:
        return True
    return row.outcome is RedemptionOutcome.WAITING and row.next_attempt_at is None

"""Players, redemptions and jobs for the tests of the stores."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.models.ids import CodeKey, GuildId, JobId, PlayerId, UserId, job_id
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import OPEN, Redemption, RedemptionOutcome
from giftbot.services.ports import Store
from tests.stores.build import GUILD, LEASE, NOW, later

FROST = CodeKey("FROST77")


def player(
    player_id: str | int = "123456789",
    *,
    guild: int = GUILD,
    state: PlayerState = PlayerState.ACTIVE,
    owner: int | None = None,
    now: datetime = NOW,
) -> Player:
    """A registered player."""
    return Player(
        guild_id=GuildId(guild),
        player_id=PlayerId(str(player_id)),
        state=state,
        created_at=now,
        updated_at=now,
        owner_id=None if owner is None else UserId(owner),
    )


def redemption(
    player_id: str | int = "123456789",
    outcome: RedemptionOutcome = RedemptionOutcome.WAITING,
    *,
    guild: int = GUILD,
    code: str = FROST,
    now: datetime = NOW,
) -> Redemption:
    """A row; due at once while it is open."""
    return Redemption(
        guild_id=GuildId(guild),
        code=CodeKey(code),
        player_id=PlayerId(str(player_id)),
        outcome=outcome,
        created_at=now,
        updated_at=now,
        redeemed_at=now if outcome is RedemptionOutcome.REDEEMED else None,
        next_attempt_at=now if outcome in OPEN else None,
    )


def job(code: str = FROST, *, guild: int = GUILD, now: datetime = NOW, trigger: Trigger = Trigger.AUTO) -> Job:
    """A job that is to begin now."""
    return Job(
        guild_id=GuildId(guild),
        code=CodeKey(code),
        state=JobState.OPEN,
        trigger=trigger,
        created_at=now,
        updated_at=now,
        due_at=now,
    )


def the_job(code: str = FROST, guild: int = GUILD) -> JobId:
    """The id of a job."""
    return job_id(GuildId(guild), CodeKey(code))


async def stored_job(store: Store, code: str = FROST, guild: int = GUILD) -> Job:
    """A job as it is stored."""
    [found] = (await store.get_jobs([the_job(code, guild)])).values()
    return found


async def stored_row(store: Store, like: Redemption) -> Redemption:
    """A redemption as it is stored."""
    [found] = (await store.get_redemptions([like.redemption_id])).values()
    return found


async def claim_jobs(store: Store, owner: str = "a", now: datetime = NOW, *, limit: int = 10) -> list[Job]:
    """Claim what is due, for the usual lease."""
    return await store.claim_jobs(owner, now, now + LEASE, limit=limit)


async def claimed(store: Store, owner: str = "a") -> Job:
    """The usual job, open and claimed."""
    await store.open_jobs([job()])
    [found] = await claim_jobs(store, owner)
    return found


def done(held: Job, now: float = 5) -> Job:
    """A claimed job that its owner ends."""
    moment = later(now)
    return attrs.evolve(
        held,
        state=JobState.DONE,
        due_at=None,
        lease_until=None,
        enrolling=False,
        finished_at=moment,
        updated_at=moment,
    )


def resting(held: Job, until: float, now: float = 5) -> Job:
    """A claimed job that its owner puts off."""
    return attrs.evolve(held, due_at=later(until), lease_until=None, enrolling=False, updated_at=later(now))

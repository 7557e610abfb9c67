"""What an operator looks at over the whole installation: servers, codes, posts, players, jobs and redemptions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime

import attrs

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.models.budget import Budget
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.figures import FigureKind, Rollup
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId, PlayerId, job_id
from giftbot.models.job import Counts, Job, JobState
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.services.ports import Clock, Store
from giftbot.services.rollups import Rollups, ServerCounts, is_small, servers_in

COUNTED = 10_000
"""Rows that are counted by listing them; more than so many are not told apart."""

EVERYBODY = 10_000_000
"""More players than any installation has."""


@attrs.frozen
class RedeemingFigures:
    """Who is registered, and what is redeemed for them."""

    players: Mapping[PlayerState, int]
    """How many players are in each state; every state is there."""
    open_jobs: int
    stopped_jobs: int
    unknown_answers: int
    """Redemptions that are parked, because nobody knows what the game's answer means."""


@attrs.frozen
class Standing:
    """A job, and how its players ended so far."""

    job: Job
    counts: Counts


@attrs.frozen
class Figures:
    """What was posted, and what is open."""

    statistics: GuildStatistics
    outbox: OutboxCounts
    redeeming: RedeemingFigures


@attrs.frozen
class Overview:
    """The figures of the whole installation."""

    figures: Figures
    counted_at: datetime
    """When earlier days were counted. What was sent since is among the figures; what was removed since still is."""
    servers: ServerCounts
    codes: Mapping[CodeStatus, int]
    """How many codes there are in each status; every status is there."""
    budget: Budget | None
    """How fast the game may be asked at present; None when it was never asked."""
    paused_until: datetime | None
    """When the game may be asked again; None when it may now."""


@attrs.frozen
class ResetPreview:
    """What a reset of a server would do."""

    guild: GuildSettings
    sent: int
    """Codes noted as sent, which would be forgotten."""
    active: int
    """Codes that would be posted (again) where the server posts."""


class Inspection:
    """Reads, and changes nothing. It asks the store what the bot's own commands ask it."""

    def __init__(self, *, store: Store, clock: Clock, game: str) -> None:
        """Take the name of the game, under which its budget is kept."""
        self._store = store
        self._clock = clock
        self._game = game
        self._rollups = Rollups(store=store, clock=clock)

    async def figures(self, guild_id: GuildId) -> Figures:
        """The figures of one server, as they are now."""
        return Figures(
            statistics=await self._store.get_stats(guild_id, self._clock.now()),
            outbox=await self._store.count_outbox(guild_id),
            redeeming=await self._count_redeeming(guild_id),
        )

    async def overview(self) -> Overview:
        """The figures of the whole installation; of many rows, older days as they were counted last."""
        rollup = await self._rollups.current()
        if is_small(rollup):
            rollup = await self._rollups.count()
        budget = await self._store.peek_budget(self._game)
        codes = Counter(code.status for code in await self._store.list_codes(tuple(CodeStatus)))
        return Overview(
            figures=Figures(
                statistics=await self._rollups.statistics(rollup),
                outbox=await self._store.count_outbox(),
                redeeming=await self._redeeming_of_all(rollup),
            ),
            counted_at=rollup.counted_at,
            servers=servers_in(rollup),
            codes={status: codes[status] for status in CodeStatus},
            budget=budget,
            paused_until=_ahead(budget.paused_until if budget else None, self._clock.now()),
        )

    async def codes(self, statuses: Collection[CodeStatus] = (), key: CodeKey | None = None) -> list[GiftCode]:
        """Codes in these states (in any when there are none), oldest first; with a key that one, if it matches."""
        wanted = tuple(statuses) or tuple(CodeStatus)
        if key is None:
            return await self._store.list_codes(wanted)
        return [code for code in (await self._store.get_codes([key])).values() if code.status in wanted]

    async def posts(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[AnnouncementState] = (),
        key: CodeKey | None = None,
        limit: int,
    ) -> list[Announcement]:
        """Rows of the outbox that match, the last changed first; at most `limit`."""
        return await self._store.list_announcements(guild_id=guild_id, states=states, code=key, limit=limit)

    async def servers(self, *, guild_id: GuildId | None = None, disabled_only: bool = False) -> list[GuildSettings]:
        """Servers that chose anything, by id."""
        if guild_id is not None:
            found = list((await self._store.get_guilds([guild_id])).values())
        else:
            found = [guild async for chunk in self._store.scan_guilds(posting_only=False) for guild in chunk]
        return [guild for guild in found if guild.disabled_reason is not None or not disabled_only]

    async def players(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[PlayerState] = (),
        player_id: PlayerId | None = None,
        limit: int,
    ) -> list[Player]:
        """Players that match, by server and id; at most `limit`."""
        if player_id is None:
            return await self._store.list_players(guild_id=guild_id, states=states, limit=limit)
        if guild_id is None:  # an operator may wait for this: nothing else looks for players over all servers
            everybody = await self._store.list_players(states=states, limit=EVERYBODY)
            return [player for player in everybody if player.player_id == player_id][:limit]
        named = (await self._store.get_players(guild_id, [player_id])).values()
        return [player for player in named if not states or player.state in states]

    async def jobs(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[JobState] = (),
        key: CodeKey | None = None,
        limit: int,
    ) -> list[Standing]:
        """Jobs that match, the last changed first; at most `limit`."""
        jobs = await self._store.list_jobs(guild_id=guild_id, states=states, code=key, limit=limit)
        counts = await asyncio.gather(*(self._store.count_outcomes(job.guild_id, job.code) for job in jobs))
        return [Standing(job, count) for job, count in zip(jobs, counts, strict=True)]

    async def job(self, guild_id: GuildId, key: CodeKey) -> Standing | None:
        """One job; None when there is none."""
        one = job_id(guild_id, key)
        job = (await self._store.get_jobs([one])).get(one)
        return None if job is None else Standing(job, await self._store.count_outcomes(guild_id, key))

    async def redemptions(
        self,
        *,
        guild_id: GuildId | None = None,
        key: CodeKey | None = None,
        player_id: PlayerId | None = None,
        outcomes: Collection[RedemptionOutcome] = (),
        limit: int,
    ) -> list[Redemption]:
        """Redemptions that match: by id where server and code are given, else newest first; at most `limit`."""
        return await self._store.list_redemptions(
            guild_id=guild_id, code=key, player_id=player_id, outcomes=outcomes, limit=limit
        )

    async def knows(self, guild_id: GuildId) -> bool:
        """Whether anything is known of a server."""
        if await self._store.get_guilds([guild_id]) or await self._store.count_players(guild_id):
            return True
        if await self._store.list_announcements(guild_id=guild_id, limit=1):
            return True
        return await self._store.get_ledger(guild_id) is not None or bool(await self._store.list_links(guild_id))

    async def preview_reset(self, guild_id: GuildId) -> ResetPreview | None:
        """What a reset would do; None for a server of which nothing is known."""
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        if guild is None and not await self._store.list_announcements(guild_id=guild_id, limit=1):
            return None
        now = self._clock.now()
        active = [code for code in await self._store.list_codes((CodeStatus.ACTIVE,)) if not code.is_over(now)]
        return ResetPreview(
            guild=guild or GuildSettings(guild_id=guild_id),
            sent=len(await self._store.get_sent_codes(guild_id)),
            active=len(active),
        )

    async def _redeeming_of_all(self, rollup: Rollup) -> RedeemingFigures:
        players = await self._store.count_players()
        return RedeemingFigures(
            players={state: players.get(state, 0) for state in PlayerState},
            open_jobs=rollup.total(FigureKind.JOBS, JobState.OPEN.value),
            stopped_jobs=rollup.total(FigureKind.JOBS, JobState.STOPPED.value),
            unknown_answers=rollup.total(FigureKind.REDEEMED, RedemptionOutcome.UNKNOWN.value),
        )

    async def _count_redeeming(self, guild_id: GuildId) -> RedeemingFigures:
        players = await self._store.count_players(guild_id)
        jobs = Counter(
            job.state
            for job in await self._store.list_jobs(
                guild_id=guild_id, states=(JobState.OPEN, JobState.STOPPED), limit=COUNTED
            )
        )
        unknown = await self._store.list_redemptions(
            guild_id=guild_id, outcomes=(RedemptionOutcome.UNKNOWN,), limit=COUNTED
        )
        return RedeemingFigures(
            players={state: players.get(state, 0) for state in PlayerState},
            open_jobs=jobs[JobState.OPEN],
            stopped_jobs=jobs[JobState.STOPPED],
            unknown_answers=len(unknown),
        )


def _ahead(moment: datetime | None, now: datetime) -> datetime | None:
    return moment if moment is not None and moment > now else None

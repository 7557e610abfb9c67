"""More jobs than one process works on at once: the newest ones have the places, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import attrs

from giftbot.models.ids import ChannelId, GuildId, MessageId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.post import Page
from giftbot.models.times import RedeemingTimes
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.job_progress import JobProgress
from giftbot.services.job_run import Tools
from giftbot.services.ports import Store
from giftbot.services.redeeming import PUT_BACK, Redeeming
from giftbot.services.signal import Signal
from tests.services.redeeming import Workshop, workshop

PLACES = 2
PLAYERS = 6


class NoBoard:
    """A Discord in which nothing can be shown."""

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Fail."""
        return None

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool | None:
        """Fail."""
        return None


@asynccontextmanager
async def at_work(shop: Workshop) -> AsyncIterator[None]:
    """A process with few places, and so few calls a minute that whoever has one keeps it."""
    times = RedeemingTimes().scaled(1 / 50)
    progress = JobProgress(
        board=NoBoard(), store=shop.store, guilds=shop.store, codes=shop.store, clock=shop.clock, site="", pause=0
    )
    tools = Tools(
        store=shop.store,
        asking=shop.asking,
        enrolment=shop.enrolment,
        governor=shop.governor,
        progress=progress,
        clock=shop.clock,
        times=times,
        ahead=4,
    )
    redeeming = Redeeming(
        store=shop.store,
        tools=tools,
        governor=shop.governor,
        clock=shop.clock,
        times=times,
        running=shop.running,
        wake=Signal(),
        owner="me",
        most=PLACES,
    )
    running = asyncio.create_task(redeeming.run())
    try:
        yield
    finally:
        await redeeming.stop()
        await running
        await progress.aclose()


async def server(shop: Workshop, number: int) -> GuildId:
    """A server with players."""
    guild_id = GuildId(number)
    await shop.server(guild_id)
    for player in range(PLAYERS):
        await shop.player(f"{number}{player}", guild_id=guild_id)
    return guild_id


async def until(shop: Workshop, condition: Callable[[dict[GuildId, Job]], bool]) -> dict[GuildId, Job]:
    """The jobs by server, once they are like this."""
    async with asyncio.timeout(PATIENCE):
        while not condition(jobs := {job.guild_id: job for job in await shop.store.list_jobs()}):
            await shop.clock.sleep(0.01)
    return jobs


def is_put_back(job: Job) -> bool:
    """Whether a job was looked at, and found no place."""
    return job.lease_until is None and job.due_at is not None and job.due_at - job.updated_at == PUT_BACK


async def test_a_new_code_does_not_wait_for_the_end_of_old_jobs(store: Store) -> None:
    """It gets the place of the oldest; an older one that is due meanwhile is put back, and takes nobody's."""
    shop = workshop(store, per_minute=6)
    servers = [await server(shop, number) for number in range(1, 5)]
    old, new = await shop.code("OLDONE1"), await shop.code("NEWONE2")
    for guild_id in servers[:2]:
        await shop.redemptions.start(guild_id, old, Trigger.AUTO)
        shop.advance(seconds=1)
    async with at_work(shop):
        await until(shop, lambda jobs: all(jobs[one].lease_until is not None for one in servers[:2]))
        await shop.redemptions.start(servers[2], new, Trigger.AUTO)
        jobs = await until(
            shop, lambda jobs: jobs[servers[2]].lease_until is not None and jobs[servers[0]].lease_until is None
        )
        assert {job.state for job in jobs.values()} == {JobState.OPEN}
        assert jobs[servers[1]].lease_until is not None
        jobs = await until(shop, lambda jobs: is_put_back(jobs[servers[0]]))
        aged = attrs.evolve(
            jobs[servers[1]], guild_id=servers[3], created_at=jobs[servers[0]].created_at, owner=None
        )
        await shop.store.open_jobs([attrs.evolve(aged, lease_until=None, due_at=shop.clock.now())])
        await until(shop, lambda jobs: is_put_back(jobs[servers[3]]))
        working = {guild_id for guild_id, job in (await until(shop, bool)).items() if job.lease_until is not None}
        assert working == {servers[1], servers[2]}


async def test_every_job_ends_however_few_places_there_are(store: Store) -> None:
    """Newer ones first; those that gave way go on where they were, and nobody is asked twice."""
    shop = workshop(store)
    servers = [await server(shop, number) for number in range(1, 9)]
    async with at_work(shop):
        for name in ("FIRST11", "SECOND1"):
            code = await shop.code(name)
            for guild_id in servers:
                await shop.redemptions.start(guild_id, code, Trigger.AUTO)
        async with asyncio.timeout(PATIENCE):
            while len(await shop.store.list_jobs(states=(JobState.DONE,))) < 2 * len(servers):
                for job in await shop.store.list_jobs(states=(JobState.OPEN,)):  # what was put back is due at once
                    await shop.store.wake_job(job.job_id, shop.clock.now())
                await asyncio.sleep(0.02)
    assert len(shop.game.calls) == len({(call.player_id, call.code) for call in shop.game.calls})
    assert len(shop.game.granted) == 2 * PLAYERS * len(servers)

"""Jobs: opened, started over, stopped, woken and listed."""

from __future__ import annotations

import asyncio

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, MessageId, PlayerId, UserId
from giftbot.models.job import JobState, Trigger
from giftbot.services.ports import Store
from tests.stores.build import CHANNEL, GUILD, MESSAGE, NOW, OTHER_GUILD, later
from tests.stores.build_redeeming import FROST, claim_jobs, claimed, done, job, resting, stored_job, the_job
from tests.stores.lacking import bulk_updates


async def test_a_job_is_read_as_it_was_written(store: Store) -> None:
    """Every field survives."""
    full = attrs.evolve(
        job(trigger=Trigger.SWITCHED_ON),
        state=JobState.STOPPED,
        updated_at=later(1),
        requested_by=UserId(7),
        due_at=later(2),
        owner="a",
        fence=3,
        lease_until=later(3),
        enrolling=False,
        cursor=PlayerId("00123"),
        channel_id=CHANNEL,
        message_id=MESSAGE,
        finished_at=later(4),
        reason="why „x“",
    )
    assert await store.open_jobs([full]) == {the_job()}
    assert await stored_job(store) == full
    assert await store.get_jobs([]) == {}


async def test_a_job_is_opened_once(store: Store) -> None:
    """Overlapping triggers make one job per server and code, however many there are."""
    triggers = (Trigger.AUTO, Trigger.MANUAL, Trigger.REGISTRATION)
    jobs = [[job(trigger=trigger), job("OTHER", trigger=trigger)] for trigger in triggers]
    opened = await asyncio.gather(*(store.open_jobs(pair) for pair in jobs))
    assert sorted(job_id for ids in opened for job_id in ids) == sorted([the_job(), the_job("OTHER")])
    assert await store.open_jobs([job(now=later(9))]) == set()
    assert (await stored_job(store)).created_at == NOW
    assert await store.open_jobs([]) == set()


@bulk_updates
async def test_a_job_starts_over_only_from_the_given_states(store: Store) -> None:
    """With its progress message, and a fence that goes on rising."""
    held = await claimed(store)
    await store.set_job_message(the_job(), CHANNEL, MESSAGE, NOW)
    again = job(now=later(60), trigger=Trigger.MANUAL)
    assert await store.open_jobs([again], reopen=[JobState.DONE, JobState.STOPPED]) == set()
    assert await store.save_job(done(held))
    assert await store.open_jobs([again], reopen=[JobState.STOPPED]) == set()
    assert await store.open_jobs([again, job("OTHER")], reopen=[JobState.DONE]) == {the_job(), the_job("OTHER")}
    fresh = await stored_job(store)
    assert fresh == attrs.evolve(again, fence=fresh.fence, channel_id=CHANNEL, message_id=MESSAGE)
    assert fresh.fence > held.fence
    assert not await store.save_job(done(held)), "the claim of its earlier life is void"


@bulk_updates
async def test_one_of_several_starts_a_job_over(store: Store) -> None:
    """Two admins who run a finished job again at once: one of them is told that it runs."""
    assert await store.save_job(done(await claimed(store)))
    again = job(now=later(60))
    opened = await asyncio.gather(*(store.open_jobs([again], reopen=[JobState.DONE]) for _ in range(6)))
    assert sorted(map(len, opened)) == [0] * 5 + [1]


async def test_a_resumed_job_goes_on_where_it_was(store: Store) -> None:
    """Cursor and message stay."""
    held = await claimed(store)
    await store.set_job_message(the_job(), CHANNEL, MESSAGE, NOW)
    assert await store.save_job(attrs.evolve(held, cursor=PlayerId("77")))
    await store.stop_job(the_job(), "x", NOW)
    await store.resume_job(the_job(), later(9))
    found = await stored_job(store)
    assert (found.cursor, found.message_id, found.due_at) == (PlayerId("77"), MESSAGE, later(9))


async def test_nothing_is_stopped_resumed_or_woken_that_is_not_there(store: Store) -> None:
    """And nothing is made of it."""
    assert not await store.stop_job(the_job(), "x", NOW)
    assert not await store.resume_job(the_job(), NOW)
    assert not await store.wake_job(the_job(), NOW)
    await store.set_job_message(the_job(), CHANNEL, MESSAGE, NOW)
    assert await store.list_jobs() == []


async def test_a_finished_job_is_woken_without_enrolling(store: Store) -> None:
    """A new player of a server whose job is done; the earlier owner's writes are refused."""
    held = await claimed(store)
    await store.set_job_message(the_job(), CHANNEL, MESSAGE, NOW)
    assert await store.save_job(attrs.evolve(done(held), reason="x"))
    assert not await store.stop_job(the_job(), "x", NOW)
    assert await store.wake_job(the_job(), later(60))
    woken = await stored_job(store)
    assert (woken.state, woken.due_at, woken.enrolling) == (JobState.OPEN, later(60), False)
    assert (woken.finished_at, woken.reason, woken.message_id) == (None, None, MESSAGE)
    assert not await store.save_job(done(held))
    assert len(await claim_jobs(store, "b", later(60))) == 1


async def test_a_resting_job_is_woken(store: Store) -> None:
    """It waits for tomorrow, and somebody registers now; a job that is due already stays so."""
    assert await store.save_job(resting(await claimed(store), until=86_400))
    assert await claim_jobs(store, "b", later(60)) == []
    assert await store.wake_job(the_job(), later(60))
    assert await store.wake_job(the_job(), later(70))
    assert (await stored_job(store)).due_at == later(60)
    [held] = await claim_jobs(store, "b", later(60))
    assert await store.save_job(done(held, 65)), "it was woken before the claim, which saw the new rows"


async def test_the_progress_message_can_be_forgotten(store: Store) -> None:
    """Somebody deleted it: the next one is sent anew."""
    await store.open_jobs([job()])
    await store.set_job_message(the_job(), CHANNEL, MESSAGE, later(1))
    found = await stored_job(store)
    assert (found.channel_id, found.message_id) == (CHANNEL, MESSAGE)
    await store.set_job_message(the_job(), ChannelId(5), None, later(2))
    found = await stored_job(store)
    assert (found.channel_id, found.message_id) == (5, None)
    await store.set_job_message(the_job(), ChannelId(5), MessageId(6), later(2))
    assert (await stored_job(store)).message_id == 6


async def test_jobs_are_listed_newest_first(store: Store) -> None:
    """Of a server, of a code, in some states."""
    jobs = [
        job("ONE", now=later(1)),
        job("TWO", now=later(4)),
        job("ONE", guild=OTHER_GUILD, now=later(3)),
        attrs.evolve(job("TWO", guild=int(f"{GUILD}1"), now=later(2)), state=JobState.DONE, due_at=None),
    ]
    await store.open_jobs(jobs)
    assert await store.list_jobs() == [jobs[1], jobs[2], jobs[3], jobs[0]]
    assert await store.list_jobs(limit=1) == [jobs[1]]
    assert await store.list_jobs(guild_id=GUILD) == [jobs[1], jobs[0]]
    assert await store.list_jobs(code=CodeKey("ONE")) == [jobs[2], jobs[0]]
    assert await store.list_jobs(states=[JobState.DONE, JobState.STOPPED]) == [jobs[3]]
    assert await store.list_jobs(guild_id=GUILD, code=CodeKey("ONE"), states=[JobState.DONE]) == []
    assert await store.get_jobs([jobs[0].job_id, the_job(FROST)]) == {jobs[0].job_id: jobs[0]}


async def test_jobs_are_opened_in_any_number(store: Store) -> None:
    """A new code, and every server redeems."""
    assert len(await store.open_jobs([job(guild=guild) for guild in range(1, 1_201)])) == 1_200
    assert len(await claim_jobs(store, limit=700)) == 700


async def test_servers_that_redeem_are_scanned(store: Store) -> None:
    """With auto-redeem on, and where the bot still is; in chunks, by ascending id."""
    for number in (90, 1, 50, 7, 30):
        await store.save_guild(GuildSettings(GuildId(number), auto_redeem=True))
    await store.save_guild(GuildSettings(GuildId(2)))
    await store.save_guild(GuildSettings(GuildId(3), auto_redeem=True, left_at=NOW))
    scanned = [chunk async for chunk in store.scan_redeeming_guilds(chunk=2)]
    assert [[settings.guild_id for settings in chunk] for chunk in scanned] == [[1, 7], [30, 50], [90]]
    assert all(settings.auto_redeem for chunk in scanned for settings in chunk)

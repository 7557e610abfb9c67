from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, MessageId, PlayerId, UserId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.services.ports import Store
from tests.stores.build import CHANNEL, GUILD, LEASE, MESSAGE, NOW, OTHER_GUILD, later
from tests.stores.build_redeeming import FROST, claim_jobs, job, stored_job, the_job
from tests.stores.conftest import OpenStore

bulk_updates = pytest.mark.mock_lacks("bulk_write with UpdateOne")


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


async def test_a_claim_shows_owner_fence_and_lease(store: Store) -> None:
    """The claimed job, as it is stored."""
    await store.open_jobs([job()])
    [held] = await claim_jobs(store, "me", later(1))
    until = later(1) + LEASE
    expected = attrs.evolve(job(), owner="me", fence=1, lease_until=until, due_at=until, updated_at=later(1))
    assert held == expected
    assert await stored_job(store) == held


async def test_jobs_of_the_newest_code_come_first(store: Store) -> None:
    """Among those that are due; up to the limit, and besides those that one works on already."""
    await store.open_jobs([job(f"CODE{number}", now=later(number)) for number in (2, 9, 4, 3)])
    claims = await claim_jobs(store, now=later(5), limit=2)
    assert [held.code for held in claims] == ["CODE4", "CODE3"]
    assert await claim_jobs(store, now=later(5), limit=0) == []
    besides = [the_job("CODE2")]
    assert await store.claim_jobs("b", later(5), later(50), limit=9, besides=besides) == []
    assert [held.code for held in await claim_jobs(store, now=later(5))] == ["CODE2"]


async def test_a_claim_is_due_again_when_its_lease_ends(store: Store) -> None:
    """Whoever claims it then has a higher fence, and the first owner's writes are refused."""
    first = await claimed(store, "a")
    assert await claim_jobs(store, "b", later(44)) == []
    [second] = await claim_jobs(store, "b", NOW + LEASE)
    assert (second.owner, second.fence) == ("b", first.fence + 1)
    assert not await store.save_job(done(first))
    assert await stored_job(store) == second
    assert await store.save_job(done(second))


async def test_concurrent_claims_never_share_a_job(open_store: OpenStore) -> None:
    """Several processes, several tasks each: every job is claimed by exactly one of them."""
    stores = [await open_store() for _ in range(2)]
    await stores[0].open_jobs([job(guild=guild) for guild in range(1, 101)])
    seen: list[str] = []

    async def work(number: int) -> None:
        store = stores[number % 2]
        while claims := await claim_jobs(store, f"owner-{number}", limit=7):
            seen.extend(held.job_id for held in claims)
            assert {held.owner for held in claims} == {f"owner-{number}"}

    await asyncio.gather(*(work(number) for number in range(6)))
    while claims := await claim_jobs(stores[0], "last"):
        seen.extend(held.job_id for held in claims)
    assert sorted(seen) == sorted(the_job(guild=guild) for guild in range(1, 101))


async def test_progress_is_saved_without_the_message(store: Store) -> None:
    """Cursor, lease and the rest; the progress message is written by nobody else."""
    held = await claimed(store)
    await store.set_job_message(the_job(), CHANNEL, MESSAGE, later(1))
    further = attrs.evolve(
        held,
        cursor=PlayerId("500"),
        enrolling=False,
        lease_until=later(99),
        due_at=later(99),
        updated_at=later(3),
        channel_id=ChannelId(1),
        message_id=None,
        requested_by=UserId(8),
        reason="x",
    )
    assert await store.save_job(further)
    assert await store.save_job(further), "a write that is repeated is harmless"
    assert await stored_job(store) == attrs.evolve(further, channel_id=CHANNEL, message_id=MESSAGE)


@pytest.mark.parametrize("change", [{"owner": "b"}, {"owner": None}, {"fence": 9}, {"fence": 0}], ids=str)
async def test_a_lost_claim_writes_nothing(store: Store, change: dict[str, object]) -> None:
    """Owner and fence must be those of the claim."""
    held = await claimed(store)
    stale = attrs.evolve(held, **change)  # type: ignore[arg-type]  # one of several fields
    assert not await store.save_job(done(stale))
    assert not await store.save_job(attrs.evolve(stale, cursor=PlayerId("1")))
    assert await stored_job(store) == held


async def test_an_unclaimed_or_absent_job_is_not_saved(store: Store) -> None:
    """Only who claimed a job writes it."""
    assert not await store.save_job(done(attrs.evolve(job(), owner="a", fence=1)))
    await store.open_jobs([job()])
    assert not await store.save_job(done(job()))
    assert await stored_job(store) == job()


async def test_a_stopped_job_stays_stopped(store: Store) -> None:
    """Whoever works on it is refused, also after somebody resumed it."""
    held = await claimed(store)
    assert await store.stop_job(the_job(), "An admin stopped it.", later(2))
    assert not await store.stop_job(the_job(), "again", later(3))
    stopped = await stored_job(store)
    assert (stopped.state, stopped.reason, stopped.due_at) == (JobState.STOPPED, "An admin stopped it.", None)
    assert not await store.save_job(done(held))
    assert not await store.wake_job(the_job(), later(4))
    assert await claim_jobs(store, "b", later(1000)) == []
    assert await stored_job(store) == stopped
    assert await store.resume_job(the_job(), later(5))
    assert not await store.resume_job(the_job(), later(5))
    assert not await store.save_job(done(held))
    [again] = await claim_jobs(store, "b", later(5))
    assert (again.reason, again.enrolling, again.fence > held.fence) == (None, True, True)


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


@pytest.mark.parametrize("ended", [True, False], ids=["done", "resting"])
async def test_a_job_woken_at_work_does_not_rest(store: Store, ended: bool) -> None:
    """Its owner may not have seen the new rows: it keeps its claim, and gives the job back as due now."""
    held = await claimed(store)
    assert await store.wake_job(the_job(), later(1))
    assert await claim_jobs(store, "b", later(2)) == [], "the claim stays with its owner"
    moved = attrs.evolve(held, cursor=PlayerId("5"), lease_until=later(60), due_at=later(60), updated_at=later(3))
    assert await store.save_job(moved)
    rest = done(moved) if ended else resting(moved, until=86_400)
    assert not await store.save_job(rest)
    found = await stored_job(store)
    assert (found.state, found.due_at, found.finished_at) == (JobState.OPEN, later(5), None)
    assert (found.enrolling, found.cursor) == (False, PlayerId("5"))
    [again] = await claim_jobs(store, "b", later(5))
    assert not await store.save_job(rest)
    assert await store.save_job(done(again, 9))


async def test_a_wake_and_an_end_at_once_lose_nothing(open_store: OpenStore) -> None:
    """Whichever comes first: the job is due again afterwards."""
    stores = [await open_store() for _ in range(2)]
    for number in range(10):
        code = CodeKey(f"CODE{number}")
        await stores[0].open_jobs([job(code)])
        [held] = await claim_jobs(stores[0], now=NOW)
        _, woken = await asyncio.gather(
            stores[number % 2].save_job(done(held)), stores[1].wake_job(the_job(code), later(5))
        )
        assert woken
        [again] = await claim_jobs(stores[1], "b", later(5))
        assert (again.code, again.enrolling) == (code, False)
        assert await stores[1].save_job(done(again))


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


async def test_what_others_claimed_is_free_for_the_one_process(store: Store) -> None:
    """Whoever is alone takes over jobs at once, and players soon; what is its own, rests or was let go stays."""
    await store.open_jobs([job(), job("MINE111"), job("RESTS11")])
    held = {str(item.code): item for item in await claim_jobs(store, "old")}
    await store.save_job(resting(held["RESTS11"], until=600))
    await store.save_job(resting(held["MINE111"], until=1, now=1))
    [mine] = await claim_jobs(store, "new", later(1))
    for name, owner in (("game:1", "old"), ("game:2", "new"), ("game:3", "old")):
        assert await store.hold_player(name, owner, NOW, later(60)) is None
    assert await store.hold_player("game:4", "old", NOW, later(4)) is None
    await store.release_player("game:3", "old", later(50))
    assert await store.expire_claims("new", later(2), later(5)) == 3
    assert await store.expire_claims("new", later(2), later(5)) == 0
    assert await stored_job(store, "MINE111") == mine
    assert [item.code for item in await claim_jobs(store, "new", later(2))] == [FROST]
    free = [await store.hold_player(f"game:{number}", "third", later(2), later(60)) for number in (1, 2, 3, 4)]
    assert free == [later(5), later(60), later(50), later(4)]
    assert await store.hold_player("game:1", "third", later(5), later(60)) is None

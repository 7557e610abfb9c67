"""Claims of jobs: who works on which, and what a claim may write."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.models.ids import ChannelId, CodeKey, PlayerId, UserId
from giftbot.models.job import JobState
from giftbot.services.ports import Store
from tests.stores.build import CHANNEL, LEASE, MESSAGE, NOW, later
from tests.stores.build_redeeming import FROST, claim_jobs, claimed, done, job, resting, stored_job, the_job
from tests.stores.conftest import OpenStore


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

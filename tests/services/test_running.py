"""Locks of jobs in one process."""

from __future__ import annotations

import asyncio

import pytest

from giftbot.models.ids import CodeKey, GuildId, JobId, job_id
from giftbot.services.running import Running

JOB = job_id(GuildId(1), CodeKey("FROST77"))


async def test_a_job_is_worked_on_by_one_at_a_time() -> None:
    """The second one waits for the first, and others do not."""
    running, order = Running(), []

    async def work(job: JobId, name: str, until: asyncio.Event) -> None:
        async with running.hold(job):
            order.append(name)
            await until.wait()

    first, second = asyncio.Event(), asyncio.Event()
    second.set()
    tasks = [
        asyncio.create_task(work(job, name, until))
        for job, name, until in (
            (JOB, "first", first),
            (JOB, "second", second),
            (JobId("1:OTHER"), "other", second),
        )
    ]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    assert order == ["first", "other"]
    assert running.jobs == {JOB}
    first.set()
    await asyncio.gather(*tasks)
    assert order == ["first", "other", "second"]
    assert len(running) == 0


async def test_a_lock_is_released_whatever_happens_and_never_leaks() -> None:
    """An error, a cancelled holder, a cancelled waiter: nothing stays behind."""
    running = Running()
    with pytest.raises(RuntimeError, match="on purpose"):
        async with running.hold(JOB):
            raise RuntimeError("on purpose")
    assert len(running) == 0
    held = asyncio.Event()

    async def hold() -> None:
        async with running.hold(JOB):
            held.set()
            await asyncio.Event().wait()

    holder = asyncio.create_task(hold())
    await held.wait()
    waiter = asyncio.create_task(hold())
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.gather(waiter, return_exceptions=True)
    assert running.jobs == {JOB}
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    assert (len(running), running.jobs) == (0, frozenset())


async def test_an_interruption_reaches_who_works_and_not_who_comes_after() -> None:
    """It is for the work that goes on; without any it is nothing."""
    running = Running()
    running.interrupt(JOB)
    async with running.hold(JOB) as interrupted:
        assert not interrupted.is_set()
        running.interrupt(JOB)
        assert interrupted.is_set()
    async with running.hold(JOB) as interrupted:
        assert not interrupted.is_set()

"""The worker behind staff links and VIP credit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from giftbot.models.credit import CreditState
from giftbot.models.ids import UserId
from giftbot.models.join import Level
from giftbot.models.staff import LinkState
from giftbot.services.invites.staff_work import SYNC_AGAIN, StaffWork
from tests.services.invites.staffing import ADA, BOB, GUILD, VIP, Office, joined, member, open_office, unsure


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """The services over a real store; Ada and Bob have links, and there is a VIP role."""
    async with open_office(tmp_path) as office:
        await office.choose(vip_role_id=VIP)
        await office.link("adas")
        await office.link("bobs", BOB)
        yield office


@asynccontextmanager
async def working(office: Office, *arrived: int) -> AsyncIterator[StaffWork]:
    """The worker, in a server that it hears of at start."""
    work = StaffWork(
        choices=office.choices,
        ledger=office.credits,
        reviews=office.reviews,
        links=office.watch,
        news=office.news,
        clock=office.clock,
    )
    for _ in arrived:
        work.arrived(GUILD)
    running = asyncio.create_task(work.run())
    try:
        yield work
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def state(office: Office, user: int) -> CreditState | None:
    """Where somebody's credit stands."""
    rows = await office.store.list_credits(GUILD, user_id=UserId(user))
    return rows[0].state if rows else None


async def until(condition: Callable[[], bool]) -> None:
    """Return once that is so."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never was")


async def credited(office: Office, user: int, wanted: CreditState = CreditState.CREDITED) -> None:
    """Return once somebody's credit stands like that."""
    for _ in range(1000):
        if await state(office, user) is wanted:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"the credit is {await state(office, user)}")


async def test_members_with_the_role_are_credited_as_they_are_seen(office: Office) -> None:
    """Others cost nothing: nobody asks the store for them."""
    await office.commit(joined(1), joined(2))
    async with working(office) as work:
        work.saw(GUILD, member(2, roles=()))
        work.saw(GUILD, member(1))
        await credited(office, 1)
    assert await state(office, 2) is None


async def test_vips_are_compared_at_start_and_again_while_discord_is_away(office: Office) -> None:
    """What an outage hides is found after it."""
    await office.commit(joined(1))
    office.discord.people = [member(1)]
    office.discord.is_away = True
    async with working(office, GUILD):
        await until(lambda: office.clock.monotonic() > SYNC_AGAIN / 2)
        assert await state(office, 1) is None
        office.discord.is_away = False
        await credited(office, 1)
        assert office.clock.monotonic() >= SYNC_AGAIN


async def test_a_join_that_is_recorded_by_hand_settles_its_review(office: Office) -> None:
    """An admin who said who brought them does not have to say it again."""
    await office.commit(unsure(1))
    async with working(office) as work:
        work.saw(GUILD, member(1))
        await credited(office, 1, CreditState.PENDING)
        known = joined(1, "bobs", BOB, level=Level.CONFIRMED)
        before = (await office.store.last_joins(GUILD, [UserId(1)]))[UserId(1)]
        assert await office.store.save_join(known, before=before)
        work.recorded(GUILD, [known])
        await credited(office, 1)
    (row,) = await office.store.list_credits(GUILD, user_id=UserId(1))
    assert row.staff_id == BOB


async def test_a_review_that_became_certain_before_a_crash_is_settled_at_start(office: Office) -> None:
    """Nobody was told of the batch; other reviews wait on."""
    await office.commit(unsure(1), unsure(2))
    await office.credits.gained(GUILD, [member(1), member(2)])
    before = (await office.store.last_joins(GUILD, [UserId(1)]))[UserId(1)]
    known = joined(1, "bobs", BOB, level=Level.CONFIRMED)
    assert await office.store.save_join(known, before=before)
    assert await state(office, 1) is CreditState.PENDING
    async with working(office, GUILD):
        await credited(office, 1)
        await until(lambda: office.clock.monotonic() > SYNC_AGAIN)
    (row,) = await office.store.list_credits(GUILD, user_id=UserId(1))
    assert row.staff_id == BOB
    assert await state(office, 2) is CreditState.PENDING


async def test_links_are_looked_after_from_time_to_time(office: Office) -> None:
    """Also without a batch: a channel is hidden without any other sign."""
    await office.commit(invites=["adas", "bobs"])
    async with working(office, GUILD):
        await until(lambda: office.clock.monotonic() > 5)
        assert office.people.admins == []
        office.discord.channels = []
        await office.commit(invites=["bobs"])
        for _ in range(1000):
            states = {link.staff_id: link.state for link in await office.store.list_links(GUILD)}
            if LinkState.VANISHED in states.values():
                break
            await asyncio.sleep(0.01)
    assert states == {ADA: LinkState.VANISHED, BOB: LinkState.LIVE}
    assert len(office.people.admins) == 1


async def test_a_step_that_fails_does_not_end_the_work(office: Office) -> None:
    """It is logged and passed over: the next one is taken."""
    office.desk.fails = True
    await office.commit(joined(1))
    await office.news.turn(GUILD, ADA, on=True)
    batch = await office.commit(joined(2, seconds=1))
    async with working(office) as work:
        await work.on_decided(batch)
        work.saw(GUILD, member(1))
        await credited(office, 1)
        work.saw(GUILD, member(2, seconds=1))
        await credited(office, 2)
    assert office.desk.written == []

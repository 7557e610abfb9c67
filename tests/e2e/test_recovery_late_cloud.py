"""Redeploys to an empty disk while the cloud does not answer yet: its good copy is never written over."""

from __future__ import annotations

import asyncio

from giftbot.models.ids import InviteCode
from giftbot.models.join import Level, Reason
from tests.e2e.lives import Cloud, lives
from tests.e2e.stage import Stage


async def test_a_good_copy_is_not_written_over_by_who_could_not_read_it(stage: Stage, cloud: Cloud) -> None:
    """The disk is empty and the cloud answers 500: nothing is sent; once it answers, both know all of it."""
    life = lives(stage, cloud)
    await cloud.come_up()
    async with stage.bot():
        before = await life.begin()
    good = cloud.newest()
    assert good is not None
    life.clear()
    await cloud.fail()
    async with stage.bot():
        await life.settled()
        early = await life.home.joined(life.counted, 2)
        await stage.sandbox.until(lambda: len(cloud.refused) >= 3, what="more attempts to read the copy")
        assert set(cloud.refused) == {"GET"}
        assert cloud.newest() == good
        await cloud.come_up()
        merged = await life.until(lambda rows: rows.counts == {"joins": 6, "links": 2, "credits": 1})
        copy = await cloud.holds(**merged.counts)
        late = await life.home.joined(life.counted)
        joins = await life.home.all_joins()
        claimed = sum(join.code == life.counted for join in joins)
        await life.home.ledger(lambda ledger: ledger.claimed.get(InviteCode(life.counted)) == claimed)
    assert claimed > len(early) + len(late)
    merged.has_all_of(before)
    assert {join.join_id for join in early} <= merged.joins.keys()
    assert copy.epoch == good.epoch
    assert copy.sequence > good.sequence
    assert late[0].owner_id == life.place.bob.id
    after = await life.rows()
    life.clear()
    async with stage.bot():
        await life.settled()
        assert await life.rows() == after
    cloud.goes_forward()


async def test_who_came_between_the_copy_and_a_start_without_it(stage: Stage, cloud: Cloud) -> None:
    """Nobody can say by which invite: they get a row that says so, once the cloud shows who was known before."""
    life = lives(stage, cloud)
    await cloud.come_up()
    async with stage.bot():
        before = await life.begin()
    life.clear()
    between = life.home.joins(life.counted, 2)
    (marked,) = life.home.joins(life.marked)
    await cloud.fail()
    async with stage.bot():
        await life.settled()
        await stage.sandbox.until(lambda: len(cloud.refused) >= 3, what="more attempts to read the copy")
        assert (await life.rows()).counts["joins"] == 0
        await cloud.come_up()
        first, second, third = await life.home.decided([*between, marked])
        after = await life.until(lambda rows: rows.counts == {"joins": 7, "links": 2, "credits": 1})
        await cloud.holds(**after.counts)
    after.has_all_of(before)
    assert [(row.level, row.reason, row.code) for row in (first, second)] == [
        (Level.UNKNOWN, Reason.NO_BASELINE, None)
    ] * 2
    assert (third.level, third.code) == (Level.CONFIRMED, life.marked)
    cloud.goes_forward()


async def test_a_cloud_that_starts_with_the_bot(stage: Stage, cloud: Cloud) -> None:
    """The disk is empty and the cloud there a moment later: the bot waits for it, and finds who came meanwhile."""
    life = lives(stage, cloud)
    await cloud.come_up()
    async with stage.bot():
        before = await life.begin()
    life.clear()
    away = [*life.home.joins(life.counted, 2), *life.home.joins(life.marked)]
    await cloud.fail()
    coming = asyncio.create_task(cloud.come_up_after(2))
    async with stage.bot():
        await coming
        found = await life.home.decided(away)
        after = await life.rows()
    after.has_all_of(before)
    assert after.counts == {"joins": 7, "links": 2, "credits": 1}
    assert [join.code for join in found] == [life.counted, life.counted, life.marked]
    cloud.goes_forward()


async def test_an_end_before_the_cloud_answers_leaves_its_copy_alone(stage: Stage, cloud: Cloud) -> None:
    """A bot that never got to read the good copy writes nothing there, not at its end either."""
    life = lives(stage, cloud)
    await cloud.come_up()
    async with stage.bot():
        before = await life.begin()
    good = cloud.newest()
    life.clear()
    await cloud.fail()
    async with stage.bot():
        await life.settled()
        await life.home.joined(life.counted)
    assert set(cloud.refused) == {"GET"}
    assert cloud.newest() == good
    await cloud.come_up()
    async with stage.bot():
        await life.settled()
        after = await life.until(lambda rows: rows.counts == {"joins": 5, "links": 2, "credits": 1})
        await cloud.holds(**after.counts)
    after.has_all_of(before)
    cloud.goes_forward()

"""Redeploys: what is known of invites survives as long as one layer has it, and nothing goes backwards."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from structlog.testing import capture_logs

from giftbot.models.credit import CreditState
from giftbot.models.join import Left, Level, Method
from giftbot.sandbox.child import BotProcess
from giftbot.stores.copy_file import COPY_NAME, CopyFile
from tests.e2e.lives import Cloud, counts_of, lives
from tests.e2e.stage import Stage
from tests.mongod import Mongod


async def test_local_files_gone(stage: Stage, cloud: Cloud) -> None:
    """All rows come back from the cloud; who came and went meanwhile is found; later changes survive it again."""
    life = lives(stage, cloud)
    await cloud.come_up()
    async with stage.bot():
        before = await life.begin()
        (leaver,) = await life.home.joined(life.counted)
    assert cloud.counts()["joins"] == 5
    life.clear()
    away = [*life.home.joins(life.marked), *life.home.joins(life.counted, 2)]
    life.home.sandbox.leave(life.place.guild, life.place.guild.members[leaver.user_id])
    async with stage.bot():
        found = await life.home.decided(away)
        (gone,) = [one for one in await life.home.all_joins() if one.user_id == leaver.user_id]
        (await life.rows()).has_all_of(before)
        third = await life.place.link(life.place.ada, channel=life.place.desk)
        (late,) = await life.home.joined(third)
        life.place.guild.give(away[0], life.place.vip)
        after = await life.until(lambda rows: len(rows.credits) == 2)
    assert [(join.code, join.owner_id) for join in found] == [
        (life.marked, life.place.ada.id),
        (life.counted, life.place.bob.id),
        (life.counted, life.place.bob.id),
    ]
    assert {join.method for join in found} == {Method.MARKER, Method.CATCH_UP}
    assert (gone.left, gone.code) == (Left.AWAY, life.counted)
    assert (late.code, late.level) == (third, Level.CONFIRMED)
    assert after.counts == {"joins": 9, "links": 3, "credits": 2}
    life.clear()
    async with stage.bot():
        await life.settled()
        assert await life.rows() == after
    cloud.goes_forward()


async def test_the_cloud_is_down(stage: Stage, cloud: Cloud) -> None:
    """At the start and later: the bot works, the local file has everything; the cloud gets it when it is there."""
    life = lives(stage, cloud)
    async with stage.bot():
        await life.begin()
        await stage.sandbox.until((stage.directory / COPY_NAME).exists, what="the local copy")
        assert cloud.newest() is None
        await cloud.come_up()
        await cloud.holds(joins=4, links=2, credits=1)
        await cloud.go_down()
        with capture_logs() as logs:
            await life.decided(life.home.joins(life.counted, 3))
            await stage.sandbox.until(
                lambda: ("copy failed", "cloud") in [(log["event"], log.get("layer")) for log in logs],
                what="a failure to send the copy",
            )
        assert cloud.counts()["joins"] == 4
        await cloud.come_up()
        await cloud.holds(joins=7, links=2, credits=1)
        await cloud.go_down()
        await life.decided(life.home.joins(life.marked))
    local = await CopyFile(stage.directory / COPY_NAME).read()
    assert local is not None
    assert counts_of(local)["joins"] == 8
    assert cloud.counts()["joins"] == 7
    after = await life.rows()
    await cloud.come_up()
    async with stage.bot():
        await cloud.holds(**after.counts)
    assert await life.rows() == after
    cloud.goes_forward()


async def test_the_data_directory_is_cleared_beside_mongodb(
    stage: Stage, cloud: Cloud, replica_set: Mongod, tmp_path: Path
) -> None:
    """The tables win over a cloud that went back to an older copy; the numbers go on from theirs."""
    life = lives(stage, cloud, uri=replica_set.uri, database=f"e2e-{uuid.uuid4().hex}")
    await cloud.come_up()
    older = tmp_path / "older"
    async with stage.bot():
        await life.begin()
        await cloud.holds(joins=4, links=2, credits=1)
        shutil.copytree(cloud.directory, older)
        await life.decided(life.home.joins(life.counted, 2))
    newest = cloud.newest()
    assert newest is not None
    before = await life.rows()
    await cloud.go_down()
    shutil.rmtree(cloud.directory)
    older.rename(cloud.directory)
    life.clear()
    await cloud.come_up()
    away = life.home.joins(life.marked)
    async with stage.bot():
        await life.decided(away)
        after = await life.rows()
        after.has_all_of(before)
        assert after.counts == {"joins": 7, "links": 2, "credits": 1}
        copy = await cloud.holds(**after.counts)
    assert copy.epoch == newest.epoch
    assert copy.sequence > newest.sequence
    cloud.goes_forward()


async def test_everything_is_gone(stage: Stage, cloud: Cloud) -> None:
    """A bot without any copy says so and starts fresh; the members who are there are no joins."""
    life = lives(stage, cloud)
    await cloud.come_up()
    with capture_logs() as logs:
        async with stage.bot():
            await life.begin()
    assert [log["event"] for log in logs].count("no copy found") == 1
    await cloud.go_down()
    shutil.rmtree(cloud.directory)
    life.clear()
    await cloud.come_up()
    with capture_logs() as logs:
        async with stage.bot():
            await life.settled()
            assert (await life.rows()).counts == {"joins": 0, "links": 0, "credits": 0}
            await life.home.joined(life.counted)
    assert [log["event"] for log in logs].count("no copy found") == 1
    assert cloud.counts()["joins"] == 1
    cloud.goes_forward()


async def test_two_processes_overlap(stage: Stage, cloud: Cloud, replica_set: Mongod, tmp_path: Path) -> None:
    """The new one starts before the old one ends: each join once, and the copies of both count on."""
    life = lives(stage, cloud, uri=replica_set.uri, database=f"e2e-{uuid.uuid4().hex}")
    await cloud.come_up()
    bots = []
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        bots.append(BotProcess(stage.sandbox, tmp_path / name, time_scale=0.05, **stage.environ))
    old, new = bots
    try:
        await old.start()
        before = await life.begin()
        await new.start()
        both = []
        for _ in range(3):
            both += [*life.home.joins(life.marked), *life.home.joins(life.counted)]
            await life.decided(both)
        both += life.home.joins(life.counted, 4)
        assert await old.stop() == 0
        both += life.home.joins(life.marked, 2)
        await life.decided(both)
        life.place.guild.give(both[0], life.place.vip)
        after = await life.until(lambda rows: len(rows.credits) == 2)
        assert await new.stop() == 0
    finally:
        for bot in bots:
            bot.kill()
            await bot.stop()
    after.has_all_of(before)
    assert after.counts == {"joins": 16, "links": 2, "credits": 2}
    assert len({row[0] for row in after.joins.values()}) == 16
    assert {state for _, state in after.credits.values()} == {CreditState.CREDITED}
    async with life.open_home():
        ledger = await life.home.settled()
        life.home.check(await life.home.all_joins())
    life.home.conserved(ledger, {})
    assert after.counts.items() <= cloud.counts().items()
    cloud.goes_forward()

"""When copies are written, what becomes of failures, and what the layers say of themselves."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import attrs
import pytest

from giftbot.clock import SystemClock
from giftbot.errors import CopyError
from giftbot.services.invites.copies import Copies, CopyTimes
from giftbot.services.invites.envelope import read_copy
from giftbot.services.invites.ports import Copy
from giftbot.stores import invite_documents
from giftbot.stores.copy_file import COPY_NAME
from giftbot.stores.sqlite.store import open_sqlite
from tests.services.invites.copying import (
    FAST,
    HOUR,
    NORTH,
    T0,
    cloud,
    container,
    fill,
    join,
    records,
    until,
)


@attrs.define
class Shelf:
    """A place that says what it is told, and notes what comes."""

    label: str = "cloud"
    there: Copy | None = None
    failure: CopyError | None = None
    written: list[Copy] = attrs.Factory(list)
    reads: int = 0
    attempts: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def write(self, copy: Copy) -> None:
        """Keep it, slowly."""
        self.attempts += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.02)
        self.at_once -= 1
        if self.failure is not None:
            raise self.failure
        self.written.append(copy)

    async def read(self) -> Copy | None:
        """What is there."""
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        return self.there


async def test_nothing_is_written_before_a_restore(tmp_path: Path) -> None:
    """The order is not left to chance."""
    async with container(tmp_path / "data", restore=False) as bot:
        with pytest.raises(RuntimeError):
            await bot.copies.run()
        await bot.copies.stop()
    assert not (tmp_path / "data" / COPY_NAME).exists()


async def test_nothing_is_written_to_a_place_that_could_not_be_read(tmp_path: Path) -> None:
    """However much changes; it is asked again and again, and said to be held."""
    shelf = Shelf(failure=CopyError("It is down."))
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        copies = Copies(
            store=store, documents=invite_documents, local=None, remote=[shelf], clock=SystemClock(), times=FAST
        )
        await copies.restore()
        task = asyncio.create_task(copies.run())
        for _ in range(3):
            copies.changed(NORTH)
            await asyncio.sleep(0.05)
        await until(lambda: shelf.reads > 3)
        assert shelf.attempts == 0
        (_, status) = copies.status()
        assert status.held is not None
        assert "It is down." in status.held
        assert status.is_waiting
        shelf.failure = None
        await until(lambda: shelf.written)
        (_, status) = copies.status()
        assert (status.held, status.failed) == (None, None)
        await copies.stop()
        await task


async def test_failures_are_tried_again_with_the_newest_copy_one_at_a_time(tmp_path: Path) -> None:
    """What waited is in the newest; nothing older is written after it."""
    shelf = Shelf()
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        copies = Copies(
            store=store, documents=invite_documents, local=None, remote=[shelf], clock=SystemClock(), times=FAST
        )
        await copies.restore()
        task = asyncio.create_task(copies.run())
        await until(lambda: shelf.written)
        shelf.failure = CopyError("The disk there is full.")
        for _ in range(5):
            copies.changed(NORTH)
            await asyncio.sleep(0.03)
        await until(lambda: shelf.attempts >= 3)
        (tables, status) = copies.status()
        assert status.failed == "The disk there is full."
        shelf.failure = None
        await until(lambda: len(shelf.written) >= 2)
        assert shelf.written[-1].sequence == copies.status()[0].sequence
        assert tables.sequence is not None
        assert shelf.most_at_once == 1
        numbers = [copy.sequence for copy in shelf.written]
        assert numbers == sorted(set(numbers))
        await copies.stop()
        await task


async def test_a_burst_of_changes_is_one_copy(tmp_path: Path) -> None:
    """With the pauses that the bot has."""
    async with (
        cloud(tmp_path / "cloud") as address,
        container(tmp_path / "data", address=address, times=CopyTimes()) as bot,
    ):
        bot.start()
        await bot.settled("local", "cloud")
        before = bot.sequence("tables")
        await fill(bot.store, records())
        for _ in range(50):
            bot.copies.changed(NORTH, records().joins)
        await bot.settled("local", "cloud")
        assert before is not None
        assert bot.sequence("tables") == before + 1


async def test_everything_is_written_anew_now_and_then(tmp_path: Path) -> None:
    """What `ops` changed beside the bot, nobody tells it."""
    async with container(tmp_path / "data", times=attrs.evolve(FAST, whole=0.2)) as bot:
        bot.start()
        await bot.settled("local")
        await fill(bot.store, records())
        await until(lambda: b"aBcD1234" in (tmp_path / "data" / COPY_NAME).read_bytes())


async def test_changes_after_a_restart_go_on_from_there(tmp_path: Path) -> None:
    """The number rises over every start, and the file has what both lives wrote."""
    numbers = []
    for user in (101, 102, 103):
        async with container(tmp_path / "data") as bot:
            bot.start()
            one = join(NORTH, user, at=T0 + user * HOUR)
            await bot.store.insert_joins([one])
            bot.copies.changed(NORTH, [one])
            await bot.settled("local")
            numbers.append(bot.sequence("local"))
            await bot.stop()
    assert numbers == sorted(set(numbers), key=lambda number: number or 0)
    text = (tmp_path / "data" / COPY_NAME).read_bytes()
    for user in (101, 102, 103):
        assert f'"user_id":{user}'.encode() in text


async def test_what_is_not_written_yet_is_written_at_the_end(tmp_path: Path) -> None:
    """A stop does not wait for the pauses."""
    slow = attrs.evolve(FAST, settle=60.0, remote_settle=60.0)
    async with (
        cloud(tmp_path / "cloud") as address,
        container(tmp_path / "data", address=address, times=slow) as bot,
    ):
        bot.start()
        await fill(bot.store, records())
        bot.copies.changed(NORTH, records().joins)
        await bot.copies.stop()
        await bot.crash()
        (newest,) = (tmp_path / "cloud").glob("*.json")
        copy = read_copy(newest.read_bytes())
        assert str(NORTH) in str(copy.data)
        assert bot.sequence("local") == copy.sequence


async def test_a_directory_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    """The cloud gets its copies; the reason is shown; once the disk is well, the file is written."""
    async with (
        cloud(tmp_path / "cloud") as address,
        container(tmp_path / "data", address=address) as bot,
    ):
        file = tmp_path / "data" / COPY_NAME
        (file.with_name(f"{COPY_NAME}.tmp")).mkdir()
        bot.start()
        await fill(bot.store, records())
        bot.copies.changed(NORTH, records().joins)
        await bot.settled("cloud")
        await until(lambda: any(one.failed for one in bot.copies.status()))
        (status,) = [one for one in bot.copies.status() if one.label == "local"]
        assert "cannot be written" in (status.failed or "")
        file.with_name(f"{COPY_NAME}.tmp").rmdir()
        await bot.settled("local")
        assert file.exists()


async def test_back_up_writes_everything_now_and_says_how_it_went(tmp_path: Path) -> None:
    """Without a running loop, too: `ops` uses it."""
    async with cloud(tmp_path / "cloud") as address, container(tmp_path / "data", address=address) as bot:
        await fill(bot.store, records())
        tables, local, remote = await bot.copies.back_up()
        assert local.sequence == remote.sequence == tables.sequence
        assert not any(one.failed or one.held or one.is_waiting for one in (tables, local, remote))
        shutil.rmtree(tmp_path / "cloud")
        *_, remote = await bot.copies.back_up()
        assert remote.failed is not None
        assert "507" in remote.failed

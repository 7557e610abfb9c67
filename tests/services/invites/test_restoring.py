"""The layers at a start and during a redeploy: real files, real tables, a real service."""

from __future__ import annotations

import shutil
from pathlib import Path

import attrs

from giftbot.models.ids import InviteCode
from giftbot.stores.copy_file import COPY_NAME
from tests.services.invites.copying import (
    EMBER,
    HOUR,
    NORTH,
    T0,
    cloud,
    container,
    fill,
    join,
    known,
    ledger,
    records,
    until,
)


async def _lived(directory: Path, address: str) -> None:
    """A bot that ran on this directory and was stopped."""
    async with container(directory, address=address) as bot:
        bot.start()
        await fill(bot.store, records(NORTH))
        bot.copies.changed(NORTH, records(NORTH).joins)
        await bot.settled("local", "cloud")
        await bot.store.save_carried({"onboarding_progress": [{"user_id": "5", "step": 3}]})
        await fill(bot.store, records(EMBER))
        bot.copies.changed(EMBER, records(EMBER).joins)
        await bot.stop()


async def test_a_cleared_data_directory_comes_back_from_the_cloud(tmp_path: Path) -> None:
    """Tables and file are gone; the cloud has everything, carried tables too, and numbering goes on."""
    async with cloud(tmp_path / "cloud") as address:
        await _lived(tmp_path / "data", address)
        shutil.rmtree(tmp_path / "data")
        async with container(tmp_path / "data", address=address) as bot:
            assert await known(bot.store, NORTH) == records(NORTH)
            assert await known(bot.store, EMBER) == records(EMBER)
            assert (await bot.store.get_carried())["onboarding_progress"] == [{"user_id": "5", "step": 3}]
            before = bot.sequence("cloud")
            bot.start()
            await bot.settled("local", "cloud")
            assert before is not None
            assert bot.sequence("cloud") == before + 1


async def test_local_file_gone_the_tables_are_enough(tmp_path: Path) -> None:
    """The JSON copy is written anew from the tables; nothing is taken from an older copy."""
    async with cloud(tmp_path / "cloud") as address:
        await _lived(tmp_path / "data", address)
        (tmp_path / "data" / COPY_NAME).unlink()
        (tmp_path / "data" / f"{COPY_NAME}.bak").unlink()
        async with container(tmp_path / "data", address=address) as bot:
            assert await known(bot.store, NORTH) == records(NORTH)
            bot.start()
            await bot.settled("local", "cloud")
        assert (tmp_path / "data" / COPY_NAME).exists()


async def test_tables_gone_the_local_file_is_enough_while_the_cloud_is_down(tmp_path: Path) -> None:
    """The file restores everything; the cloud, once it is back, gets the next number."""
    async with cloud(tmp_path / "cloud") as address:
        await _lived(tmp_path / "data", address)
    port = int(address.rsplit(":", 1)[1])
    for path in (tmp_path / "data").glob("giftbot.sqlite*"):
        path.unlink()
    async with container(tmp_path / "data", address=address) as bot:
        assert await known(bot.store, NORTH) == records(NORTH)
        bot.start()
        await bot.settled("local")
        (status,) = [one for one in bot.copies.status() if one.label == "cloud"]
        assert status.held is not None
        assert status.sequence is None
        async with cloud(tmp_path / "cloud", port=port):
            await bot.settled("local", "cloud")


async def test_cloud_down_and_nothing_here_then_the_cloud_comes_back(tmp_path: Path) -> None:
    """A fresh container works meanwhile, writes nothing over the good copy, and takes it in when it can be read.

    What it knows of the invites stays, but for the uses that are claimed: those are of all joins then.
    """
    async with cloud(tmp_path / "cloud") as address:
        await _lived(tmp_path / "data", address)
    port = int(address.rsplit(":", 1)[1])
    shutil.rmtree(tmp_path / "data")
    async with container(tmp_path / "data", address=address) as bot:
        bot.start()
        fresh = join(NORTH, 99, at=T0 + 5 * HOUR)
        batch_ledger = ledger(NORTH, number=1)
        await fill(
            bot.store, attrs.evolve(records(NORTH), ledger=batch_ledger, joins=(fresh,), links=(), credits=())
        )
        bot.copies.changed(NORTH, [fresh])
        await bot.settled("local")
        async with cloud(tmp_path / "cloud", port=port):
            await bot.settled("local", "cloud")
            found = await known(bot.store, NORTH)
            assert {one.join_id for one in found.joins} == {one.join_id for one in (*records(NORTH).joins, fresh)}
            assert found.links == records(NORTH).links
            assert found.ledger == ledger(NORTH, number=2, claimed={InviteCode("aBcD1234"): 2})  # one is owed
            assert await known(bot.store, EMBER) == attrs.evolve(records(EMBER), ledger=None)
            await bot.stop()
    shutil.rmtree(tmp_path / "data")
    async with cloud(tmp_path / "cloud") as address, container(tmp_path / "data", address=address) as bot:
        assert len((await known(bot.store, NORTH)).joins) == 4


async def test_everything_gone_is_a_fresh_start(tmp_path: Path) -> None:
    """Neither tables nor copies: a new series begins, and is copied."""
    async with cloud(tmp_path / "cloud") as address, container(tmp_path / "data", address=address) as bot:
        bot.start()
        await bot.settled("local", "cloud")
        assert bot.sequence("cloud") == 1


async def test_two_writers_overlap_and_nothing_goes_backwards(tmp_path: Path) -> None:
    """The old process goes on writing after the new one restored: every join of both ends in the cloud."""
    async with cloud(tmp_path / "cloud") as address:
        async with container(tmp_path / "old", address=address) as old:
            old.start()
            await fill(old.store, records(NORTH))
            old.copies.changed(NORTH, records(NORTH).joins)
            await old.settled("local", "cloud")
            async with container(tmp_path / "new", address=address) as new:
                new.start()
                seen = [0]
                for number in range(6):
                    for bot, user in ((old, 100 + number), (new, 200 + number)):
                        one = join(NORTH, user, at=T0 + number * HOUR)
                        await bot.store.insert_joins([one])
                        bot.copies.changed(NORTH, [one])
                    await until(lambda: not old.copies.status()[0].is_waiting)
                    numbers = sorted(int(path.stem.split("_")[2]) for path in (tmp_path / "cloud").glob("*.json"))
                    seen.append(numbers[-1])
                assert seen == sorted(seen)
                await old.settled("cloud")
                await old.stop()
                await new.settled("cloud")
                await until(lambda: new.sequence("cloud") == new.copies.status()[0].sequence)
                await new.stop()
        async with container(tmp_path / "third", address=address) as third:
            users = {one.user_id for one in (await known(third.store, NORTH)).joins}
            assert {100 + number for number in range(6)} | {200 + number for number in range(6)} <= users


async def test_a_damaged_file_is_refused_and_the_next_best_copy_used(tmp_path: Path) -> None:
    """Truncated, tampered, foreign or too large: the reason is known also after it was replaced."""
    async with cloud(tmp_path / "cloud") as address:
        await _lived(tmp_path / "data", address)
        file = tmp_path / "data" / COPY_NAME
        whole = file.read_bytes()
        broken = {
            "no whole JSON": whole[: len(whole) // 2],
            "checksum": b'"somebody else"'.join(whole.rsplit(b'"someone"', 1)),
            "earlier bot": b'{"timestamp": "2025-10-31T09:00:00.000001", "cache": {}}',
            "not ours": b"[1, 2]",
        }
        for reason, body in broken.items():
            shutil.rmtree(tmp_path / "data")
            (tmp_path / "data").mkdir()
            file.write_bytes(body)
            async with container(tmp_path / "data", address=address) as bot:
                (status,) = [one for one in bot.copies.status() if one.label == "local"]
                assert status.refused is not None
                assert reason in status.refused
                assert await known(bot.store, NORTH) == records(NORTH)
                bot.start()
                await bot.settled("local")
                (status,) = [one for one in bot.copies.status() if one.label == "local"]
                assert status.refused is None
                assert reason in str(status.replaced)
            kept = [path for path in (tmp_path / "data").iterdir() if path.suffix in {".legacy", ".refused"}]
            assert [path.read_bytes() for path in kept] == [body]


async def test_an_older_copy_never_replaces_what_the_tables_know(tmp_path: Path) -> None:
    """A copy from the image, or of yesterday, is not taken in, and the number does not go back."""
    async with container(tmp_path / "data") as bot:
        bot.start()
        await fill(bot.store, records(NORTH))
        bot.copies.changed(NORTH, records(NORTH).joins)
        await bot.settled("local")
        old = (tmp_path / "data" / COPY_NAME).read_bytes()
        await bot.store.insert_joins([join(NORTH, 500)])
        bot.copies.changed(NORTH, [join(NORTH, 500)])
        await bot.settled("local")
        last = bot.sequence("local")
        await bot.stop()
    (tmp_path / "data" / COPY_NAME).write_bytes(old)
    async with container(tmp_path / "data") as bot:
        assert 500 in {one.user_id for one in (await known(bot.store, NORTH)).joins}
        bot.start()
        await bot.settled("local")
        number = bot.sequence("local")
        assert last is not None
        assert number is not None
        assert number > last

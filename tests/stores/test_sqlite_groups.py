"""Writes that come together share a transaction of SQLite, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from giftbot.errors import StoreError
from giftbot.stores.sqlite.database import Database, Turn, open_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A file with a table of numbers."""
    async with open_database(tmp_path / "numbers.sqlite", busy_timeout=1) as opened:
        await opened.write(lambda turn: turn.rows("CREATE TABLE numbers (value INTEGER PRIMARY KEY)"))
        yield opened


async def write(database: Database, *values: int) -> int:
    """Insert numbers in one transaction; how many there are then."""

    def work(turn: Turn) -> int:
        for value in values:
            turn.rows("INSERT INTO numbers VALUES (?)", [value])
        [[count]] = turn.rows("SELECT count(*) FROM numbers")
        return int(count or 0)

    return await database.write(work)


async def test_each_work_sees_what_the_ones_before_it_did(database: Database) -> None:
    """As if each had a transaction of its own."""
    counts = await asyncio.gather(*(write(database, number) for number in range(20)))
    assert counts == list(range(1, 21))
    assert len(await database.read("SELECT value FROM numbers")) == 20


async def test_a_work_that_raises_is_undone_alone(database: Database) -> None:
    """Whatever it did before it raised, too; its neighbours stay."""
    results = await asyncio.gather(
        write(database, 1), write(database, 2), write(database, 3, 2), write(database, 4), return_exceptions=True
    )
    assert [type(result) for result in results] == [int, int, StoreError, int]
    assert await database.read("SELECT value FROM numbers ORDER BY value") == [(1,), (2,), (4,)]


async def test_writes_of_a_group_wait_for_a_transaction_that_is_open(database: Database) -> None:
    """And are not part of it."""
    async with database.transaction() as transaction:
        await transaction.run("INSERT INTO numbers VALUES (1)")
        waiting = [asyncio.create_task(write(database, number)) for number in (2, 3)]
        await transaction.run("INSERT INTO numbers VALUES (4)")
        assert not any(task.done() for task in waiting)
    assert await asyncio.gather(*waiting) == [3, 4]

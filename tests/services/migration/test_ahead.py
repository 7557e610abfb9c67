"""Values are stored in larger groups than they are read in, in the same order, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from giftbot.errors import LegacyError
from giftbot.models.legacy import Chunk, Found
from giftbot.services.migration.ahead import CHUNKS, TOGETHER, reading_ahead
from tests.services.migration.scripted import sent


async def _chunks(count: int, size: int, error: Exception | None = None) -> AsyncIterator[Chunk]:
    for number in range(count):
        yield Chunk(tuple(sent(number, f"CODE{entry}") for entry in range(size)), number + 1)
    if error is not None:
        raise error


@pytest.mark.parametrize(("count", "size"), [(0, 0), (1, 1), (3, 500), (50, 500), (7, 3 * TOGETHER), (20, 0)])
async def test_all_values_come_in_order(count: int, size: int) -> None:
    """Whatever the size of the chunks; each group says how much was read."""
    found: list[Found] = []
    done = 0
    async with reading_ahead(_chunks(count, size)) as chunks:
        async for chunk in chunks:
            assert len(chunk.found) < TOGETHER + max(size, 1)
            assert chunk.done > done
            done = chunk.done
            found += chunk.found
    assert found == [sent(number, f"CODE{entry}") for number in range(count) for entry in range(size)]
    assert done == (count if size else 0)


async def test_what_was_read_before_a_failure_comes_before_it() -> None:
    """Rows in front of a damage are used."""
    found: list[Found] = []

    async def read() -> None:
        async with reading_ahead(_chunks(3, 2, LegacyError("torn"))) as chunks:
            async for chunk in chunks:
                found.extend(chunk.found)

    with pytest.raises(LegacyError, match="torn"):
        await read()
    assert len(found) == 6


async def test_no_more_is_read_ahead_than_is_kept() -> None:
    """Whoever stores slowly does not fill the memory; who stops leaves nothing running."""
    read: list[int] = []

    async def endless() -> AsyncIterator[Chunk]:
        while True:
            read.append(len(read))
            yield Chunk((sent(1, "FROST77"),), len(read))

    async with reading_ahead(endless()) as chunks:
        async for _ in chunks:
            await asyncio.sleep(0.01)
            break
        assert len(read) <= 2 * CHUNKS + 2
    assert asyncio.all_tasks() == {asyncio.current_task()}

"""Reading ahead: the next rows of a source are read while those before them are stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from giftbot.models.legacy import Chunk, Found

TOGETHER = 2000
"""Values that are stored together, about: more hold the loop for longer, fewer make more transactions."""
CHUNKS = 8
"""Chunks that are read ahead, at most."""


@asynccontextmanager
async def reading_ahead(chunks: AsyncIterator[Chunk]) -> AsyncIterator[AsyncIterator[Chunk]]:
    """The same values in the same order, in larger chunks; what fails comes after all that was read before it."""
    queue: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue(CHUNKS)
    reading = asyncio.create_task(_fill(queue, chunks), name="reading ahead")
    try:
        yield _together(queue)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _fill(queue: asyncio.Queue[Chunk | Exception | None], chunks: AsyncIterator[Chunk]) -> None:
    try:
        async for chunk in chunks:
            await queue.put(chunk)
    except Exception as error:  # raised by whoever takes it
        await queue.put(error)
    else:
        await queue.put(None)


async def _together(queue: asyncio.Queue[Chunk | Exception | None]) -> AsyncIterator[Chunk]:
    end: Exception | None = None
    is_over = False
    while not is_over:
        found: list[Found] = []
        done = 0
        item = await queue.get()
        while isinstance(item, Chunk):
            found += item.found
            done = item.done
            if len(found) >= TOGETHER or queue.empty():
                break
            item = queue.get_nowait()
        if not isinstance(item, Chunk):
            is_over, end = True, item
        if found:
            yield Chunk(tuple(found), done)
    if end is not None:
        raise end

"""Figure 8: what the bot needs in memory beside a bare hikari bot with the same intents and cache."""

from __future__ import annotations

import asyncio
import os
import sys

import psutil  # type: ignore[import-untyped]  # a dependency of the tests, without types of its own

from bench.figures import Figure
from bench.link import child
from bench.places import STORES, Place
from bench.session import Session
from bench.town import Town, open_town

MORE = 40.0
"""Megabytes."""
_SETTLED = 0.5
"""Megabytes by which the memory still grows within a second once it has settled."""


async def measure(session: Session) -> list[Figure]:
    """Figure 8, on both stores."""
    count = 200 if session.quick else 1000
    figures = []
    async with open_town(session.root, count, channels=20, roles=15) as town:
        environ = {**os.environ, **town.environ}
        async with child("bench.gateway_child", session.root, environ=environ) as process:
            bare = await resident(process.pid)
        for kind in STORES:
            place = session.places.new(kind)
            await place.configure(town.settings())
            ours = await of_bot(town, place)
            figures.append(
                Figure(
                    "8",
                    f"{kind}: resident memory with {count} servers of 20 channels and 15 roles",
                    f"<= {MORE:.0f} MB above bare hikari",
                    f"{ours:.1f} MB = {ours - bare:+.1f} MB = {ours / bare:.2f} x {bare:.1f} MB",
                    ours - bare <= MORE,
                    {"resident": ours, "bare_resident": bare, "more": ours - bare},
                )
            )
    return figures


async def of_bot(town: Town, place: Place, **more: str) -> float:
    """The memory of `giftbot run` itself, with these settings besides."""
    environ = {**os.environ, **town.environ, **place.environ, "LOG_LEVEL": "INFO", **more}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "giftbot", "run", env=environ, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    words: list[bytes] = []
    reading = asyncio.create_task(_read(process.stderr, words))
    try:
        megabytes = await resident(process.pid)
        if process.returncode is not None or not any(b"ready" in line for line in words):
            raise ChildProcessError(b"".join(words).decode())
        return megabytes
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


async def _read(stream: asyncio.StreamReader, lines: list[bytes]) -> None:
    async for line in stream:
        lines.append(line)  # noqa: PERF401 - the caller looks at the list meanwhile


async def resident(pid: int) -> float:
    """Megabytes, once they grow no more."""
    process = psutil.Process(pid)
    before, now = 0.0, 1.0
    await asyncio.sleep(3.0)
    while now - before > _SETTLED:
        await asyncio.sleep(2.0)
        before, now = now, process.memory_info().rss / 1e6
    return now

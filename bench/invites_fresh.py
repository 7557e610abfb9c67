"""Figure 16: how soon a change is in the JSON copy, and in the cloud service of another process."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bench.figures import Figure, median, ms
from bench.invites_joins import CODES, EVENTS, REQUESTS, WITH_INVITES
from bench.link import Child
from bench.places import STORES
from bench.session import Session
from bench.town import Town, open_town
from giftbot.stores.copy_file import COPY_NAME

FILE, CLOUD = 2.0, 5.0
"""Seconds."""
SECRET = secrets.token_hex(32)
PATIENCE = 30.0


async def measure(session: Session) -> list[Figure]:
    """Figure 16, on both stores."""
    changes = 3 if session.quick else 10
    figures = []
    for kind in STORES:
        place = session.places.new(kind)
        copies = place.directory.with_suffix(".copies")
        async with _service(copies) as address, open_town(session.root, 1) as town:
            await place.configure(town.settings())
            house = await town.process.ask("house", codes=CODES, markers=False)
            await town.process.ask("lag", events=EVENTS, requests=REQUESTS)
            environ = {"CLOUD_API_URL": address, "CLOUD_API_TOKEN": SECRET, **WITH_INVITES}
            async with town.bot(place, **environ) as bot:
                await bot.ask("looked", guild=house["guild"])
                seen = [await _seen(town, bot, house["guild"], place.directory, copies) for _ in range(changes)]
        figures += [
            _figure(f"{kind}: from a decided join to the JSON copy", FILE, [file for file, _ in seen]),
            _figure(f"{kind}: from a decided join to the cloud service", CLOUD, [cloud for _, cloud in seen]),
        ]
    return figures


async def _seen(town: Town, bot: Child, guild: int, local: Path, copies: Path) -> tuple[float, float]:
    """Let somebody join; after how many seconds the file, and the cloud service, have what was decided."""
    came = await town.process.ask("arrive", guild=guild, count=1, rate=10.0)
    (user,) = came["users"]
    file, cloud = await asyncio.gather(_appeared(local, COPY_NAME, user), _appeared(copies, "*.json", user))
    (decided,) = (await bot.ask("changes", users=[user]))["moments"]
    return file - decided, cloud - decided


async def _appeared(directory: Path, pattern: str, user: int) -> float:
    """When some file there held that person, on the monotonic clock."""
    wanted, deadline = str(user).encode(), time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if await asyncio.to_thread(_holds, directory, pattern, wanted):
            return time.monotonic()
        await asyncio.sleep(0.01)
    raise TimeoutError(f"{user} is not in {directory.name}/{pattern} after {PATIENCE:g} s")


def _holds(directory: Path, pattern: str, wanted: bytes) -> bool:
    return any(wanted in path.read_bytes() for path in sorted(directory.glob(pattern), reverse=True)[:1])


def _figure(name: str, target: float, seconds: list[float]) -> Figure:
    words = f"{ms(max(seconds))} at most, {ms(median(seconds))} as a rule, of {len(seconds)}"
    return Figure("16", name, f"<= {ms(target)}", words, max(seconds) <= target, {"slowest": max(seconds)})


@asynccontextmanager
async def _service(directory: Path) -> AsyncIterator[str]:
    """`giftbot cloud` on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = directory.with_suffix(".log")
    with log.open("wb") as words:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "giftbot", "cloud", "--port", str(port), "--dir", str(directory)),
            env={**os.environ, "CLOUD_API_TOKEN": SECRET, "DISCORD_TOKEN": "none"},
            stdout=words,
            stderr=words,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        await _answers(f"{address}/health", process, log)
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answers(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    async with aiohttp.ClientSession() as session:
        while process.returncode is None and time.monotonic() < deadline:
            try:
                async with session.get(url):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    raise ChildProcessError(await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace"))

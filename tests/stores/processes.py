"""Processes of their own that write to a store until they, or the server, are killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]

_PROGRAM = """
import asyncio, sys, structlog
from pathlib import Path
from giftbot.stores.mongo.store import open_mongo
from giftbot.stores.sqlite.store import open_sqlite
from tests.stores.build import claim, row

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

def opened(place, name):
    return open_mongo(place, name) if place.startswith("mongodb:") else open_sqlite(Path(place))

async def write(store):
    for number in range(100_000):
        assert await store.enqueue([row(f"CODE{number}")]) == 1
        print(number, flush=True)

async def claim_all(store, owner):
    while claims := await claim(store, owner, limit=5):
        for item in claims:
            print(item.anchor.announcement_id, flush=True)

async def main(place, name, what, *arguments):
    async with opened(place, name) as store:
        await {"write": write, "claim": claim_all}[what](store, *arguments)

asyncio.run(main(*sys.argv[1:]))
"""


@asynccontextmanager
async def process(
    place: str, name: str, *arguments: str
) -> AsyncIterator[tuple[Callable[[], None], asyncio.StreamReader]]:
    """A process on the store at `place` (a file or a URI); how to kill it, and what it prints."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", _PROGRAM, place, name, *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert child.stdout is not None
    try:
        yield child.kill, child.stdout
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def written_until_killed(place: str, name: str, count: int, kill: Callable[[], None] | None = None) -> int:
    """Let a process enqueue CODE0, CODE1, ... and kill it (or whatever `kill` does) after `count`.

    The number of the last row that it told of.
    """
    async with process(place, name, "write") as (kill_process, output):
        last = -1
        while last < count:
            last = int(await output.readline())
        (kill or kill_process)()
        rest = await output.read()
    return max([last, *map(int, rest.split(b"\n")[:-1])])

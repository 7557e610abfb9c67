"""A process that holds a data directory, as a bot does."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.ops.runs import clean_environ

_SCRIPT = """
import sys
from pathlib import Path
from giftbot.stores.directory import lock_directory
with lock_directory(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@asynccontextmanager
async def held_by_another(directory: Path) -> AsyncIterator[int]:
    """Let another process hold the directory for the block; its id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _SCRIPT,
        str(directory),
        env={**clean_environ(), "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"
    try:
        yield process.pid
    finally:
        await process.communicate(b"")

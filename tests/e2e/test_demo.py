"""`giftbot demo`, as a newcomer runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from giftbot.sandbox.pulse import PATIENCE

AMID = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    "MONGO_URI": "mongodb://127.0.0.1:1/",
    "COLUMNS": "200",
}
"""Settings that must not disturb the demo."""


async def start(directory: Path, *options: str) -> asyncio.subprocess.Process:
    """Start the demo in an empty directory, with settings in the environment that must not disturb it."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "giftbot",
        "demo",
        *options,
        cwd=directory,
        env=AMID,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def left_behind(directory: Path) -> list[Path]:
    """What the demo left where it was started."""
    return list(directory.iterdir())


async def test_the_demo_tells_its_story_within_45_seconds_and_nothing_is_posted_twice(tmp_path: Path) -> None:
    """Servers configure themselves, a source fails and returns, the bot is killed: exit code 0, a summary.

    It loses its disk, too. Members come by invites, and what the bot says of them is compared with what happened.
    """
    demo = await start(tmp_path)
    printed, _ = await asyncio.wait_for(demo.communicate(), 2 * PATIENCE)
    told = printed.decode()
    assert demo.returncode == 0, told
    assert "Posted twice: 0. Missing: 0." in told
    assert "Redeemed twice: 0. Missing: 0." in told
    assert "Wrong at level 3 or more: 0. Joins lost: 0." in told
    assert "TUNDRA8: finished" in told
    assert "Counted (4 of 5)" in told
    assert "4 have Ada's role; of 8 the bot names the inviters in question" in told
    assert "all 18 joins are known, with the two that the bot did not see" in told
    assert "stats: Ada: 6 members (6 joins) · 6 still here · 1 VIP" in told
    assert "SIGKILL" in told
    assert "<t:" not in told
    assert "503" in told
    assert left_behind(tmp_path) == []


async def test_with_keep_it_goes_on_until_it_is_interrupted(tmp_path: Path) -> None:
    """After the story it says how to look at the data, waits for Ctrl-C, and ends without a traceback."""
    demo = await start(tmp_path, "--keep")
    assert demo.stdout is not None
    told = b""
    async with asyncio.timeout(2 * PATIENCE):
        while b"Still running" not in told:
            told += await demo.stdout.readline()
    line = next(line for line in told.decode().splitlines() if line.endswith(" ops inspect joins)"))
    looking = await asyncio.create_subprocess_shell(
        line, cwd=tmp_path, env=AMID, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    seen, _ = await asyncio.wait_for(looking.communicate(), PATIENCE)
    assert looking.returncode == 0, seen.decode()
    assert "No such joins" not in seen.decode()
    demo.send_signal(signal.SIGINT)
    rest, _ = await asyncio.wait_for(demo.communicate(), PATIENCE)
    assert b"Traceback" not in rest

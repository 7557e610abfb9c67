"""`giftbot cloud`, as users run it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from pathlib import Path

import pytest
from yarl import URL

from giftbot.cloud.client import CloudClient
from giftbot.services.invites.ports import Copy
from tests.services.invites.copying import T0, TOKEN


async def _start(directory: Path, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CLOUD_", "GIFTBOT_", "LOG_"))
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "giftbot",
        "cloud",
        *arguments,
        env={**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_keeps_copies_until_it_is_stopped(tmp_path: Path) -> None:
    """A copy comes back from a second life of it; SIGTERM ends it well, and no log has the token."""
    copy = Copy("a", 1, T0, {"giftbot_invites": {}})
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    for life in (1, 2):
        process = await _start(tmp_path, "--port", "0", "--dir", "kept", CLOUD_API_TOKEN_FILE="token")
        assert process.stderr is not None
        try:
            async with asyncio.timeout(20):
                line = (await process.stderr.readline()).decode()
            match = re.search(r"address=(http://\S+)", line)
            assert match is not None, line
            client = CloudClient(URL(match[1]), token=TOKEN, aside=None)
            if life == 1:
                await client.write(copy)
            assert await client.read() == copy
            await client.aclose()
        finally:
            process.send_signal(signal.SIGTERM)
            _, log = await process.communicate()
        assert process.returncode == 0
        assert TOKEN not in line + log.decode()
    assert len(list((tmp_path / "kept").glob("*.json"))) == 1


@pytest.mark.parametrize("token", ["", "short"])
async def test_it_does_not_start_without_a_token(tmp_path: Path, token: str) -> None:
    """One sentence that names the setting, and no traceback."""
    process = await _start(tmp_path, "--port", "0", CLOUD_API_TOKEN=token)
    _, err = await process.communicate()
    assert process.returncode == 78
    assert b"CLOUD_API_TOKEN is to have at least 16 characters" in err
    assert b"Traceback" not in err

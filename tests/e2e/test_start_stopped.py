"""Stopping the real process while it still starts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from giftbot.sandbox import FaultKind, Sandbox
from giftbot.sandbox.child import BotProcess
from giftbot.sandbox.pulse import PATIENCE

AT_ONCE = 5.0
"""Seconds: below those that a request to Discord, or hikari for its gateway, may take."""


@attrs.frozen
class Silence:
    """A server that accepts connections, and says nothing."""

    address: str
    called: asyncio.Event


@pytest.fixture
async def silence() -> AsyncIterator[Silence]:
    """Somebody who never answers."""
    called, over = asyncio.Event(), asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        await over.wait()
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0)
    yield Silence(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", called)
    over.set()
    server.close()


@pytest.mark.parametrize("silent", ["gateway", "api"])
async def test_sigterm_ends_a_start_that_hangs(
    sandbox: Sandbox, tmp_path: Path, silence: Silence, silent: str
) -> None:
    """Discord accepts the connection and says nothing: exit code 0 at once, and nothing is left open."""
    environ = BotProcess(sandbox, tmp_path).environ
    if silent == "api":
        environ["DISCORD_API_URL"] = f"http://{silence.address}/api/v10"
    else:
        limits = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        body = {"url": f"ws://{silence.address}", "shards": 1, "session_start_limit": limits}
        sandbox.faults.add(kind=FaultKind.STATUS, route="/gateway/bot", status=200, body=body, times=None)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "giftbot",
        "run",
        cwd=tmp_path,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        await asyncio.wait_for(silence.called.wait(), PATIENCE)
        process.terminate()
        printed, _ = await asyncio.wait_for(process.communicate(), AT_ONCE)
    finally:
        if process.returncode is None:
            process.kill()
    log = printed.decode()
    assert process.returncode == 0, log
    assert "stopped while starting" in log
    assert "Traceback" not in log
    if silent == "api":  # a gateway connection that is being made hikari leaves to the garbage collector
        assert "Unclosed" not in log
    assert "never retrieved" not in log

"""The bot in a process of its own, which can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from giftbot.sandbox.server import Sandbox

COMMANDS = "/applications/{application_id}/commands"
READY_WITHIN = 20.0
"""Seconds."""
_OURS = ("DISCORD_", "GIFTBOT_", "GIFTCODE_", "GAME", "MONGO_", "CLOUD_", "LOG_", "POST_", "INVITE_", "HEALTH_")


class BotProcess:
    """`giftbot run` against a sandbox: start it, stop it, kill it, start it again on the same data."""

    def __init__(self, sandbox: Sandbox, directory: Path, *, time_scale: float = 1.0, **environ: str) -> None:
        """Take an empty `directory` for its data and log; `environ` adds settings."""
        self._sandbox = sandbox
        self._directory = directory
        self._time_scale = time_scale
        self._more = environ
        self._process: asyncio.subprocess.Process | None = None
        self.log = directory / "bot.log"
        self.data = directory / "data"

    @property
    def environ(self) -> dict[str, str]:
        """This process's environment without its own settings, plus those that lead to the sandbox."""
        others = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        return others | self.settings

    @property
    def settings(self) -> dict[str, str]:
        """The settings that lead to the sandbox, as environment variables."""
        sources = self._sandbox.sources
        return {
            "DISCORD_TOKEN": self._sandbox.token,
            "DISCORD_API_URL": self._sandbox.api_url,
            "GIFTBOT_DATA_DIR": str(self.data),
            "GIFTBOT_ALLOW_PRIVATE_URLS": "true",
            "GIFTCODE_JSON_URL": sources.json_url,
            "GIFTCODE_RSS_URL": sources.rss_url,
            "GIFTCODE_PAGE_URL": sources.page_url,
            "GIFTCODE_CHECK_INTERVAL": "1",
            "GAME_API_URL": self._sandbox.game.url,
            **self._more,
        }

    async def start(self) -> None:
        """Start it, and return when it has declared its commands. Raises `OSError` when it ends before that."""
        declared = self._sandbox.requests.count(method="PUT", route=COMMANDS)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "giftbot",
                "run",
                "--time-scale",
                str(self._time_scale),
                env=self.environ,
                cwd=self._directory,
                stdout=log,
                stderr=log,
            )
        ended = asyncio.create_task(self._process.wait())
        ready = asyncio.create_task(
            self._sandbox.requests.wait(declared + 1, method="PUT", route=COMMANDS, timeout=READY_WITHIN)
        )
        await asyncio.wait([ended, ready], return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            raise ChildProcessError(f"the bot ended with exit code {self._process.returncode}")
        ended.cancel()
        await ready

    @property
    def pid(self) -> int:
        """Its process id. Raises `RuntimeError` when it was not started."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    async def wait(self) -> int:
        """Its exit code, once it ended by itself."""
        if self._process is None:
            raise RuntimeError("not started")
        return await self._process.wait()

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL)."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def stop(self) -> int | None:
        """End it in good order (SIGTERM); its exit code, None if it never ran."""
        if self._process is None:
            return None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        return await self._process.wait()

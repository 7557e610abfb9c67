"""Running `ops`: in this process, or as users do."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import attrs
import structlog
from typer.testing import CliRunner

from giftbot.sandbox import Sandbox
from ops.__main__ import app

OURS = ("CLOUD_", "DISCORD_", "GIFTBOT_", "GIFTCODE_", "GAME", "MONGO_", "LOG_", "POST_")
"""Variables that are settings begin with these."""
ALONE = {
    "GIFTCODE_JSON_URL": "off",
    "GIFTCODE_RSS_URL": "off",
    "GIFTCODE_PAGE_URL": "off",
    "GAME_API_URL": "https://game.invalid/api",
}
"""Settings without any source and with a game that does not exist, so that no test asks a real one."""


@attrs.frozen
class Run:
    """What a run of `ops` gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document

    @property
    def lines(self) -> list[str]:
        """Standard output, line by line, each run of spaces as one."""
        return [" ".join(line.split()) for line in self.out.splitlines()]


def clean_environ() -> dict[str, str]:
    """This process's environment without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def run_here(environ: dict[str, str], *arguments: str, answer: str | None = None) -> Run:
    """Run a command in this process; `answer` is what is typed."""
    unset = {name: None for name in os.environ if name.startswith(OURS)}
    try:
        result = CliRunner().invoke(app, arguments, input=answer, env={**unset, **environ})
    finally:
        structlog.reset_defaults()  # the command sent the log to a file of its own
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Run(result.exit_code, result.stdout, result.stderr)


async def run_ops(environ: dict[str, str], *arguments: str, directory: Path | None = None) -> Run:
    """Run a command as users do, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error::ResourceWarning",
        "-m",
        "ops",
        *arguments,
        env={**clean_environ(), "PYTHONPATH": str(Path(__file__).parents[2]), **environ},
        cwd=directory,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return Run(process.returncode or 0, out.decode(), err.decode())


def environ_of(sandbox: Sandbox, directory: Path) -> dict[str, str]:
    """Settings that lead to a sandbox, with data in this directory."""
    return {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "GIFTBOT_DATA_DIR": str(directory),
        "GIFTBOT_ALLOW_PRIVATE_URLS": "true",
        "GIFTCODE_JSON_URL": sandbox.sources.json_url,
        "GIFTCODE_RSS_URL": sandbox.sources.rss_url,
        "GIFTCODE_PAGE_URL": sandbox.sources.page_url,
        "GAME_API_URL": sandbox.game.url,
    }

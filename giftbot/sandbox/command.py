"""Runs a sandbox until it is told to stop, for people who want to try the bot without a Discord."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from giftbot.errors import InvalidInputError
from giftbot.sandbox.console import Console
from giftbot.sandbox.limits import Limits
from giftbot.sandbox.permissions import BOT, parse
from giftbot.sandbox.server import Sandbox
from giftbot.sandbox.watch import Watch

_MARK = "# Written by giftbot sandbox, for one run of it."
"""The first line of a file of settings that may be replaced."""
_PERMISSIONS = BOT | parse("MANAGE_GUILD|VIEW_AUDIT_LOG|CREATE_INSTANT_INVITE|MANAGE_ROLES|MANAGE_CHANNELS")
"""What the bot may do in each server: all that it has a use for."""


def environment(sandbox: Sandbox) -> dict[str, str]:
    """Return the variables by which a bot finds the sandbox."""
    return {
        "DISCORD_API_URL": sandbox.api_url,
        "DISCORD_TOKEN": sandbox.token,
        "GIFTCODE_JSON_URL": sandbox.sources.json_url,
        "GIFTCODE_RSS_URL": sandbox.sources.rss_url,
        "GIFTCODE_PAGE_URL": sandbox.sources.page_url,
        "GIFTCODE_API_URL": sandbox.sources.api_url,
        "GIFTCODE_API_KEY": sandbox.sources.api_key,
        "GAME_API_URL": sandbox.game.url,
        "GIFTBOT_ALLOW_PRIVATE_URLS": "true",
    }


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Write settings for their owner alone, in place of those of an earlier sandbox.

    Raises `InvalidInputError` for a file that no sandbox wrote, or that cannot be written.
    """
    try:
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(_MARK):
            raise InvalidInputError(f"{path} exists, and is not of an earlier sandbox. Name another file.")
        beside = path.with_name(f"{path.name}.part")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in [_MARK, *_lines(settings)])
        beside.replace(path)
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}.") from None


async def serve(
    *,
    port: int = 8090,
    spec: Path | None = None,
    guilds: int = 3,
    codes: Sequence[str] = (),
    limits: Limits | None = None,
    env_file: Path | None = None,
    typed: AsyncIterator[str] | None = None,
    say: Callable[[str], object] = print,
    stopped: asyncio.Event | None = None,
) -> None:
    """Serve so many guilds and list these codes until SIGINT or SIGTERM, or until `stopped` is set.

    The lines of the bot's environment are said first, or written to `env_file`. `typed` lines are carried out,
    and messages said, as long as there are any. Findings when they occur are said at the end. Raises
    `InvalidInputError` when the file cannot be written, `OSError` when the port cannot be used.
    """
    stop = stopped or asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ending, stop.set)
    try:
        async with Sandbox(port=port, spec=spec, limits=limits, privileged=["GUILD_MEMBERS"]) as sandbox:
            for number in range(1, guilds + 1):
                sandbox.world.add_guild(f"Server {number}", members=3, bot_permissions=_PERMISSIONS)
            for code in codes:
                sandbox.sources.publish(code)
            if env_file is not None:
                write_settings(env_file, environment(sandbox))
                say(f"The settings that lead here are in {env_file}.")
            else:
                for line in _lines(environment(sandbox)):
                    say(line)
            await _serve(sandbox, typed, say, stop)
            for finding in sandbox.findings:
                say(f"finding: {finding}")
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(ending)


async def _serve(
    sandbox: Sandbox, typed: AsyncIterator[str] | None, say: Callable[[str], object], stop: asyncio.Event
) -> None:
    if typed is None:
        await stop.wait()
        return
    sandbox.world.listener = Watch(sandbox.world, sandbox.gateway, say)
    say("Messages appear here. Type help for what people can do.")
    console = asyncio.create_task(_converse(Console(sandbox, say), typed, stop))
    await stop.wait()
    console.cancel()
    [result] = await asyncio.gather(console, return_exceptions=True)
    if isinstance(result, Exception):
        raise result


async def _converse(console: Console, typed: AsyncIterator[str], stop: asyncio.Event) -> None:
    """Carry out what is typed. When it ends, the sandbox goes on; on `quit`, or by an error, it ends."""
    try:
        async for line in typed:
            if not await console.carry_out(line):
                stop.set()
    except BaseException:
        stop.set()
        raise


def _lines(settings: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in settings.items()]

"""Runs a sandbox until it is told to stop, for people who want to try the bot without a Discord."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from giftbot.sandbox.limits import Limits
from giftbot.sandbox.server import Sandbox


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


async def serve(
    *,
    port: int = 8090,
    spec: Path | None = None,
    guilds: int = 3,
    codes: Sequence[str] = (),
    limits: Limits | None = None,
    say: Callable[[str], object] = print,
    stopped: asyncio.Event | None = None,
) -> None:
    """Serve so many guilds and list these codes until SIGINT or SIGTERM, or until `stopped` is set.

    The lines of the bot's environment are said first, findings when they occur are said at the end.
    """
    stop = stopped or asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ending, stop.set)
    try:
        async with Sandbox(port=port, spec=spec, limits=limits) as sandbox:
            for number in range(1, guilds + 1):
                sandbox.world.add_guild(f"Server {number}", members=3)
            for code in codes:
                sandbox.sources.publish(code)
            for name, value in environment(sandbox).items():
                say(f"{name}={value}")
            await stop.wait()
            for finding in sandbox.findings:
                say(f"finding: {finding}")
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(ending)

"""A sandbox, and real hikari bots that connect to it over sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import hikari
import pytest

from giftbot.sandbox import Sandbox
from giftbot.sandbox.nouns import Channel

Connect = Callable[..., Awaitable[hikari.GatewayBot]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Starts unmodified bots against a sandbox and closes them after the test."""
    async with AsyncExitStack() as stack:

        async def start(
            sandbox: Sandbox, *, intents: hikari.Intents = hikari.Intents.GUILDS, **options: object
        ) -> hikari.GatewayBot:
            bot = hikari.GatewayBot(
                sandbox.token,
                rest_url=sandbox.api_url,
                banner=None,
                logs=None,
                intents=intents,
                auto_chunk_members=False,
                force_color=False,
                max_retries=0,
            )
            stack.push_async_callback(_close, bot)
            await bot.start(check_for_updates=False, **options)  # type: ignore[arg-type]  # passed through
            return bot

        yield start


@pytest.fixture
def channel(sandbox: Sandbox) -> Channel:
    """A channel the bot may write to."""
    return sandbox.world.add_guild().channel("codes")


async def _close(bot: hikari.GatewayBot) -> None:
    if bot.is_alive:
        await bot.close()

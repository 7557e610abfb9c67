"""A REST client on the sandbox, without a gateway connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs
import hikari
import pytest
from hikari.impl import RESTApp

from giftbot.discord.announcer import DiscordAnnouncer
from giftbot.discord.channels import DiscordChannels
from giftbot.sandbox import Limits, Sandbox


@attrs.frozen
class Rest:
    """The adapters over one REST client."""

    client: hikari.api.RESTClient
    channels: DiscordChannels
    announcer: DiscordAnnouncer


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A Discord without limits."""
    async with Sandbox(limits=Limits.none()) as opened:
        yield opened


@pytest.fixture
async def rest(sandbox: Sandbox) -> AsyncIterator[Rest]:
    """The adapters, as the bot makes them."""
    app = RESTApp(max_retries=0, url=sandbox.api_url)
    await app.start()
    async with app.acquire(sandbox.token, hikari.TokenType.BOT) as client:
        application_id = sandbox.world.application.id
        channels = DiscordChannels(client, application_id)
        yield Rest(client, channels, DiscordAnnouncer(client, channels, application_id))
    await app.close()

"""A sandbox with a server and its admin, and the real bot to put on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from giftbot.app import open_services
from giftbot.bot import ServicesOpener, run_bot
from giftbot.models.times import PostingTimes
from giftbot.sandbox import Actor, Answer, Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from giftbot.settings import Settings, load_settings

COMMANDS = "/applications/{application_id}/commands"
MESSAGES = "/channels/{channel_id}/messages"
NEEDED = [
    ("VIEW_CHANNEL", "View Channel"),
    ("SEND_MESSAGES", "Send Messages"),
    ("EMBED_LINKS", "Embed Links"),
    ("READ_MESSAGE_HISTORY", "Read Message History"),
]
"""Permissions that the bot needs in a channel, and their names for users."""
FAST = 1 / 20
"""How much faster than in production the posting protocol runs, unless a test says otherwise."""


@attrs.define
class Stage:
    """One server with a channel for codes and an admin; more of them on demand."""

    sandbox: Sandbox
    directory: Path
    environ: dict[str, str] = attrs.Factory(dict)

    def settings(self, **more: str) -> Settings:
        """Settings that lead to the sandbox."""
        sources = self.sandbox.sources
        return load_settings(
            {
                "DISCORD_TOKEN": self.sandbox.token,
                "DISCORD_API_URL": self.sandbox.api_url,
                "GIFTBOT_DATA_DIR": str(self.directory),
                "GIFTBOT_ALLOW_PRIVATE_URLS": "true",
                "GIFTCODE_JSON_URL": sources.json_url,
                "GIFTCODE_RSS_URL": sources.rss_url,
                "GIFTCODE_PAGE_URL": sources.page_url,
                "GIFTCODE_CHECK_INTERVAL": "1",
                "GAME_API_URL": self.sandbox.game.url,
                **self.environ,
                **more,
            },
            directory=self.directory,
        )

    @asynccontextmanager
    async def bot(
        self, *, scale: float = FAST, opener: ServicesOpener = open_services, **more: str
    ) -> AsyncIterator[asyncio.Task[None]]:
        """The bot, from ready to a clean end. `opener` may put something between the services and the outside."""
        declared = self.sandbox.requests.count(method="PUT", route=COMMANDS)
        stop = asyncio.Event()
        running = asyncio.create_task(
            run_bot(self.settings(**more), times=PostingTimes().scaled(scale), stop=stop, opener=opener)
        )
        ready = asyncio.create_task(self.sandbox.requests.wait(declared + 1, method="PUT", route=COMMANDS))
        await asyncio.wait([running, ready], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            ready.cancel()
            running.result()
        try:
            yield running
        finally:
            stop.set()
            await running

    def add_server(self, name: str = "guild") -> tuple[Guild, Channel, Actor]:
        """A server with a channel for codes, and its admin."""
        guild = self.sandbox.world.add_guild(name)
        admin = self.sandbox.user(guild, name=f"admin of {name}", permissions="MANAGE_GUILD")
        channel = next(one for one in guild.channels.values() if one.name == "codes")
        return guild, channel, admin

    async def panel(self, admin: Actor, words: str) -> Answer:
        """The settings panel, once it shows these words; what it shows may lag behind what people were told."""
        async with asyncio.timeout(PATIENCE):
            panel = await admin.command("giftcodesettings")
            while words not in panel.text:
                panel = await admin.command("giftcodesettings")
        return panel

    async def configure(self, admin: Actor, channel: Channel, *, backfill: str | None = None) -> Answer:
        """Choose the channel in the panel, as an admin does."""
        panel = await admin.command("giftcodesettings")
        await panel.select("set-channel:", [channel.id])
        await panel.shows(f"<#{channel.id}>")
        if backfill is not None:
            await panel.press(backfill)
        return panel

"""hikari alone: `python -m bench.raw_child [--kept]`. Sends the bot's messages without the bot.

With --kept it keeps its connections as the bot does; else it is hikari as it comes.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import hikari
from hikari.impl import HTTPSettings, HTTPTimeoutSettings

from bench.lateness import Probe, probing
from bench.link import serve
from bench.town import active_code
from giftbot.connection import HTTP_SETTINGS, LONGEST_WAIT, REQUEST_TIMEOUT
from giftbot.discord.messages import embeds_of, mention_of, post_buttons
from giftbot.models.announcement import derive_nonce, derive_reference
from giftbot.models.ids import GuildId
from giftbot.models.post import Post
from giftbot.sandbox.payload import Payload
from giftbot.services.posts import compose

Message = tuple[int, Post, str]
"""Channel, text and nonce, made before the clock starts."""


def _messages(name: str, places: list[tuple[int, int]]) -> list[Message]:
    now, code = datetime.now(UTC), active_code(name)
    found = []
    for guild_id, channel_id in places:
        nonce = derive_nonce(0, GuildId(guild_id), 0, [f"{code.key}@0"])
        post = compose([code], derive_reference(nonce), now)
        assert mention_of(post) is hikari.UNDEFINED
        found.append((channel_id, post, nonce))
    return found


class Raw:
    """A bare REST client."""

    def __init__(self, rest: hikari.api.RESTClient, probe: Probe) -> None:
        self._rest = rest
        self._probe = probe

    async def send(self, wanted: Payload) -> Payload:
        """Send a code to every place, so many messages at once; the first one alone (see reference/frameworks)."""
        messages = _messages(wanted["code"], wanted["places"])
        self._probe.take()
        cpu, began = time.process_time(), time.monotonic()
        await self._one(messages[0])
        waiting = iter(messages[1:])
        await asyncio.gather(*(self._some(waiting) for _ in range(wanted["concurrency"])))
        return {
            "seconds": time.monotonic() - began,
            "cpu": time.process_time() - cpu,
            "late": self._probe.take(),
        }

    async def _some(self, messages: Iterator[Message]) -> None:
        for message in messages:
            await self._one(message)

    async def _one(self, message: Message) -> None:
        channel_id, post, nonce = message
        await self._rest.create_message(
            channel_id,
            embeds=embeds_of(post.pages),
            components=post_buttons(post.reference),
            nonce=nonce,
            mentions_everyone=False,
            user_mentions=False,
            role_mentions=False,
        )


async def main() -> None:
    """Work until standard input is closed."""
    as_it_comes = HTTPSettings(timeouts=HTTPTimeoutSettings(total=REQUEST_TIMEOUT))
    app = hikari.RESTApp(
        http_settings=HTTP_SETTINGS if "--kept" in sys.argv else as_it_comes,
        max_rate_limit=LONGEST_WAIT,
        max_retries=0,
        url=os.environ["DISCORD_API_URL"],
    )
    await app.start()
    try:
        async with probing() as probe, app.acquire(os.environ["DISCORD_TOKEN"], "Bot") as rest:
            raw = Raw(rest, probe)
            await serve({"send": raw.send})
    finally:
        await app.close()


if __name__ == "__main__":
    asyncio.run(main())

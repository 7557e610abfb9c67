"""One case: a Discord, servers that want codes, a place for the data, and bots that start and die there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime

import attrs

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.models.times import PostingTimes
from giftbot.sandbox import Limits, Sandbox, text_of
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.ports import Store
from tests.crash.orders import Orders, Outage, Point
from tests.crash.places import Place
from tests.crash.processes import Bot

SCALE = 1 / 30
"""How much faster than in production the protocol runs."""
TIMES = PostingTimes().scaled(SCALE)
ROOM = 1.5
"""Protocol windows for which the sandbox knows a nonce: the protocol relies on one, and a busy machine is late."""
HISTORY_DELAY = 0.5 * TIMES.grace
"""Seconds after which a message shows up in the channel's history."""
COMMANDS = "/applications/{application_id}/commands"
LOOK = 0.1
"""Seconds between two looks into the store."""


RowsCondition = Callable[[list[Announcement]], bool]
"""Says of the outbox whether it is as wanted."""


@attrs.define
class Case:
    """Everything of one case. Open it with `open_case`."""

    sandbox: Sandbox
    place: Place
    store: Store
    guilds: list[Guild]
    channels: list[Channel]
    codes: tuple[str, ...]
    scale: float
    """How much faster than in production its bots run, unless they are told otherwise."""
    bots: list[Bot] = attrs.Factory(list)
    settings: dict[str, str] = attrs.Factory(dict)
    """What its bots are set to besides."""

    def start(
        self,
        point: Point | None = None,
        *,
        outages: Iterable[Outage] = (),
        mutant: str | None = None,
        directory: str = "",
        scale: float | None = None,
        hold_scale: float = 1.0,
        errands: Iterable[str] = (),
        **environ: str,
    ) -> Bot:
        """Start a bot. `directory` gives a second one, on the same database, data of its own."""
        place = attrs.evolve(self.place, directory=self.place.directory / directory)
        place.directory.mkdir(exist_ok=True)
        orders = Orders(
            environ={**self._environ, **self.settings, **place.environ, **environ},
            directory=place.directory,
            scale=scale or self.scale,
            point=point,
            outages=tuple(outages),
            mutant=mutant,
            hold_scale=hold_scale,
            errands=tuple(errands),
        )
        self.bots.append(Bot(orders).start())
        return self.bots[-1]

    async def ready(self, bot: Bot, declared: int) -> None:
        """Wait until it has declared its commands, once more than `declared` times; also until it has ended."""
        ended = asyncio.create_task(bot.ended())
        asked = self.sandbox.requests.wait(declared + 1, method="PUT", route=COMMANDS, timeout=PATIENCE)
        ready = asyncio.create_task(asked)
        await asyncio.wait([ended, ready], return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, ready):
            task.cancel()
        await asyncio.gather(ended, ready, return_exceptions=True)

    @property
    def declared(self) -> int:
        """How often bots have declared their commands."""
        return self.sandbox.requests.count(method="PUT", route=COMMANDS)

    @property
    def _environ(self) -> dict[str, str]:
        return {
            "DISCORD_TOKEN": self.sandbox.token,
            "DISCORD_API_URL": self.sandbox.api_url,
            "GIFTBOT_ALLOW_PRIVATE_URLS": "true",
            "GIFTCODE_JSON_URL": self.sandbox.sources.json_url,
            "GIFTCODE_RSS_URL": "off",
            "GIFTCODE_PAGE_URL": "off",
            "GIFTCODE_CHECK_INTERVAL": "1",
            "GAME_API_URL": self.sandbox.game.url,
            "LOG_LEVEL": "DEBUG",
        }

    def publish(self) -> None:
        """Let the source list the case's codes."""
        for code in self.codes:
            self.sandbox.sources.publish(code, on=("json",))

    async def rows(self) -> list[Announcement]:
        """The outbox as it is."""
        return await self.store.list_announcements(limit=1000)

    async def settled(
        self, timeout: float = PATIENCE, *, state: AnnouncementState = AnnouncementState.SENT
    ) -> bool:
        """Wait until every code is marked, with its message, in every server; whether that happened in time."""
        return await self.until_rows(
            lambda rows: (
                len(rows) == self.expected
                and all(
                    row.state is state and (row.message_id or state is not AnnouncementState.SENT) for row in rows
                )
            ),
            timeout,
        )

    async def until_rows(self, condition: RowsCondition, timeout: float = PATIENCE) -> bool:
        """Look at the outbox until it is as wanted; whether that happened in time."""
        deadline = time.monotonic() + timeout
        while not condition(await self.rows()):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK)
        return True

    @property
    def expected(self) -> int:
        """How many (server, code) there are."""
        return len(self.channels) * len(self.codes)

    async def outlive_window(self) -> None:
        """Let the time pass in which the protocol trusts in nonces, and let Discord forget all of them."""
        await asyncio.sleep(PostingTimes().scaled(self.scale).window + 0.1)
        store = self.sandbox.world.store
        kept, store.nonce_window = store.nonce_window, 0.0
        store.seen_nonce(self.sandbox.world.bot, "")  # drops what is too old
        store.nonce_window = kept

    def shown(self) -> dict[tuple[int, str], int]:
        """In how many messages each code stands in each server's channel."""
        return {
            (number, code): sum(
                f"\n{code}\n" in text_of(message) for message in self.sandbox.world.messages(channel)
            )
            for number, channel in enumerate(self.channels)
            for code in self.codes
        }

    async def problems(self) -> list[str]:
        """What is wrong in the end; nothing when each code stands exactly once in each server's channel."""
        wrong = [
            f"{'lost' if count == 0 else f'{count} times'}: {code} in server {number}"
            for (number, code), count in self.shown().items()
            if count != 1
        ]
        states = [f"{row.announcement_id} {row.state}" for row in await self.rows() if row.message_id is None]
        return wrong + [f"without message: {row}" for row in states]


@asynccontextmanager
async def open_case(place: Place, *, servers: int, codes: int, scale: float = SCALE) -> AsyncIterator[Case]:
    """A sandbox with configured servers and listed codes. Ends every bot that was started."""
    place.directory.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        window = ROOM * PostingTimes().scaled(scale).window
        sandbox = Sandbox(limits=Limits.none(), nonce_window=window, history_delay=HISTORY_DELAY)
        await stack.enter_async_context(sandbox)
        store = await stack.enter_async_context(place.open())
        guilds = [sandbox.world.add_guild(f"server {number}") for number in range(servers)]
        channels = [next(one for one in guild.channels.values() if one.name == "codes") for guild in guilds]
        names = tuple(f"CODE{number:02}" for number in range(codes))
        case = Case(sandbox, place, store, guilds, channels, names, scale)
        for guild, channel in zip(guilds, channels, strict=True):
            settings = GuildSettings(guild_id=GuildId(guild.id))
            await store.save_guild(settings.with_channel(ChannelId(channel.id), datetime.now(UTC)))
        case.publish()
        try:
            yield case
        finally:
            for bot in case.bots:
                bot.bury()

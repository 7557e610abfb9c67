"""Servers whose players are registered, for whole runs of redemption, and a look at what was stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

import attrs

from giftbot.app import Discord, Role, Services, assemble, new_owner, open_outside
from giftbot.clock import SystemClock
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.job import Job
from giftbot.models.player import Player
from giftbot.models.redemption import Redemption
from giftbot.models.times import PostingTimes
from giftbot.sandbox import Actor
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.ports import Store
from giftbot.settings import Settings
from tests.e2e.stage import Stage

KINGDOM = 42


@attrs.frozen
class Club:
    """A server, its admin, and its channel for posts and progress."""

    stage: Stage
    guild: Guild
    channel: Channel
    admin: Actor

    @property
    def guild_id(self) -> GuildId:
        """The server's id."""
        return GuildId(self.guild.id)

    @property
    def progress(self) -> str:
        """All that the channel's messages say."""
        return "\n".join(text_of(message) for message in self.stage.sandbox.world.messages(self.channel))

    async def shows(self, *words: str, timeout: float = PATIENCE) -> str:
        """What the channel's messages say, once they say all of this."""
        await self.stage.sandbox.until(
            lambda: all(word in self.progress for word in words), timeout=timeout, what=f"messages that say {words}"
        )
        return self.progress

    async def settle(self) -> None:
        """Choose the channel for posts and for progress."""
        await self.stage.configure(self.admin, self.channel)
        panel = await self.admin.command("giftcodesettings")
        await panel.press("Redemption…")
        await panel.select("set-redeem-channel:", [self.channel.id])
        await panel.shows(f"<#{self.channel.id}>")

    async def enlist(self, *player_ids: str, kingdom: int = KINGDOM) -> None:
        """Import players, unproved, as an admin who has a list does."""
        form = await self.admin.command("player import")
        lines = "\n".join(f"{player_id}, {kingdom}" for player_id in player_ids)
        answer = await (await form.submit({"roster": lines})).settled()
        assert f"**{len(player_ids)}** added" in answer.text, answer.text

    async def turn_on(self) -> None:
        """Turn auto-redeem on."""
        assert "Auto-redeem is on" in (await self.admin.command("autoredeem on")).text

    async def begin(self, *player_ids: str) -> None:
        """Choose the channel, import players, and turn auto-redeem on."""
        await self.settle()
        await self.enlist(*player_ids)
        await self.turn_on()

    async def known(self, *codes: str) -> None:
        """Return once the bot knows these codes."""
        sources = self.stage.sandbox.sources
        async with asyncio.timeout(PATIENCE):
            shown = ""
            while not all(code in shown for code in codes):
                shown = (await self.admin.command("giftcode")).text
                await sources.wait("json", sources.hits["json"] + 1)


def club(stage: Stage, name: str = "guild") -> Club:
    """Another server."""
    guild, channel, admin = stage.add_server(name)
    return Club(stage, guild, channel, admin)


@attrs.frozen
class Kept:
    """What the store has once the bot has ended."""

    store: Store

    async def rows(self, club: Club, code: str) -> dict[str, Redemption]:
        """The redemptions of a code in a server, by player."""
        rows = await self.store.list_redemptions(guild_id=club.guild_id, code=CodeKey(code), limit=1000)
        return {row.player_id: row for row in rows}

    async def jobs(self, club: Club) -> list[Job]:
        """The jobs of a server."""
        return await self.store.list_jobs(guild_id=club.guild_id)

    async def players(self, club: Club, *player_ids: str) -> Mapping[str, Player]:
        """Some players of a server."""
        found = await self.store.get_players(club.guild_id, [PlayerId(one) for one in player_ids])
        return {str(player_id): player for player_id, player in found.items()}


@asynccontextmanager
async def kept(stage: Stage) -> AsyncIterator[Kept]:
    """Look into the store as `ops` does, also beside a running bot."""
    async with open_outside(stage.settings(), Role.OPS, owner=new_owner()) as outside:
        yield Kept(outside.store)


def quick(stage: Stage) -> AbstractAsyncContextManager[asyncio.Task[None]]:
    """The bot with a game without limits."""
    return stage.bot(GAME_RATE_PER_MINUTE="100000", GAME_PLAYER_SPACING="0")


def later(stage: Stage, **span: float) -> AbstractAsyncContextManager[asyncio.Task[None]]:
    """As `quick`, started again so much later: its clock is ahead by a span, given as for `timedelta`."""

    @asynccontextmanager
    async def opened(
        settings: Settings, discord: Discord, *, times: PostingTimes | None
    ) -> AsyncIterator[Services]:
        owner = new_owner()
        async with open_outside(settings, Role.BOT, owner=owner) as present:
            outside = attrs.evolve(present, clock=SystemClock(offset=timedelta(**span)))
            services = assemble(settings, outside, discord, owner=owner, times=times or PostingTimes())
            try:
                yield services
            finally:
                await services.governor.stop()

    return stage.bot(opener=opened, GAME_RATE_PER_MINUTE="100000", GAME_PLAYER_SPACING="0")


def owner_reads(stage: Stage) -> Sequence[str]:
    """What the bot's owner was told."""
    return [text_of(one) for one in stage.sandbox.world.direct_messages(stage.sandbox.world.owner)]

"""A server in whole runs whose members register their players."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from giftbot.sandbox import Actor, Answer
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from tests.e2e.stage import Stage

KINGDOM = 312
ADA, BOB = "10000001", "10000002"


@attrs.frozen
class Place:
    """A server with an admin and two members, in which codes are posted; the game knows two players."""

    stage: Stage
    guild: Guild
    channel: Channel
    admin: Actor
    ada: Actor
    bob: Actor

    async def post(self, *codes: str) -> dict[str, object]:
        """Let codes be found and posted; the newest message."""
        before = len(self.stage.sandbox.world.messages(self.channel))
        for code in codes:
            self.stage.sandbox.sources.publish(code)
        return (await self.stage.sandbox.wait_for_messages(self.channel, before + 1))[-1]

    async def set_default_kingdom(self, kingdom: int) -> None:
        """Choose the default kingdom in the panel."""
        panel = await self.admin.command("giftcodesettings")
        await panel.press("Redemption…")
        form = await panel.press("Default kingdom…")
        await form.submit({"kingdom": str(kingdom)})
        await panel.shows(f"Default kingdom\n{kingdom}")

    async def mine(self, who: Actor, words: str) -> str:
        """What somebody's list of players says, once it says this; redemption goes on beside it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = (await (await who.command("player mine")).settled()).text
                if words in shown:
                    return shown
                await self.stage.sandbox.sources.wait("json", self.stage.sandbox.sources.hits["json"] + 1)


def make_place(stage: Stage) -> Place:
    """The server; no bot is running yet."""
    guild, channel, admin = stage.add_server()
    stage.environ |= {"GAME_RATE_PER_MINUTE": "6000", "GAME_PLAYER_SPACING": "0"}
    game = stage.sandbox.game
    game.strict = True
    game.add_player(ADA, KINGDOM)
    game.add_player(BOB, 77)
    ada, bob = (stage.sandbox.user(guild, name=name) for name in ("ada", "bob"))
    return Place(stage, guild, channel, admin, ada, bob)


@asynccontextmanager
async def open_for(place: Place) -> AsyncIterator[None]:
    """The bot, posting in the server."""
    async with place.stage.bot():
        await place.stage.configure(place.admin, place.channel)
        yield


async def said(answer: Answer) -> str:
    """What a command said in the end, to its user only."""
    await answer.settled(timeout=PATIENCE)
    assert answer.ephemeral
    return answer.text

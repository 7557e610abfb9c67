"""What people ask of a bot as soon as it runs, beside the codes that it finds by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine

from giftbot.app import Services
from giftbot.errors import GameHaltedError
from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import PlayerId, UserId
from giftbot.models.job import Trigger

NEWCOMERS = (PlayerId("7001"), PlayerId("7002"))
"""Who is registered in every server by "register"."""
OWNER = UserId(4711)
KINGDOM = 77
LOOK = 0.01
"""Seconds between two looks for the codes."""


async def _codes(services: Services) -> list[GiftCode]:
    """The codes, once the bot has found them."""
    while True:
        if active := await services.codes.active():
            return active
        await asyncio.sleep(LOOK)


async def _guilds(services: Services) -> list[GuildSettings]:
    return [guild async for guilds in services.store.scan_redeeming_guilds() for guild in guilds]


async def _run(services: Services) -> None:
    """Each server's admin asks for every code, again and again."""
    codes, guilds = await _codes(services), await _guilds(services)
    for _ in range(3):
        for guild in guilds:
            for code in codes:
                await services.redemptions.start(guild.guild_id, code, Trigger.MANUAL, OWNER)
        await asyncio.sleep(5 * LOOK)


async def _register(services: Services) -> None:
    """The same new players register in every server at once."""
    await _codes(services)
    registering = (
        services.players.add(guild.guild_id, player_id, KINGDOM, OWNER)
        for guild in await _guilds(services)
        for player_id in NEWCOMERS
    )
    await asyncio.gather(*registering)


async def _press(services: Services) -> None:
    """Somebody presses the button for all players of every server, before their turn in the jobs."""
    codes = await _codes(services)
    for guild in await _guilds(services):
        players = await services.store.list_players(guild_id=guild.guild_id)
        pressed = (services.redemptions.redeem_now(player, codes) for player in players)
        with contextlib.suppress(GameHaltedError):  # the bot is being stopped, and says so to whoever pressed
            await asyncio.gather(*pressed)


ERRANDS: dict[str, Callable[[Services], Coroutine[None, None, None]]] = {
    "run": _run,
    "register": _register,
    "press": _press,
}

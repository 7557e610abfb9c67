"""What the tests of invites share: a bot that hears of members, and its events in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import hikari

from giftbot.sandbox.pulse import PATIENCE

INTENTS = (
    hikari.Intents.GUILDS
    | hikari.Intents.GUILD_MEMBERS
    | hikari.Intents.GUILD_INVITES
    | hikari.Intents.GUILD_MODERATION
)
SEES_ALL = "VIEW_CHANNEL|MANAGE_GUILD|MANAGE_CHANNELS|MANAGE_ROLES|VIEW_AUDIT_LOG|CREATE_INSTANT_INVITE"

E = TypeVar("E", bound=hikari.Event)


class Tape:
    """The dispatches a bot has received, as Discord sent them."""

    def __init__(self, bot: hikari.GatewayBot, *names: str) -> None:
        self._names = names
        self._queue: asyncio.Queue[hikari.ShardPayloadEvent] = asyncio.Queue()
        bot.subscribe(hikari.ShardPayloadEvent, self._put)

    async def _put(self, event: hikari.ShardPayloadEvent) -> None:
        if not self._names or event.name in self._names:
            self._queue.put_nowait(event)

    async def next(self, timeout: float = PATIENCE) -> hikari.ShardPayloadEvent:
        """Return the next one."""
        return await asyncio.wait_for(self._queue.get(), timeout)

    async def names(self, count: int) -> list[str]:
        """Return the names of the next ones."""
        found: list[str] = []
        while len(found) < count:
            found.append((await self.next()).name)
        return found

    async def until(self, last: str) -> list[str]:
        """Return the names of what comes up to and with this one."""
        names = [(await self.next()).name]
        while names[-1] != last:
            names.append((await self.next()).name)
        return names


async def heard(bot: hikari.GatewayBot, kind: type[E], act: Callable[[], object]) -> E:
    """Return the event, as hikari reads it, that something brings about."""
    waiting = asyncio.create_task(bot.wait_for(kind, PATIENCE))
    await asyncio.sleep(0)  # it listens from now on
    act()
    return await waiting

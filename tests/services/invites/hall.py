"""A server that may want messages about joins and leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from giftbot.models.ids import ChannelId
from giftbot.models.join import Join
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.greetings import Greetings
from giftbot.services.notices import Notices
from giftbot.services.ports import Store
from tests.fakes import ListeningPeople, ManualClock, OpenChannels
from tests.services.invites.watching import ListeningOutlet, batch

HALL = ChannelId(70)


@attrs.frozen
class Hall:
    """The service and everything around it."""

    store: Store
    greetings: Greetings
    outlet: ListeningOutlet
    channels: OpenChannels
    people: ListeningPeople

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let the worker run, and wait until it has done all that was noted."""
        working = asyncio.create_task(self.greetings.run())
        try:
            yield
            async with asyncio.timeout(5):
                await self.greetings.settled()
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

    async def decided(self, *joins: Join) -> list[str]:
        """What is said once these joins are decided."""
        before = len(self.outlet.said)
        async with self.open():
            await self.greetings.on_decided(batch(*joins))
        return [words for _, words, _ in self.outlet.said[before:]]


def make_hall(store: Store, outlet: ListeningOutlet | None = None) -> Hall:
    """A server that chose nothing; its channels may be those of another one."""
    clock, people, channels = ManualClock(), ListeningPeople(), OpenChannels()
    outlet = outlet or ListeningOutlet()
    greetings = Greetings(
        store=store,
        choices=InviteChoices(store=store, clock=clock),
        outlet=outlet,
        channels=channels,
        notices=Notices(store=store, notifier=people, clock=clock),
        clock=clock,
    )
    return Hall(store, greetings, outlet, channels, people)


def restarted(hall: Hall) -> Hall:
    """The same server, and another process."""
    return make_hall(hall.store, hall.outlet)

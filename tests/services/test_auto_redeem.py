"""Switching auto-redeem off: what it stopped says so, and nothing else."""

from __future__ import annotations

import asyncio

from giftbot.models.ids import ChannelId, CodeKey, MessageId
from giftbot.models.job import JobState, Trigger
from giftbot.models.post import Page
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.auto_redeem import AutoRedeem
from giftbot.services.job_progress import JobProgress
from giftbot.text import redemptions as texts
from tests.services.conftest import House
from tests.services.redeeming import GUILD, Workshop

CHANNEL = ChannelId(20)


class Wall:
    """A channel that keeps the titles of what was sent to it."""

    def __init__(self) -> None:
        self.titles: list[str] = []

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Keep a message."""
        self.titles.append(page.title)
        return MessageId(len(self.titles))

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool | None:
        """Keep an edit."""
        self.titles.append(page.title)
        return True


async def test_only_jobs_that_it_stopped_are_shown_anew(house: House, shop: Workshop) -> None:
    """Not those that somebody stopped long ago."""
    await shop.server()
    await house.guilds.choose_redeem_channel(GUILD, CHANNEL)
    await shop.player()
    for name in ("OLD1", "OLD2", "NEW1"):
        await shop.redemptions.start(GUILD, await shop.code(name), Trigger.MANUAL)
        if name != "NEW1":
            assert await shop.redemptions.stop(GUILD, CodeKey(name))
        shop.advance(hours=1)
    wall = Wall()
    progress = JobProgress(
        board=wall,
        store=shop.store,
        guilds=shop.store,
        codes=shop.store,
        clock=shop.clock,
        site="https://redeem.example",
    )
    switch = AutoRedeem(guilds=house.guilds, redemptions=shop.redemptions, progress=progress)
    assert await switch.turn_off(GUILD) == texts.auto_redeem_off(1)
    async with asyncio.timeout(PATIENCE):
        await progress.aclose()
    assert set(wall.titles) == {"NEW1: stopped"}
    stopped = await shop.redemptions.jobs(GUILD, (JobState.STOPPED,))
    assert len(stopped) == 3

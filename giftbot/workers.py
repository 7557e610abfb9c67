"""What works beside the commands, from ready to a clean end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import hikari
import structlog

from giftbot.app import Services
from giftbot.connection import connected
from giftbot.discord.presence import Presence

_log = structlog.get_logger(__name__)


async def work(services: Services, presence: Presence, bot: hikari.GatewayBot, stop: asyncio.Event) -> None:
    """Run the workers until somebody asks to stop, or one of them cannot go on."""
    if services.first_start is not None:
        services.first_start.begin()
    workers = [
        asyncio.create_task(services.posting.run(), name="posting"),
        asyncio.create_task(services.governor.run(), name="governor"),
        asyncio.create_task(services.redeeming.run(), name="redeeming"),
        asyncio.create_task(services.upkeep.run_checks(), name="checks"),
        asyncio.create_task(services.upkeep.run_upkeep(), name="upkeep"),
        asyncio.create_task(services.upkeep.run_figures(), name="figures"),
        asyncio.create_task(presence.run(), name="presence"),
        asyncio.create_task(connected(bot, services.settings), name="connection"),
    ]
    if services.verification is not None:
        workers.append(asyncio.create_task(services.verification.run(), name="verification"))
    if services.attribution is not None:
        attributing = services.attribution.workers()
        workers += [asyncio.create_task(one, name=name) for name, one in attributing.items()]
    taking_over = asyncio.create_task(_take_over(services), name="first start")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait([*workers, stopping], return_when=asyncio.FIRST_COMPLETED)
        _log.info("stopping")
    finally:
        await _end(services, [*workers, taking_over], stopping)


async def _take_over(services: Services) -> None:
    """Unlike the other workers this one ends: it is not among those that are waited for."""
    if services.first_start is not None:
        await services.first_start.run()


async def _end(services: Services, workers: Sequence[asyncio.Task[None]], stopping: asyncio.Task[bool]) -> None:
    await asyncio.gather(services.posting.stop(), services.redeeming.stop())
    if services.attribution is not None:
        await services.attribution.stop()
    await services.progress.aclose()
    for task in (*workers, stopping):
        task.cancel()
    results = await asyncio.gather(*workers, stopping, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result

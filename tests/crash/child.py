"""The real bot in a process of its own, composed as `giftbot run` does, with its ports watched."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from giftbot.app import Discord, Role, Services, assemble, new_owner, open_outside
from giftbot.bot import ServicesOpener, run_bot
from giftbot.errors import GiftbotError
from giftbot.logs import configure_logging
from giftbot.models.times import PostingTimes
from giftbot.settings import Settings, load_settings
from tests.crash.errands import ERRANDS
from tests.crash.holding import holding_shortly
from tests.crash.mutants import broken
from tests.crash.orders import Orders
from tests.crash.ports import Watch


def run(orders: Orders) -> None:
    """Run until the point, or until SIGTERM; ends the process with the bot's exit code."""
    _redirect(orders)
    settings = load_settings(orders.environ, directory=orders.directory)
    configure_logging(settings.log_level, settings.log_format)
    try:
        asyncio.run(run_bot(settings, times=PostingTimes().scaled(orders.scale), opener=_opener(orders)))
    except GiftbotError as error:
        sys.stderr.write(f"giftbot: {error}\n")
        sys.exit(error.exit_code)


def _opener(orders: Orders) -> ServicesOpener:
    @asynccontextmanager
    async def open_watched(
        settings: Settings, discord: Discord, *, times: PostingTimes | None
    ) -> AsyncIterator[Services]:
        owner = new_owner()
        async with open_outside(settings, Role.BOT, owner=owner) as real:
            outside, discord = Watch(orders.point, orders.outages, orders.trace).wrap(real, discord)
            outside = attrs.evolve(outside, store=holding_shortly(outside.store, orders.hold_scale))
            ports = outside, discord
            if orders.mutant is not None:
                ports = broken(orders.mutant, *ports)
            services = assemble(settings, *ports, owner=owner, times=times or PostingTimes())
            asked = [asyncio.create_task(ERRANDS[name](services)) for name in orders.errands]
            try:
                yield services
            finally:
                await services.governor.stop()
                for errand in asked:
                    errand.cancel()
                for result in await asyncio.gather(*asked, return_exceptions=True):
                    if isinstance(result, Exception):
                        raise result

    return open_watched


def _redirect(orders: Orders) -> None:
    """Let everything that the process says end up in its log."""
    descriptor = os.open(orders.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
    os.write(2, f"--- process {os.getpid()}: {orders.point or 'no point'}\n".encode())

"""The bot in a process of its own, wired as in `giftbot.bot` but for its commands, with a probe of its loop.

`python -m bench.bot_child`; settings come from the environment. It answers while it works.
"""

from __future__ import annotations

import asyncio
import cProfile
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import cast

import attrs

from bench.lateness import Probe, probing
from bench.link import serve
from bench.tally import Sent, Tally, counted
from giftbot.app import Role, Services, assemble, new_owner, open_outside
from giftbot.bot import application_id_of, build_gateway_bot, discord_of, running_bot
from giftbot.discord.presence import Presence
from giftbot.logs import configure_logging
from giftbot.models.code import CodeStatus, GiftCode, display_form, fold
from giftbot.models.times import PostingTimes
from giftbot.sandbox.payload import Payload
from giftbot.services.ports import Announcer
from giftbot.settings import Settings, load_settings

PROFILE = os.environ.get("BENCH_PROFILE")
"""A file for the profile of a fan-out; for development."""


class Bot:
    """What the benchmark asks of the bot."""

    def __init__(self, services: Services, tally: Tally, sent: Sent, probe: Probe) -> None:
        self._services = services
        self._tally = tally
        self._sent = sent
        self._probe = probe

    async def settle(self, _: Payload) -> Payload:
        """Wait until what follows the start is done."""
        busy = 1.0
        while busy > 0.01:
            before = time.process_time()
            await asyncio.sleep(0.3)
            busy = time.process_time() - before
        return {"late": self._probe.take()}

    async def fan_out(self, wanted: Payload) -> Payload:
        """Hand over new codes as detection does, and wait until `messages` messages are noted as sent."""
        now = self._services.clock.now()
        codes = [_new_code(name, now) for name in wanted["codes"]]
        await self._services.store.insert_codes(codes)
        self._tally.finished.clear()
        self._tally.calls.clear()
        self._sent.moments.clear()
        self._probe.take()
        profile = cProfile.Profile() if PROFILE else None
        if profile:
            profile.enable()
        cpu, thread, began = time.process_time(), time.thread_time(), time.monotonic()
        await self._services.announcements.fan_out()
        enqueued = time.monotonic()
        await self._tally.until(wanted["messages"])
        ended = {
            "began": began,
            "enqueued": enqueued,
            "finished": self._tally.finished[-1],
            "cpu": time.process_time() - cpu,
            "thread": time.thread_time() - thread,
            "sent": self._sent.moments[:],
            "calls": dict(self._tally.calls),
        }
        if profile:
            profile.disable()
            profile.dump_stats(f"{PROFILE}-{self._tally.label}")
        return {**ended, "late": self._probe.take()}

    async def enqueue(self, wanted: Payload) -> Payload:
        """Hand over new codes, and return when every server has its rows."""
        codes = [_new_code(name, self._services.clock.now()) for name in wanted["codes"]]
        await self._services.store.insert_codes(codes)
        self._probe.take()
        began = time.monotonic()
        rows = await self._services.announcements.fan_out()
        seconds = time.monotonic() - began
        return {"rows": rows, "seconds": seconds, "late": self._probe.take()}

    async def backfill(self, _: Payload) -> Payload:
        """Finish the backfills that were asked for."""
        self._probe.take()
        began = time.monotonic()
        rows = await self._services.announcements.backfill_leftovers()
        seconds = time.monotonic() - began
        return {"rows": rows, "seconds": seconds, "late": self._probe.take()}

    async def check(self, wanted: Payload) -> Payload:
        """Check the sources so many times; the store's operations meanwhile, and the seconds of each check."""
        await self._services.checks.regular()
        self._tally.calls.clear()
        self._probe.take()
        seconds = []
        for _ in range(wanted["times"]):
            began = time.perf_counter()
            result = await self._services.checks.regular()
            seconds.append(time.perf_counter() - began)
            if result.failed or not result.found:
                raise RuntimeError(f"the sources do not answer: {result}")
        return {
            "calls": dict(self._tally.calls),
            "seconds": seconds,
            "late": self._probe.take(),
        }

    async def bare_fetches(self, wanted: Payload) -> Payload:
        """Ask the sources together, so many times, without judging what they say."""
        seconds = []
        for _ in range(wanted["times"]):
            began = time.perf_counter()
            await asyncio.gather(*(source.fetch() for source in self._services.sources))
            seconds.append(time.perf_counter() - began)
        return {"seconds": seconds}


def _new_code(name: str, now: datetime) -> GiftCode:
    return GiftCode(
        key=fold(name),
        display=display_form(name),
        status=CodeStatus.ACTIVE,
        created_at=now,
        updated_at=now,
        rewards="100 gems, 2 speedups",
        expires_at=now + timedelta(days=3),
        fan_out=True,
    )


@asynccontextmanager
async def open_bot(settings: Settings, probe: Probe, *, works: bool) -> AsyncIterator[Bot]:
    """The bot, connected; with `works` its workers run."""
    owner = new_owner()
    async with AsyncExitStack() as stack:
        outside = await stack.enter_async_context(open_outside(settings, Role.BOT, owner=owner))
        store, tally = counted(outside.store)
        client = build_gateway_bot(settings)
        discord = discord_of(client, settings)
        sent = Sent(discord.announcer)
        services = assemble(
            settings,
            attrs.evolve(outside, store=store),
            attrs.evolve(discord, announcer=cast("Announcer", sent)),
            owner=owner,
            times=PostingTimes(),
        )
        presence = Presence(services.guilds, application_id_of(settings.token))
        await presence.load()
        presence.listen(client)
        await stack.enter_async_context(running_bot(client, settings))
        workers = [presence.run]
        if works:
            workers += [services.posting.run, services.upkeep.run_checks, services.upkeep.run_upkeep]
        tasks = [asyncio.create_task(worker()) for worker in workers]
        try:
            yield Bot(services, tally, sent, probe)
        finally:
            await services.posting.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def main() -> None:
    """Work until standard input is closed."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    async with probing() as probe, open_bot(settings, probe, works="--works" in sys.argv) as bot:
        names = ("settle", "fan_out", "enqueue", "backfill", "check", "bare_fetches")
        await serve({name: getattr(bot, name) for name in names})


if __name__ == "__main__":
    asyncio.run(main())

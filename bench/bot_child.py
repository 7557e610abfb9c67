"""The bot in a process of its own, with a probe of its loop: `python -m bench.bot_child [--still] [--trips]`.

Settings come from the environment. It answers while it works. With --trips it counts round trips to the store,
which slows it down.
"""

from __future__ import annotations

import asyncio
import cProfile
import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from typing import cast

import attrs

from bench.lateness import Probe, probing
from bench.link import serve
from bench.tally import Sent, Tally, counted
from bench.town import active_code
from bench.trips import Trips, counting
from giftbot.app import Discord, Role, Services, assemble, new_owner, open_outside
from giftbot.bot import run_bot
from giftbot.collector import spare_what_was_imported
from giftbot.logs import configure_logging
from giftbot.models.ids import GuildId, UserId, job_id
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.times import PostingTimes
from giftbot.sandbox.payload import Payload
from giftbot.services.ports import Announcer
from giftbot.settings import Settings, load_settings

PROFILE = os.environ.get("BENCH_PROFILE")
"""A file for the profile of a fan-out or a redemption; for development."""
HANDLERS = (
    "settle",
    "fan_out",
    "enqueue",
    "backfilled",
    "check",
    "bare_fetches",
    "redeem",
    "redeem_in_turn",
    "looked",
    "decided",
    "changes",
)


class Bot:
    """What the benchmark asks of the bot."""

    def __init__(self, services: Services, tally: Tally, sent: Sent, probe: Probe, trips: Trips | None) -> None:
        self._services = services
        self._tally = tally
        self._sent = sent
        self._probe = probe
        self._trips = trips
        self._counts: Counter[GuildId] = Counter()
        self._moments: dict[UserId, float] = {}
        self._decided = asyncio.Event()
        if services.actors is not None:
            services.actors.subscribe(self._note)

    async def started(self) -> None:
        """Wait until the workers are at work."""
        await self._tally.until(lambda: self._tally.calls["claim_due"] > 0)

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
        codes = [active_code(name, fan_out=True) for name in wanted["codes"]]
        await self._services.store.insert_codes(codes)
        self._tally.finished.clear()
        self._tally.calls.clear()
        self._sent.moments.clear()
        self._probe.take()
        with _profiled(self._tally.label):
            cpu, thread, began = time.process_time(), time.thread_time(), time.monotonic()
            await self._services.announcements.fan_out()
            enqueued = time.monotonic()
            await self._tally.until(lambda: len(self._tally.finished) >= wanted["messages"])
            ended = {
                "began": began,
                "enqueued": enqueued,
                "finished": self._tally.finished[-1],
                "cpu": time.process_time() - cpu,
                "thread": time.thread_time() - thread,
                "sent": self._sent.moments[:],
                "calls": dict(self._tally.calls),
            }
        return {**ended, "late": self._probe.take()}

    async def redeem(self, wanted: Payload) -> Payload:
        """Redeem a new code for all players of a server, as detection lets it; until its job is done."""
        services, code = self._services, active_code(wanted["code"], redeem=True)
        guild_id = GuildId(wanted["guild"])
        await services.store.insert_codes([code])
        self._tally.calls.clear()
        trips = (self._trips.besides, self._trips.leases) if self._trips else (0, 0)
        done = self._tally.job_done(job_id(guild_id, code.key))
        self._probe.take()
        with _profiled(self._tally.label):
            cpu, thread, began = time.process_time(), time.thread_time(), time.monotonic()
            await services.redemptions.fan_out()
            seconds = await done - began
            ended = {
                "seconds": seconds,
                "cpu": time.process_time() - cpu,
                "thread": time.thread_time() - thread,
                "late": self._probe.take(),
                "calls": dict(self._tally.calls),
            }
        if self._trips:
            ended |= {"trips": self._trips.besides - trips[0], "lease_trips": self._trips.leases - trips[1]}
        return {**ended, "outcomes": dict((await services.store.count_outcomes(guild_id, code.key)).by_outcome)}

    async def redeem_in_turn(self, wanted: Payload) -> Payload:
        """Redeem a new code for one player after another, as they ask for it; the seconds of each."""
        services, code = self._services, active_code(wanted["code"])
        await services.store.insert_codes([code])
        guild_id, seconds, granted = GuildId(wanted["guild"]), [], 0
        for player in await services.store.list_players(guild_id=guild_id, limit=wanted["players"]):
            began = time.perf_counter()
            rows = await services.redemptions.redeem_now(player, [code])
            seconds.append(time.perf_counter() - began)
            granted += sum(row.is_granted for row in rows)
        return {"seconds": seconds, "granted": granted}

    async def enqueue(self, wanted: Payload) -> Payload:
        """Hand over new codes, and return when every server has its rows."""
        codes = [active_code(name, fan_out=True) for name in wanted["codes"]]
        await self._services.store.insert_codes(codes)
        self._probe.take()
        began = time.monotonic()
        rows = await self._services.announcements.fan_out()
        seconds = time.monotonic() - began
        return {"rows": rows, "seconds": seconds, "late": self._probe.take()}

    async def backfilled(self, wanted: Payload) -> Payload:
        """Wait until the backfills of so many servers are finished."""
        await self._tally.until(lambda: self._tally.calls["finish_backfill"] >= wanted["servers"])
        return {"late": self._probe.take()}

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

    async def looked(self, wanted: Payload) -> Payload:
        """Wait until a server's invites were looked at."""
        guild_id = GuildId(wanted["guild"])
        while not await self._is_looked_at(guild_id):  # noqa: ASYNC110 - nobody is told of a look
            await asyncio.sleep(0.1)
        return {"late": self._probe.take()}

    async def _is_looked_at(self, guild_id: GuildId) -> bool:
        ledger = await self._services.store.get_ledger(guild_id)
        return ledger is not None and ledger.taken_at is not None

    async def decided(self, wanted: Payload) -> Payload:
        """Wait until so many joins of a server are decided; with `told` also what is claimed of each."""
        guild_id, began = GuildId(wanted["guild"]), time.monotonic()
        while self._counts[guild_id] < wanted["count"]:
            self._decided.clear()
            await self._decided.wait()
        late, seconds = self._probe.take(), time.monotonic() - began
        limit = wanted["count"] + 1 if wanted["told"] else 0
        joins = await self._services.store.list_joins(guild_id, limit=limit) if limit else []
        rows = [[join.user_id, int(join.level), join.code, join.owner_id] for join in joins]
        waiting = len(await self._services.store.list_events(guild_id))
        return {
            "joins": rows,
            "decided": self._counts[guild_id],
            "waiting": waiting,
            "seconds": seconds,
            "late": late,
        }

    async def changes(self, wanted: Payload) -> Payload:
        """When each person's join was decided, on the monotonic clock."""
        return {"moments": [self._moments[UserId(user)] for user in wanted["users"]]}

    async def _note(self, batch: InviteBatch) -> None:
        now = time.monotonic()
        new = [join.user_id for join in batch.joins if join.user_id not in self._moments]
        self._counts[batch.guild_id] += len(new)
        self._moments.update(dict.fromkeys(new, now))
        self._decided.set()


@contextmanager
def _profiled(label: str) -> Iterator[None]:
    """Profile this, if that was asked for."""
    if not PROFILE:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    profile.dump_stats(f"{PROFILE}-{label}")


@asynccontextmanager
async def open_bot(
    settings: Settings, times: PostingTimes, probe: Probe, trips: Trips | None = None
) -> AsyncIterator[Bot]:
    """The bot as `giftbot run` runs it, once its workers are at work; its store and announcer are wrapped."""
    opened: asyncio.Future[Bot] = asyncio.get_running_loop().create_future()

    @asynccontextmanager
    async def opener(
        settings: Settings, discord: Discord, *, times: PostingTimes | None
    ) -> AsyncIterator[Services]:
        owner = new_owner()
        async with open_outside(settings, Role.BOT, owner=owner) as outside:
            store, tally = counted(outside.store)
            sent = Sent(discord.announcer)
            services = assemble(
                settings,
                attrs.evolve(outside, store=store),
                attrs.evolve(discord, announcer=cast("Announcer", sent)),
                owner=owner,
                times=times or PostingTimes(),
            )
            opened.set_result(Bot(services, tally, sent, probe, trips))
            yield services

    stop = asyncio.Event()
    running = asyncio.create_task(run_bot(settings, times=times, stop=stop, opener=opener))
    try:
        running.add_done_callback(lambda _: opened.done() or opened.cancel())
        try:
            bot = await opened
        except asyncio.CancelledError:
            await running
            raise
        await bot.started()
        yield bot
    finally:
        stop.set()
        await running


async def main() -> None:
    """Work until standard input is closed."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    # With --still the bot does nothing of its own accord once it has started.
    times = PostingTimes(poll=3600.0, upkeep=3600.0) if "--still" in sys.argv else PostingTimes()
    counted_: AbstractContextManager[Trips | None] = counting() if "--trips" in sys.argv else nullcontext()
    with counted_ as trips:
        async with probing() as probe, open_bot(settings, times, probe, trips) as bot:
            await serve({name: getattr(bot, name) for name in HANDLERS})


if __name__ == "__main__":
    spare_what_was_imported()
    asyncio.run(main())

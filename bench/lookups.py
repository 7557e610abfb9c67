"""Figures 1, 3 and 6: single operations among a million rows, beside the bare driver call."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import attrs

from bench.bare import Bare, open_bare
from bench.figures import Figure, median, ms
from bench.lateness import probing
from bench.places import STORES
from bench.rows import codes_of, fill, guild_of
from bench.session import Session
from bench.trips import counting
from giftbot.models.announcement import Origin
from giftbot.models.ids import CodeKey, announcement_id
from giftbot.services.ports import Store

LOOK_AT_MOST = 0.002
"""Seconds for a look into an outbox without due work."""
TIMES_BARE = 1.5
_fresh = itertools.count()


@attrs.frozen
class Compared:
    """An operation and the bare call, timed in turn."""

    ours: float
    """Seconds, the median."""
    bare: float
    trips: float
    """Round trips of one operation."""

    @property
    def ratio(self) -> float:
        """How many bare calls it costs."""
        return self.ours / self.bare

    @property
    def words(self) -> str:
        """For people."""
        trips = f"{self.trips:g} round trip{'s' if self.trips != 1 else ''}"
        return f"{ms(self.ours)} = {self.ratio:.2f} x {ms(self.bare)}, {trips}"

    @property
    def values(self) -> dict[str, float]:
        """For machines."""
        return {"seconds": self.ours, "bare_seconds": self.bare, "ratio": self.ratio, "trips": self.trips}


@attrs.frozen
class Operation:
    """What is measured: on the store, and on the bare driver."""

    group: str
    name: str
    ours: Callable[[Store], Awaitable[object]]
    bare: Callable[[Bare], Awaitable[object]]
    factor: float | None = None
    at_most: float | None = None

    def figure(self, kind: str, found: Compared) -> Figure:
        """How it did."""
        target, is_met = "one round trip", found.trips == 1
        if self.factor is not None:
            target += f", <= {self.factor} x bare"
            is_met = is_met and found.ratio <= self.factor
        if self.at_most is not None:
            target, is_met = f"< {ms(self.at_most)}", found.ours < self.at_most
        return Figure(self.group, f"{kind}: {self.name}", target, found.words, is_met, found.values)


async def measure(session: Session) -> list[Figure]:
    """Figures 1, 3 and 6, on both stores."""
    figures = []
    guilds, times = (200, 40) if session.quick else (2000, 200)
    for kind in STORES:
        place = session.places.new(kind)
        await asyncio.to_thread(fill, place, guilds)
        seconds = {}
        async with place.open() as store, open_bare(place) as bare:
            operations = _operations(bare, times)
            await session.watch.begin()
            async with probing() as probe:
                for operation in operations:
                    seconds[operation.name] = await _time(operation, store, bare, times)
            await session.watch.end(f"operations, {kind}", probe.take())
        with counting() as trips:
            async with place.open() as store:
                for operation in operations:
                    before = trips.count
                    await operation.ours(store)
                    found = Compared(*seconds[operation.name], trips.count - before)
                    figures.append(operation.figure(kind, found))
    return sorted(figures, key=lambda figure: figure.group)


async def _time(operation: Operation, store: Store, bare: Bare, times: int) -> tuple[float, float]:
    """The median seconds of ours and of the bare call, made in turn."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(times):
        began = time.perf_counter()
        await operation.ours(store)
        between = time.perf_counter()
        await operation.bare(bare)
        seconds[0].append(between - began)
        seconds[1].append(time.perf_counter() - between)
    return median(seconds[0]), median(seconds[1])


def _operations(bare: Bare, times: int) -> list[Operation]:
    guilds = itertools.cycle(guild_of(number) for number in range(0, 200, 7))
    code, *chosen = codes_of()[:101]
    ids = itertools.cycle(
        [[announcement_id(guild_of(number), code) for code in chosen] for number in range(0, 200, 7)]
    )
    now = datetime.now(UTC).replace(microsecond=0)
    tomorrow, lease = now + timedelta(days=1), now + timedelta(days=2)
    new_guild = guild_of(100_000)
    prepared = iter([bare.mark(new_guild, _new_codes(), now) for _ in range(times)])
    new_codes = iter([_new_codes() for _ in range(times + 1)])
    return [
        Operation(
            "1",
            "get_sent_codes, 500 codes of a server",
            lambda store: store.get_sent_codes(next(guilds)),
            lambda bare: bare.sent_codes(next(guilds)),
        ),
        Operation(
            "1",
            "is_code_sent",
            lambda store: store.is_code_sent(next(guilds), code),
            lambda bare: bare.is_sent(announcement_id(next(guilds), code)),
        ),
        Operation(
            "3",
            "claim_due with nothing due",
            lambda store: store.claim_due("bench", tomorrow, lease, limit=64),
            lambda bare: bare.due(tomorrow),
            at_most=LOOK_AT_MOST,
        ),
        Operation(
            "6",
            "batch_check_codes of 100",
            lambda store: store.batch_check_codes(next(guilds), chosen),
            lambda bare: bare.among(next(ids)),
            factor=TIMES_BARE,
        ),
        Operation(
            "6",
            "mark_codes_sent of 100",
            lambda store: store.mark_codes_sent(new_guild, next(new_codes), Origin.AUTO, now),
            lambda bare: bare.write(next(prepared)),
            factor=TIMES_BARE,
        ),
    ]


def _new_codes() -> list[CodeKey]:
    number = next(_fresh)
    return [CodeKey(f"NEW{number}X{index}") for index in range(100)]

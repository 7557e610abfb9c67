"""Figures over everything, counted in the background: day by day, and again what may have changed."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import attrs

from giftbot.models.code import CodeStatus
from giftbot.models.figures import DAILY, DailyFigure, FigureKind, Recount, Rollup, day_of, midnight
from giftbot.models.statistics import GuildStatistics
from giftbot.services.ports import Clock, Store

INTERVAL = 600.0
"""Seconds between two counts, by whichever process."""
FEW = 20_000
"""Rows up to which everything is counted at once when somebody asks, as it is at that moment."""
LATE = timedelta(hours=1)
"""How long after its moment a row may be written: clocks differ, and marks wait in the journal."""
_WINDOWS = (timedelta(days=1), timedelta(days=7), timedelta(days=30))


@attrs.frozen
class ServerCounts:
    """How many servers there are, of those that ever chose anything."""

    known: int = 0
    configured: int = 0
    """With a channel, and the bot is still there."""
    posting: int = 0
    disabled: int = 0
    """The bot stopped posting, because the channel refuses it."""


class Rollups:
    """Keeps the figures. Every refresh is harmless when repeated, also by several processes at once."""

    def __init__(self, *, store: Store, clock: Clock, settles: float = 0.0) -> None:
        """Take the seconds after which a bot that has started looks for the first time."""
        self._store = store
        self._clock = clock
        self._looks_at = clock.monotonic() + settles

    async def refresh_if_due(self) -> None:
        """Count again, if nobody has for a while."""
        now = self._clock.monotonic()
        if now < self._looks_at:
            return
        self._looks_at = now + INTERVAL
        before = await self._store.load_figures()
        if before is None or self._clock.now() - before.counted_at >= timedelta(seconds=INTERVAL):
            await self.refresh()

    async def current(self) -> Rollup:
        """The figures as they were counted last; counted now if they never were."""
        return await self._store.load_figures() or await self.refresh()

    async def refresh(self) -> Rollup:
        """Count what was written since the last time; everything, where that does not give what there is.

        Rows may be removed (a reset) or come with moments of long ago (a migration): then the sum is another one,
        or servers, codes or migrations show it.
        """
        before = await self._store.load_figures()
        counted_at = self._clock.now()
        servers, epochs = await self._count_servers()
        mark = f"{epochs} {await self._mark()}"
        after = None
        if before is not None and before.mark == mark:
            first = day_of(before.counted_at - LATE)
            found = await self._store.recount(midnight(first))
            kept = [one for one in before.figures if one.kind in DAILY and (one.day is None or one.day < first)]
            after = Rollup((*kept, *found.figures, *servers), counted_at, mark)
            if not _adds_up(after, found):
                after = None
        if after is None:
            found = await self._store.recount(None)
            after = Rollup((*found.figures, *servers), counted_at, mark)
        await self._save(before, after)
        return after

    async def count(self) -> Rollup:
        """Count everything as it is now; nothing of it is kept."""
        counted_at = self._clock.now()
        servers, _ = await self._count_servers()
        found = await self._store.recount(None)
        return Rollup((*found.figures, *servers), counted_at)

    async def _save(self, before: Rollup | None, after: Rollup) -> None:
        known = {one.figure_id: one for one in before.figures} if before is not None else {}
        changed = [one for one in after.figures if known.pop(one.figure_id, None) != one]
        await self._store.save_figures(changed, list(known.values()), counted_at=after.counted_at, mark=after.mark)

    async def statistics(self, rollup: Rollup) -> GuildStatistics:
        """What was sent, over all servers: older days as they were counted, what came since as it is now."""
        now = self._clock.now()
        fresh = day_of(rollup.counted_at - LATE)
        latest, newer, windows = await asyncio.gather(
            self._store.last_sent(),
            self._store.count_sent(midnight(fresh) - timedelta(milliseconds=1)),
            asyncio.gather(*(self._count_part(now - age, fresh) for age in _WINDOWS)),
        )
        older = [
            one for one in rollup.figures if one.kind is FigureKind.SENT and (one.day is None or one.day < fresh)
        ]
        last = max(latest, default=None)
        day, week, month = (
            part
            + rollup.between(FigureKind.SENT, day_of(now - age) + 1, fresh)
            + (newer if day_of(now - age) < fresh else 0)
            for part, age in zip(windows, _WINDOWS, strict=True)
        )
        return GuildStatistics(
            total_codes=sum(one.count for one in older) + newer,
            last_sent_at=last[0] if last else None,
            last_code=last[1] if last else None,
            sources=tuple(sorted(source for _, _, source in latest)),
            day=day,
            week=week,
            month=month,
        )

    async def _count_part(self, begin: datetime, fresh: int) -> int:
        """What was sent after the begin of a window on its first day, or ever since if that day is fresh."""
        day = day_of(begin)
        return await self._store.count_sent(begin, midnight(day + 1) if day < fresh else None)

    async def _count_servers(self) -> tuple[list[DailyFigure], int]:
        """Servers, and the sum of their epochs."""
        counts, epochs = ServerCounts(), 0
        async for guilds in self._store.scan_guilds(posting_only=False):
            counts = ServerCounts(
                known=counts.known + len(guilds),
                configured=counts.configured
                + sum(guild.channel_id is not None and guild.left_at is None for guild in guilds),
                posting=counts.posting + sum(guild.is_posting for guild in guilds),
                disabled=counts.disabled + sum(guild.disabled_reason is not None for guild in guilds),
            )
            epochs += sum(guild.epoch for guild in guilds)
        figures = [
            DailyFigure(FigureKind.SERVERS, None, name, int(count)) for name, count in attrs.asdict(counts).items()
        ]
        return figures, epochs

    async def _mark(self) -> str:
        codes = await self._store.list_codes(tuple(CodeStatus))
        migrations = await self._store.list_migrations()
        latest = max((one.finished_at for one in migrations if one.finished_at is not None), default=None)
        return f"{sum(code.epoch for code in codes)} {len(migrations)} {latest}"


def servers_in(rollup: Rollup) -> ServerCounts:
    """How many servers there were."""
    names = [field.name for field in attrs.fields(ServerCounts)]
    return ServerCounts(**{name: rollup.total(FigureKind.SERVERS, name) for name in names})


def is_small(rollup: Rollup) -> bool:
    """Whether all of it is counted at once."""
    return sum(rollup.total(kind) for kind in DAILY) <= FEW


def _adds_up(rollup: Rollup, found: Recount) -> bool:
    """Whether the days together are what there is."""
    return all(found.least[kind] <= rollup.total(kind) <= found.most[kind] for kind in DAILY)

"""The moments at which a game may be asked: reserved in the store, one budget for all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from giftbot.models.budget import Budget
from giftbot.services.ports import BudgetStore, Clock

GRID = 1.01
"""How much wider than the budget the moments lie: it makes up for calls that begin late, by `SLACK` at most."""
SLACK = 0.5
"""Seconds that a call may begin after its moment. Later it is void: a minute could hold a call too many."""
FREE = 100_000.0
"""From so many calls a minute on they are not paced one by one: stores count in milliseconds."""
TICK = 0.001
"""Seconds: the clock's step. Shorter sleeps would find the same moment again."""
LOOK = 1.0
"""Seconds between two looks at the budget when calls are not paced."""
LONGEST_LEAD = 10.0
"""Seconds: a store that takes longer than this to hold a player keeps everybody waiting."""
NOTICED = 0.05
"""Seconds that holding a player may take before it counts: less is made up for by `SLACK`."""
EARNED = 0.1
"""Calls a minute that each sound answer earns back: half the rate is back after some seven minutes."""
SAME = timedelta(seconds=30)
"""Pauses of calls that were on their way together are one and the same, if they end no further apart than this."""


def shown_rate(stored: float) -> float:
    """The calls a minute of a stored budget as people know them: without the width of the grid."""
    rate = stored * GRID
    return round(rate, 0 if rate >= 10 else 1)


class Slots:
    """One game's budget as this process sees it."""

    def __init__(self, *, name: str, store: BudgetStore, clock: Clock, per_minute: float) -> None:
        self._name = name
        self._store = store
        self._clock = clock
        self._per_minute = per_minute
        self._budget: Budget | None = None
        self._looked_at = 0.0
        self._earned = 0.0
        self._lead = 0.0
        """Seconds before its moment that a turn is given out: so long it took lately to hold a player."""
        self._paused_until: datetime | None = None
        self._slowed_at: datetime | None = None

    @property
    def rate(self) -> float:
        """Calls a minute at present, as far as this process knows."""
        return self._per_minute if self._budget is None else min(self._per_minute, self._budget.rate * GRID)

    @property
    def paused_until(self) -> datetime | None:
        """Before when nobody is to be asked; None when that is not to come."""
        stored = self._budget.paused_until if self._budget else None
        ends = [end for end in (stored, self._paused_until) if end is not None and end > self._clock.now()]
        return max(ends, default=None)

    @property
    def pause(self) -> float:
        """Seconds until somebody may be asked; 0 when that is now."""
        until = self.paused_until
        return 0.0 if until is None else (until - self._clock.now()).total_seconds()

    @property
    def are_free(self) -> bool:
        """Whether calls need no moment: no limit worth the name, and the game did not ask for less of late.

        A pause is to be kept all the same.
        """
        return (
            self._per_minute >= FREE
            and self._budget is not None
            and self._clock.monotonic() < self._looked_at + LOOK
            and self.rate >= 0.999 * self._per_minute
        )

    async def take(self) -> datetime:
        """Reserve the next moment. Raises `StoreError`."""
        earned, now = self._earned, self._clock.now() + timedelta(seconds=self._lead)
        self._budget = await self._store.take_slot(
            self._name, now, per_minute=self._per_minute / GRID, earned=earned
        )
        self._earned -= earned
        self._looked_at = self._clock.monotonic()
        return self._budget.slot

    async def reach(self, moment: datetime, *, lead: float | None = None) -> None:
        """Return when the moment has come, or `lead` seconds before: the time it takes to hold a player."""
        lead = self._lead if lead is None else lead
        while (left := self._until(moment) - lead) > 0:
            await self._clock.sleep(max(left, TICK))

    def is_good(self, moment: datetime | None) -> bool:
        """Whether a call may begin now that was to begin at this moment."""
        if moment is None:
            return self.pause == 0
        paused = self.paused_until
        return self._until(moment) >= -SLACK and (paused is None or moment >= paused)

    def note_delay(self, seconds: float) -> None:
        """Learn what lay between a turn and its call."""
        self._lead = min(LONGEST_LEAD, max(self._lead * 0.9, seconds if seconds > NOTICED else 0.0))

    def earn(self) -> None:
        """Note a sound answer: part of a lost rate comes back."""
        self._earned += EARNED

    def ease(self, until: datetime, began: datetime) -> bool:
        """Ask nobody until then, because the game said so to a call that began at `began`.

        True when `slow_down` has to follow: calls that were on their way together slow us down once.
        """
        known, slowed_at = self._paused_until, self._slowed_at
        self._paused_until = until if known is None else max(known, until)
        if known is not None and slowed_at is not None and began <= slowed_at and until <= known + SAME:
            return False
        self._slowed_at = self._clock.now()
        return True

    async def slow_down(self, until: datetime) -> None:
        """Halve the rate for all processes, and let none ask before then. Raises `StoreError`."""
        self._budget = await self._store.slow_down(self._name, self._clock.now(), until=until)

    def _until(self, moment: datetime) -> float:
        return (moment - self._clock.now()).total_seconds()

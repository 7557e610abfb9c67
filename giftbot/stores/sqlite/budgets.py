"""What all processes together may ask of a game, in SQLite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from giftbot.models.budget import Budget
from giftbot.stores.documents import EPOCH, milliseconds
from giftbot.stores.pacing import slowed, taken
from giftbot.stores.sqlite.database import Database, Row, Turn, Value
from giftbot.stores.sqlite.rows import read_moment, stored_moment

_PEEK = "SELECT slot, rate, paused_until FROM leases WHERE _id = ? AND slot IS NOT NULL"
_PUT = """
    INSERT INTO leases (_id, slot, rate, paused_until) VALUES (?, ?, ?, ?)
    ON CONFLICT (_id) DO UPDATE SET slot = excluded.slot, rate = excluded.rate, paused_until = excluded.paused_until
"""
_HOLD = """
    INSERT INTO leases (_id, owner, until) VALUES (:name, :owner, :until)
    ON CONFLICT (_id) DO UPDATE SET owner = :owner, until = :until WHERE leases.until <= :now
"""
_HELD_UNTIL = "SELECT until FROM leases WHERE _id = ?"
_RELEASE = "UPDATE leases SET owner = NULL, until = ? WHERE _id = ? AND owner = ?"


def _read(rows: list[Row]) -> Budget | None:
    if not rows:
        return None
    slot, rate, paused_until = cast("tuple[int, float, int | None]", rows[0])
    return Budget(EPOCH + timedelta(milliseconds=slot), rate, read_moment(paused_until))


class SqliteBudgetStore:
    """`BudgetStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take_slot(self, name: str, now: datetime, *, per_minute: float, earned: float) -> Budget:
        """Reserve the next moment at which the game may be asked; one atomic write."""
        return await self._changed(name, lambda known: taken(known, now, per_minute=per_minute, earned=earned))

    async def slow_down(self, name: str, now: datetime, *, until: datetime) -> Budget:
        """Halve the rate, and let no slot lie before `until`; one atomic write."""
        return await self._changed(name, lambda known: slowed(known, now, until=until))

    async def _changed(self, name: str, change: Callable[[Budget | None], Budget]) -> Budget:
        def write(turn: Turn) -> Budget:
            budget = change(_read(turn.rows(_PEEK, [name])))
            moments = milliseconds(budget.slot), stored_moment(budget.paused_until)
            turn.run_many(_PUT, [[name, moments[0], budget.rate, moments[1]]])
            return budget

        return await self._database.write(write)

    async def peek_budget(self, name: str) -> Budget | None:
        """The budget as it is; None when it was never used."""
        return _read(await self._database.read(_PEEK, [name]))

    async def hold_player(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Reserve a player for a call; None when that worked, else when they are free at the latest.

        Whoever holds the player already does not get them a second time.
        """
        moments = {"now": milliseconds(now), "until": milliseconds(until)}
        values: dict[str, Value] = {"name": name, "owner": owner, **moments}

        def hold(turn: Turn) -> datetime | None:
            if turn.run_many(_HOLD, [values]):
                return None
            [[held_until]] = turn.rows(_HELD_UNTIL, [name])
            return read_moment(held_until)

        return await self._database.write(hold)

    async def release_player(self, name: str, owner: str, free_at: datetime) -> None:
        """End a call: from `free_at` on the player may be asked again. Nothing if it is not held by `owner`."""
        values: list[Value] = [milliseconds(free_at), name, owner]
        await self._database.write(lambda turn: turn.run_many(_RELEASE, [values]))

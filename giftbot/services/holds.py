"""Players, reserved for one call at a time, across all processes."""

from __future__ import annotations

from datetime import timedelta

import structlog

from giftbot.errors import StoreError
from giftbot.models.ids import PlayerId
from giftbot.services.ports import BudgetStore, Clock

_log = structlog.get_logger(__name__)

LEASE = 60.0
"""Seconds that a player is reserved for at most: so long they are not asked after a crash."""
AGAIN = 0.05
"""Seconds, at least, before a player is tried again whom somebody else holds."""


class Holds:
    """The players of one game that this process holds."""

    def __init__(self, *, name: str, store: BudgetStore, clock: Clock, owner: str) -> None:
        self._name = name
        self._store = store
        self._clock = clock
        self._owner = owner

    async def hold(self, player_id: PlayerId) -> float | None:
        """Reserve a player; None when that worked, else in how many seconds to try again at the latest.

        Raises `StoreError`: then they may be reserved, or not.
        """
        now = self._clock.now()
        until = now + timedelta(seconds=LEASE)
        held_until = await self._store.hold_player(self._key(player_id), self._owner, now, until)
        return None if held_until is None else max(AGAIN, (held_until - now).total_seconds())

    async def release(self, player_id: PlayerId, rest: float) -> float:
        """Give a player back, who then rests for so many seconds; from which monotonic moment on they are free.

        If the store is away the reservation has to run out before that.
        """
        now, free_at = self._clock.monotonic(), self._clock.now() + timedelta(seconds=rest)
        try:
            await self._store.release_player(self._key(player_id), self._owner, free_at)
        except StoreError as error:
            _log.warning("player not released", player=player_id, why=str(error))
        return now + rest

    def _key(self, player_id: PlayerId) -> str:
        return f"{self._name}:{player_id}"

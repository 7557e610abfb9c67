"""Players, held for a shorter time than in production: whom a dead bot held is soon free."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from giftbot.services.ports import Store
from tests.crash.different import Different


class _HoldingShortly(Different):
    """A store whose players are held for part of the time that they are asked to be held for."""

    _inner: Store

    def __init__(self, inner: Store, scale: float) -> None:
        super().__init__(inner)
        self._scale = scale

    async def hold_player(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        return await self._inner.hold_player(name, owner, now, now + (until - now) * self._scale)


def holding_shortly(store: Store, scale: float) -> Store:
    """The store, with players held for `scale` times as long."""
    return store if scale == 1.0 else cast("Store", _HoldingShortly(store, scale))

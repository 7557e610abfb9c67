"""Writing down what the game answered: in groups, each on disk before its player may be asked again."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.redemption import Redemption
from giftbot.services.groups import Groups
from giftbot.services.ports import RedemptionStore


class Records:
    """Collects the answers that come while one group is being written, and writes them as the next group."""

    def __init__(self, store: RedemptionStore) -> None:
        self._store = store
        self._groups: Groups[Redemption, None] = Groups(self._write, keep_abandoned=True)

    async def write(self, row: Redemption) -> None:
        """Return when it is stored. Raises `StoreError` when it may not be.

        A caller that is cancelled leaves the answer behind to be written.
        """
        await self._groups.put(row)

    async def aclose(self) -> None:
        """Return when everything that was handed in is written, or could not be."""
        await self._groups.aclose()

    async def _write(self, rows: Sequence[Redemption]) -> Sequence[None]:
        await self._store.record(rows)
        return [None] * len(rows)

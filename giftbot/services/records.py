"""Writing down what the game answered: in groups, each on disk before its player may be asked again."""

from __future__ import annotations

import asyncio

from giftbot.models.redemption import Redemption
from giftbot.services.ports import RedemptionStore


class Records:
    """Collects the answers that come while one group is being written, and writes them as the next group."""

    def __init__(self, store: RedemptionStore) -> None:
        self._store = store
        self._waiting: list[tuple[Redemption, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def write(self, row: Redemption) -> None:
        """Return when it is stored. Raises `StoreError` when it may not be.

        A caller that is cancelled leaves the answer behind to be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def aclose(self) -> None:
        """Return when everything that was handed in is written, or could not be."""
        if self._flushing is not None:
            await self._flushing

    async def _flush(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting, []
            failure: Exception | None = None
            try:
                await self._store.record([row for row, _ in group])
            except Exception as error:
                failure = error
            for _, done in group:
                if done.done():  # a caller that was cancelled does not ask any more
                    continue
                if failure is None:
                    done.set_result(None)
                else:
                    done.set_exception(failure)

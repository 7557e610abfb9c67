"""Those who wait for a server's invites to be looked at."""

from __future__ import annotations

import asyncio

from giftbot.errors import InviteLookError
from giftbot.models.invite_batch import Ledger


class Refreshes:
    """Futures that the next look, or its failure, answers."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[Ledger]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self) -> asyncio.Future[Ledger]:
        """One more who waits."""
        waiting: asyncio.Future[Ledger] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def answer(self, ledger: Ledger) -> None:
        """Tell all of them what came of it."""
        for future in self._taken():
            future.set_result(ledger)

    def fail(self, error: InviteLookError) -> None:
        """Tell all of them why nothing came of it."""
        for future in self._taken():
            future.set_exception(error)

    def _taken(self) -> list[asyncio.Future[Ledger]]:
        waiting, self._waiting = self._waiting, []
        return [future for future in waiting if not future.done()]

"""Looks at a server's invites that are wanted though no member waits, and those who wait for them."""

from __future__ import annotations

import asyncio

from giftbot.errors import InviteLookError
from giftbot.models.invite_batch import Ledger


class Refreshes:
    """Futures that the next look, or its failure, answers."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[Ledger]] = []
        self.is_wanted = False
        """Whether a look is wanted, whoever waits."""

    def __bool__(self) -> bool:
        return self.is_wanted or bool(self._waiting)

    def want(self) -> None:
        """Have the bot look, though nobody waits for that."""
        self.is_wanted = True

    def add(self) -> asyncio.Future[Ledger]:
        """One more who waits."""
        self.want()
        waiting: asyncio.Future[Ledger] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def answer(self, ledger: Ledger) -> None:
        """Tell all of them what came of it."""
        self.is_wanted = False
        for future in self._taken():
            future.set_result(ledger)

    def fail(self, error: InviteLookError, *, again: bool = False) -> None:
        """Tell all of them why nothing came of it; with `again` the look is wanted still."""
        self.is_wanted = self.is_wanted and again
        for future in self._taken():
            future.set_exception(error)

    def _taken(self) -> list[asyncio.Future[Ledger]]:
        waiting, self._waiting = self._waiting, []
        return [future for future in waiting if not future.done()]

"""A server's looks: the one in flight, those that wait to be told apart, and when the next may begin."""

from __future__ import annotations

import asyncio

import structlog

from giftbot.errors import InviteLookError
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import Ledger
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.looking import Looker

_log = structlog.get_logger(__name__)

RAID = 20
"""So many who wait make a raid: looks are rarer then."""
CHAIN = 8
"""Looks that may be waiting to be told apart."""


class Flight:
    """Keeps one look in flight at most. Pauses are in seconds."""

    def __init__(self, guild_id: GuildId, looker: Looker) -> None:
        self._guild_id = guild_id
        self._looker = looker
        self._clock, self._times = looker.clock, looker.times
        self.looks: list[Look] = []
        """Answers that no decision has used up."""
        self.task: asyncio.Task[Look] | None = None
        """The look in flight."""
        self.failures = 0
        """How many looks in a row failed."""
        self._not_before = 0.0
        self._chain_since: float | None = None

    def start(self, ledger: Ledger, *, paced: bool, waiting: int) -> float:
        """Begin a look, or say when one may begin. `waiting` is how many wait for it."""
        if self.task is not None:
            return self._times.idle
        pause = self._not_before - self._clock.monotonic()
        if pause > 0:
            return pause
        self.task = asyncio.create_task(self._looker.look(ledger, paced=paced))
        if waiting > RAID:
            self._not_before = self._clock.monotonic() + self._times.raid_pause
        return self._times.idle

    def ask_vanity(self) -> float:
        """Complete the last look by the server's own address."""
        if self.task is None:
            self.task = asyncio.create_task(self._looker.with_vanity(self._guild_id, self.looks.pop()))
        return self._times.idle

    def land(self) -> InviteLookError | None:
        """Take the answer of the look in flight, if it is there; why it failed, if it did."""
        task = self.task
        if task is None or not task.done():
            return None
        self.task = None
        try:
            self.looks.append(task.result())
        except InviteLookError as error:
            self.failures += 1
            pause = min(self._times.retry * 2 ** min(self.failures - 1, 10), self._times.retry_limit)
            self._not_before = self._clock.monotonic() + pause
            _log.warning("invites not seen", guild=self._guild_id, why=str(error), again_in=pause)
            return error
        self.failures = 0
        if self._chain_since is None:
            self._chain_since = self._clock.monotonic()
        return None

    @property
    def is_long(self) -> bool:
        """Whether the looks have waited to be told apart for too long."""
        since = self._chain_since
        return len(self.looks) >= CHAIN or (
            since is not None and self._clock.monotonic() - since >= self._times.chain
        )

    def use_up(self, count: int) -> None:
        """A decision has dealt with so many looks, from the first."""
        del self.looks[:count]
        self._chain_since = self._clock.monotonic() if self.looks else None

    def clear(self) -> None:
        """Forget all looks, also the one in flight: the ledger that they are compared with is another one now."""
        self.looks.clear()
        self._chain_since = None
        self.cancel()

    def cancel(self) -> None:
        """Give up the look in flight."""
        if self.task is not None:
            self.task.cancel()
            self.task = None

"""A server's looks: the one in flight, those that wait to be told apart, and when the next may begin."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from giftbot.errors import InviteLookError
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.traces import separable

_log = structlog.get_logger(__name__)

RAID = 20
"""So many who wait make a raid: looks are rarer then."""
CHAIN = 8
"""Looks that may be waiting to be told apart."""
OVERLAPPING = 2
"""With so many looks that wait to be told apart, the next one waits for the grace of the last."""


class Flight:
    """Keeps one request in flight at most. Pauses are in seconds."""

    def __init__(self, guild_id: GuildId, looker: Looker) -> None:
        self._guild_id = guild_id
        self._looker = looker
        self._clock, self._times = looker.clock, looker.times
        self.looks: list[Look] = []
        """Answers that no decision has used up."""
        self._request: asyncio.Task[Look] | None = None
        self._graces: list[asyncio.Task[Look]] = []
        self._answered: Look | None = None
        self.failures = 0
        """How many looks in a row failed."""
        self._not_before = 0.0
        self._chain_since: float | None = None

    @property
    def tasks(self) -> set[asyncio.Task[Look]]:
        """The request in flight, and answers in their grace."""
        return {*self._graces, *([] if self._request is None else [self._request])}

    def start(self, ledger: Ledger, *, paced: bool, waiting: int, newest: int) -> float:
        """Begin a look, or say when one may begin. `waiting` is how many wait, `newest` the last of their `seq`s.

        While few looks wait to be told apart, it does not wait for the grace of the one before: whoever comes in
        that is told apart the better. But a look that was asked after all of them were heard is enough.
        """
        if self._request is not None or (self._graces and not self._may_overlap(newest)):
            return self._times.idle
        pause = self._not_before - self._clock.monotonic()
        if pause > 0:
            return pause
        self._request = asyncio.create_task(self._looker.look(ledger, paced=paced))
        if waiting > RAID:
            self._not_before = self._clock.monotonic() + self._times.raid_pause
        return self._times.idle

    def _may_overlap(self, newest: int) -> bool:
        is_later = self._answered is not None and newest > self._answered.asked_seq
        return is_later and len(self.looks) + len(self._graces) < OVERLAPPING

    def ask_vanity(self) -> float:
        """Complete the last look by the server's own address."""
        if not self.tasks:
            self._request = asyncio.create_task(self._looker.with_vanity(self._guild_id, self.looks.pop()))
        return self._times.idle

    def land(self) -> InviteLookError | None:
        """Take the answers that are there and whole; why the request in flight failed, if it did."""
        error = self._answer()
        while self._graces and self._graces[0].done():
            self.looks.append(self._graces.pop(0).result())
            if self._chain_since is None:
                self._chain_since = self._clock.monotonic()
        return error

    def _answer(self) -> InviteLookError | None:
        request = self._request
        if request is None or not request.done():
            return None
        self._request = None
        try:
            self._answered = request.result()
        except InviteLookError as error:
            self.failures += 1
            pause = min(self._times.retry * 2 ** min(self.failures - 1, 10), self._times.retry_limit)
            self._not_before = self._clock.monotonic() + pause
            _log.warning("invites not seen", guild=self._guild_id, why=str(error), again_in=pause)
            return error
        self.failures = 0
        self._graces.append(asyncio.create_task(self._looker.settled(self._answered)))
        return None

    @property
    def is_long(self) -> bool:
        """Whether the looks have waited to be told apart for too long."""
        since = self._chain_since
        return len(self.looks) >= CHAIN or (
            since is not None and self._clock.monotonic() - since >= self._times.chain
        )

    def sort_out(self, told: Sequence[InviteEvent]) -> None:
        """Drop the looks of which nobody knows what they counted, but for the last."""
        self.looks = separable(self.looks, told)

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
        """Give up what is in flight."""
        for task in self.tasks:
            task.cancel()
        self._request, self._graces = None, []

"""Hands out turns to ask the game: reserves moments in the store, and gives each to whoever is next then."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime

import structlog

from giftbot.errors import GameHaltedError, StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import PlayerId
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.breaker import Breaker
from giftbot.services.ports import Clock
from giftbot.services.slots import TICK, Slots
from giftbot.services.turns import Turn, Turns, Waiter
from giftbot.text import governor as text

_log = structlog.get_logger(__name__)

MOST = 64
"""Calls on their way at once, at most; so many only where the game sets no limits. What they ask of the store goes
in groups, and half as many calls would be twice as many groups."""
AWAY = 2.0
"""Seconds between two tries while the store is away."""


class Desk:
    """Where the calls of this process wait. Its worker starts when the first one comes."""

    def __init__(self, *, slots: Slots, breaker: Breaker, clock: Clock, closed: str | None) -> None:
        """Take the reason for which nobody is served; None when there is none."""
        self._slots = slots
        self._breaker = breaker
        self._clock = clock
        self._turns = Turns()
        self._worker: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._away_until = 0.0
        self.in_flight = 0
        """Turns that were given out, and are not over."""
        self.away: str | None = None
        """Why the store keeps everybody waiting, as a sentence; None when it does not."""
        self.closed = closed
        """Why nobody is served any more, as a sentence; None while they are."""

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._turns)

    @property
    def refusal(self) -> GameAnswer | None:
        """What whoever cannot wait is told while the game seems broken; None when it does not."""
        wait = self._breaker.wait
        if wait <= 0:
            return None
        retry_after = None if wait == math.inf else wait
        return GameAnswer(RedemptionOutcome.RETRY, text.GAME_LEFT_ALONE, retry_after=retry_after)

    def open(self) -> None:
        """Start the worker, if it does not run."""
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="governor")

    def close(self, reason: str) -> None:
        """Serve nobody any more; whoever waits gets `GameHaltedError`."""
        self.closed = reason
        for waiter in self._turns.dismiss():
            if not waiter.turn.done():
                waiter.turn.set_exception(GameHaltedError(reason))

    async def drain(self, timeout: float) -> None:
        """End the worker, and wait so many seconds for the turns in use to be over."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        try:
            async with asyncio.timeout(timeout):
                while self.in_flight:
                    self._woken.clear()
                    await self._woken.wait()
        except TimeoutError:
            _log.warning("calls to the game did not end in time", calls=self.in_flight)

    async def turn_of(self, waiter: Waiter) -> Turn | GameAnswer:
        """Wait for a turn, or for an answer that makes it needless. Raises `GameHaltedError`."""
        if self.closed is not None:
            raise GameHaltedError(self.closed)
        if waiter.urgent and (refusal := self.refusal) is not None:
            return refusal
        self.open()
        waiter.turn = asyncio.get_running_loop().create_future()
        self._turns.join(waiter)
        self._woken.set()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            self._turns.leave(waiter)
            if waiter.turn.done() and not waiter.turn.cancelled() and waiter.turn.exception() is None:
                given = waiter.turn.result()
                if isinstance(given, Turn):
                    self.free(waiter.player_id, self._clock.monotonic())
                    self.give_back(given)
            raise

    def may_use(self, turn: Turn) -> bool:
        """Whether the call of this turn may begin right now. Raises `GameHaltedError`."""
        if self.closed is not None:
            raise GameHaltedError(self.closed)
        return (turn.canary or self._breaker.is_closed) and self._slots.is_good(turn.moment)

    def give_back(self, turn: Turn) -> None:
        """Let the next one have a turn that was not used, if it is still good."""
        self.in_flight -= 1
        if turn.canary:
            self._breaker.abandon()
        self._hand_out(turn.moment)
        self._woken.set()

    def end(self) -> None:
        """Note that a turn was used, and is over."""
        self.in_flight -= 1
        self._woken.set()

    def free(self, player_id: PlayerId, at: float) -> None:
        """Let somebody else ask for the player of a turn from this monotonic moment on."""
        self._turns.free(player_id, at)
        self._woken.set()

    def send_urgent_away(self) -> None:
        """Tell those who cannot wait that the game seems broken."""
        refusal = self.refusal
        if refusal is None:
            return
        for waiter in self._turns.dismiss(only_urgent=True):
            if not waiter.turn.done():
                waiter.turn.set_result(refusal)

    def note_away(self, error: StoreError) -> None:
        """Serve nobody for a moment, because the store failed."""
        if self.away is None:
            _log.warning("the governor waits for the store", why=str(error))
        self.away = str(error)
        self._away_until = self._clock.monotonic() + AWAY

    async def _work(self) -> None:
        while True:
            try:
                await self._round()
            except StoreError as error:
                self.note_away(error)
            except Exception:
                _log.exception("a round of the governor failed", ref=new_reference())
                self._away_until = self._clock.monotonic() + AWAY

    async def _round(self) -> None:
        """Give out one turn; or, when calls are not paced, as many as may be."""
        if (wait := self._wait()) > 0:
            await self._rest(wait)
        elif self._slots.are_free:
            while self.in_flight < MOST and self._hand_out(None):
                pass
        else:
            moment = await self._slots.take()
            self.away = None
            await self._slots.reach(moment)
            self._hand_out(moment)

    def _wait(self) -> float:
        """Seconds until a turn may be given out: 0 when it may now, infinite when something has to happen first."""
        if self.in_flight >= MOST:
            return math.inf
        now = self._clock.monotonic()
        return max(self._slots.pause, self._breaker.wait, self._away_until - now, self._turns.wait(now))

    async def _rest(self, seconds: float) -> None:
        """Return after so many seconds, or when something happened."""
        self._woken.clear()
        if seconds == math.inf:
            await self._woken.wait()
            return
        timer = asyncio.create_task(self._clock.sleep(max(seconds, TICK)))
        wake = asyncio.create_task(self._woken.wait())
        try:
            await asyncio.wait((timer, wake), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            wake.cancel()

    def _hand_out(self, moment: datetime | None) -> bool:
        """Give the turn of this moment to whoever is next, if it is good for anything; whether it was."""
        now = self._clock.monotonic()
        while self._may_hand_out(moment, now) and (waiter := self._turns.take(now)) is not None:
            if waiter.turn.done():  # cancelled a moment ago
                self._turns.free(waiter.player_id, now)
                continue
            turn = Turn(moment, canary=self._breaker.begin())
            self.in_flight += 1
            waiter.turn.set_result(turn)
            if turn.canary:
                self.send_urgent_away()
            return True
        return False

    def _may_hand_out(self, moment: datetime | None, now: float) -> bool:
        return self._breaker.wait <= 0 and self._away_until <= now and self._slots.is_good(moment)

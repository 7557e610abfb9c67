"""The governor: every call to the game, from whichever path, waits here for its turn.

The desk gives out turns. The call itself runs in the task of the one who asked: hold the player, ask, let go; so
that a task that is cancelled leaves nothing behind. The desk's worker starts with the first `ask`: `ops` needs no
`run`; but whoever builds a governor has to `stop` it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.models.code import GiftCode
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.pace import BreakerState, Pace
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.breaker import Breaker
from giftbot.services.desk import Desk
from giftbot.services.errands import Errands
from giftbot.services.holds import LEASE, Holds
from giftbot.services.lessons import Lessons
from giftbot.services.notices import Notices
from giftbot.services.ports import BudgetStore, Clock, Game
from giftbot.services.slots import Slots
from giftbot.services.turns import Turn, Waiter
from giftbot.text import governor as text

_log = structlog.get_logger(__name__)

CALL = 30.0
"""Seconds that one call may take; the game's client ends it before."""
LATEST = 15.0
"""Seconds that may pass between turn and call: together with the call they end before the player's lease does."""
LOOK_AGAIN = 3.0
"""Seconds after which a player is tried again whom another process holds: most are let go of long before their
reservation ends."""
DRAIN = 10.0
"""Seconds that a stopping process waits for what is on its way."""

Before = Callable[[], Awaitable[GameAnswer | int | None]]
"""Gives an answer that makes the call needless, or the kingdom to ask in when that is another one by now."""
After = Callable[[GameAnswer], Awaitable[None]]


@attrs.define
class _Call:
    """A turn in use."""

    turn: Turn
    waiter: Waiter
    began: datetime
    """When its turn came; once the call is made, when that began."""
    begun: Callable[[], None] | None
    """Who hears that the call begins."""
    is_made: bool = False
    is_judged: bool = False


class Governor:
    """Paces the calls to one game. Every process that calls it has one, over the same store."""

    def __init__(
        self,
        *,
        game: Game,
        store: BudgetStore,
        clock: Clock,
        per_minute: float,
        spacing: float,
        owner: str,
        notices: Notices | None = None,
    ) -> None:
        """Take the budget in calls a minute (0 is off), and the seconds that a player rests after a call.

        `owner` is a name of this process incarnation that no other ever had.
        """
        self._game = game
        self._clock = clock
        self._per_minute = per_minute
        self._spacing = spacing
        self._slots = Slots(name=game.name, store=store, clock=clock, per_minute=per_minute)
        self._holds = Holds(name=game.name, store=store, clock=clock, owner=owner)
        self._breaker = Breaker(clock)
        self.errands = Errands(clock)
        """What nobody waits for; it is done, or ended, when the governor has stopped."""
        self._lessons = Lessons(
            game=game.name,
            slots=self._slots,
            breaker=self._breaker,
            errands=self.errands,
            notices=notices,
            clock=clock,
        )
        closed = text.REDEEMING_OFF if per_minute <= 0 else None
        self._desk = Desk(slots=self._slots, breaker=self._breaker, clock=clock, closed=closed)
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Hand out turns until stopped. A store that is away pauses it, and loses nothing."""
        self._desk.open()
        await self._ended.wait()

    async def stop(self) -> None:
        """Let no more calls begin; whoever waits gets `GameHaltedError`. What is on its way has `DRAIN` seconds."""
        self._desk.close(self._desk.closed or text.REDEEMING_STOPS)
        await self._desk.drain(DRAIN)
        await self.errands.aclose(DRAIN)
        self._ended.set()

    async def ask(
        self,
        *,
        guild_id: GuildId,
        player_id: PlayerId,
        kingdom: int,
        code: GiftCode,
        urgent: bool = False,
        before: Before | None = None,
        begun: Callable[[], None] | None = None,
        after: After | None = None,
    ) -> GameAnswer:
        """Wait for a turn, then ask the game once.

        While nobody else may ask for the player, `before` may spare it the call or change the kingdom, `begun`
        hears that the call begins, and `after` gets the answer, to note it. Raises what these raise, and
        `GameHaltedError` when nobody is asked (any more). While the game seems broken `urgent` ones, for whom a
        person waits, are told to retry at once.
        """
        waiter = Waiter(guild_id, player_id, kingdom, code, urgent)
        while True:
            turn = await self._desk.turn_of(waiter)
            if isinstance(turn, GameAnswer):
                if after is not None:
                    await after(turn)
                return turn
            answer = await self._use(_Call(turn, waiter, self._clock.now(), begun), before, after)
            if answer is not None:
                return answer

    def eta(self, calls: int) -> float | None:
        """Seconds for so many more calls at the present rate, behind all that wait; None when nobody is asked."""
        if self._desk.closed is not None:
            return None
        rests = max(self._slots.pause, 0.0 if self._breaker.wait == math.inf else self._breaker.wait)
        return rests + (self._desk.waiting + calls) * 60 / self._slots.rate

    @property
    def state(self) -> Pace:
        """How it goes, for status pages."""
        is_open = self._breaker.state is BreakerState.OPEN
        return Pace(
            per_minute=self._per_minute,
            rate=self._slots.rate,
            waiting=self._desk.waiting,
            in_flight=self._desk.in_flight,
            paused_until=self._slots.paused_until,
            breaker=self._breaker.state,
            canary_at=self._clock.now() + timedelta(seconds=self._breaker.wait) if is_open else None,
            halted=self._desk.closed,
            store_away=self._desk.away,
        )

    async def _use(self, call: _Call, before: Before | None, after: After | None) -> GameAnswer | None:
        """Make the call of a turn; None when it has to wait for another one."""
        player_id = call.waiter.player_id
        holding = asyncio.ensure_future(self._holds.hold(player_id))
        try:
            elsewhere = await asyncio.shield(holding)
        except StoreError as error:  # the player may be held, or not
            self._desk.note_away(error)
            self._end(call)
            return None
        except BaseException:  # as above; the store may not even have begun with it
            self._end(call, holding)
            raise
        if elsewhere is not None:
            self._desk.free(player_id, self._clock.monotonic() + min(elsewhere, LOOK_AGAIN))
            self._desk.give_back(call.turn)
            return None
        try:
            known = await before() if before is not None else None
            if isinstance(known, int):
                call.waiter.kingdom = known
            answer = known if isinstance(known, GameAnswer) else None
            if answer is None and await self._may_begin(call):
                answer = await self._make(call)
            if answer is not None and after is not None:
                await after(answer)
            return answer
        finally:
            self._end(call)

    async def _may_begin(self, call: _Call) -> bool:
        """Wait for the turn's moment; whether the call may begin then."""
        self._slots.note_delay(self._since(call.began))
        if call.turn.moment is not None:
            await self._slots.reach(call.turn.moment, lead=0.0)
        return self._desk.may_use(call.turn) and self._since(call.began) <= LATEST

    def _since(self, moment: datetime) -> float:
        return (self._clock.now() - moment).total_seconds()

    async def _make(self, call: _Call) -> GameAnswer:
        """Ask the game, and learn from its answer."""
        waiter, call.began, call.is_made = call.waiter, self._clock.now(), True
        if call.begun is not None:
            call.begun()
        try:
            async with asyncio.timeout(CALL):
                answer = await self._game.redeem(waiter.player_id, waiter.kingdom, waiter.code.display)
        except TimeoutError:
            answer = GameAnswer(RedemptionOutcome.RETRY, text.NO_ANSWER_IN_TIME, broken=True)
        except Exception:
            _log.exception("a call to the game failed", game=self._game.name, ref=new_reference())
            answer = GameAnswer(RedemptionOutcome.RETRY, text.CALL_FAILED, broken=True)
        call.is_judged = True
        self._lessons.learn(answer, began=call.began, canary=call.turn.canary)
        if self._lessons.halted is not None:
            self._desk.close(self._lessons.halted)
        elif self._breaker.wait > 0:
            self._desk.send_urgent_away()
        return answer

    def _end(self, call: _Call, holding: asyncio.Future[float | None] | None = None) -> None:
        """Let go of the player, without keeping the answer back for it; a turn that was not used is given back.

        What is `holding` the player still comes to its end first: the other way round they would stay held.
        """
        rest = self._spacing if call.is_made else 0.0
        self.errands.start(self._let_go(call.waiter.player_id, rest, holding))
        if not call.is_made:
            self._desk.give_back(call.turn)
            return
        if call.turn.canary and not call.is_judged:
            self._breaker.abandon()
        self._desk.end()

    async def _let_go(self, player_id: PlayerId, rest: float, holding: asyncio.Future[float | None] | None) -> None:
        free_at = self._clock.monotonic() + LEASE
        try:
            if holding is not None:
                await asyncio.gather(holding, return_exceptions=True)
            free_at = await self._holds.release(player_id, rest)
        finally:
            self._desk.free(player_id, free_at)

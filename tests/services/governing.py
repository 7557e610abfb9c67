"""What tests of the governor share: codes, governors over one store, and what is true of all calls."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import timedelta

import attrs

from giftbot.models.code import CodeStatus, GiftCode, display_form, fold
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.governor import After, Before, Governor
from giftbot.services.notices import Notices
from giftbot.services.ports import BudgetStore, Clock
from tests.fakes import START, Asked, MemoryBudgets, ScriptedGame
from tests.virtual_time import VirtualClock

TOO_FAST = GameAnswer(RedemptionOutcome.RETRY, "429", throttled=True)
BROKEN = GameAnswer(RedemptionOutcome.RETRY, "502", broken=True)
REFUSED = GameAnswer(RedemptionOutcome.REFUSED_SIGNATURE, "40002 sign error")


def gift_code(name: str = "Gift1", *, age: float = 0) -> GiftCode:
    """An active code that was first seen `age` hours ago."""
    seen = START - timedelta(hours=age)
    return GiftCode(
        key=fold(name), display=display_form(name), status=CodeStatus.ACTIVE, created_at=seen, updated_at=seen
    )


@attrs.define
class Stage:
    """A game, a store, and governors over them, on a virtual clock."""

    clock: VirtualClock = attrs.Factory(VirtualClock)
    per_minute: float = 30
    spacing: float = 2.5
    game: ScriptedGame = attrs.field(default=attrs.Factory(lambda self: ScriptedGame(self.clock), takes_self=True))
    store: MemoryBudgets = attrs.field(
        default=attrs.Factory(lambda self: MemoryBudgets(self.clock), takes_self=True)
    )
    _made: int = 0

    def governor(self, *, notices: Notices | None = None, store: BudgetStore | None = None) -> Governor:
        """Another governor, as another process would have it."""
        self._made += 1
        return Governor(
            game=self.game,
            store=store or self.store,
            clock=self.clock,
            per_minute=self.per_minute,
            spacing=self.spacing,
            owner=f"process {self._made}",
            notices=notices,
        )


def ask(
    governor: Governor,
    player: int | str = 1,
    *,
    guild: int = 1,
    code: GiftCode | None = None,
    urgent: bool = False,
    before: Before | None = None,
    after: After | None = None,
) -> asyncio.Task[GameAnswer]:
    """Somebody asks, in a task of their own."""
    return asyncio.create_task(
        governor.ask(
            guild_id=GuildId(guild),
            player_id=PlayerId(str(player)),
            kingdom=312,
            code=code or gift_code(),
            urgent=urgent,
            before=before,
            after=after,
        )
    )


def ask_many(governor: Governor, count: int, *, first: int = 1, guild: int = 1) -> list[asyncio.Task[GameAnswer]]:
    """Players with the numbers from `first` on ask, in this order."""
    return [ask(governor, number, guild=guild) for number in range(first, first + count)]


async def settle(clock: Clock, seconds: float = 0.0) -> None:
    """Let so many seconds pass, and what happens meanwhile happen."""
    await clock.sleep(seconds)
    for _ in range(20):
        await asyncio.sleep(0)


async def break_game(stage: Stage, governor: Governor) -> None:
    """Let the game fail five times, so that the breaker opens; after that it answers again."""
    stage.game.says = [BROKEN] * 5
    await asyncio.gather(*ask_many(governor, 5))


def asked(stage: Stage) -> list[str]:
    """The players who were asked, in order."""
    return [call.player_id for call in stage.game.calls]


def moments(stage: Stage) -> list[float]:
    """When calls began, in seconds since the start."""
    return [call.began for call in stage.game.calls]


def busiest_minute(calls: Iterable[Asked]) -> int:
    """How many calls began in the fullest sliding minute."""
    moments = sorted(call.began for call in calls)
    return max((index + 1 - bisect_left(moments, at - 59.999) for index, at in enumerate(moments)), default=0)


def used(calls: Sequence[Asked], per_minute: float) -> float:
    """Which part of the budget was used from the first call to the last one."""
    moments = sorted(call.began for call in calls)
    return (len(moments) - 1) * 60 / per_minute / (moments[-1] - moments[0])


def closest(calls: Iterable[Asked]) -> float:
    """The shortest time between the end of a call and the beginning of the next one of the same player."""
    ends: dict[PlayerId, float] = {}
    shortest = float("inf")
    for call in sorted(calls, key=lambda call: call.began):
        assert call.ended is not None
        if call.player_id in ends:
            shortest = min(shortest, call.began - ends[call.player_id])
        ends[call.player_id] = call.ended
    return shortest

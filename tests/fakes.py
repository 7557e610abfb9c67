"""Fakes at the ports: a clock moved by hand, sources and a game that say what they are told, a listening owner."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import attrs

from giftbot.errors import SourceError, StoreUnavailableError
from giftbot.models.budget import Budget
from giftbot.models.code import Finding, display_form, fold
from giftbot.models.ids import ChannelId, GuildId, PlayerId
from giftbot.models.notice import Notice
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.models.source import Listing, Trust
from giftbot.services.ports import Clock
from giftbot.stores.pacing import slowed, taken

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@attrs.define
class ManualClock:
    """A clock that stands still until it is moved; sleeping moves it."""

    moment: datetime = START
    elapsed: float = 0.0

    def now(self) -> datetime:
        """The present moment."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.elapsed

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds, and let others run."""
        self.advance(seconds=seconds)
        await asyncio.sleep(0)

    def advance(self, **span: float) -> None:
        """Move on by a span, given as for `timedelta`."""
        step = timedelta(**span)
        self.moment += step
        self.elapsed += step.total_seconds()


@attrs.define
class ScriptedSource:
    """A source that lists what it is told; the same listing again counts as unchanged, as over HTTP."""

    name: str = "json"
    trust: Trust = Trust.TRUSTED
    url: str = "https://example.test/codes"
    listing: Listing = attrs.Factory(lambda: Listing(()))
    failure: Exception | None = None
    fetches: int = 0
    _answered: Listing | None = None

    def lists(self, *codes: str, **details: object) -> None:
        """List these codes from now on, each with the same details."""
        self.failure = None
        self.listing = listing_of(codes, **details)

    def fails(self, why: str = "it is down", *, retry_after: float | None = None) -> None:
        """Fail from now on."""
        self.failure = SourceError(why, retry_after=retry_after)

    async def fetch(self) -> Listing | None:
        """The listing; None when it was answered before."""
        self.fetches += 1
        if self.failure is not None:
            raise self.failure
        if self.listing is self._answered:
            return None
        self._answered = self.listing
        return self.listing

    async def aclose(self) -> None:
        """Nothing to give back."""


def listing_of(codes: Iterable[str], **details: object) -> Listing:
    """A listing of these codes, each with the same details."""
    return Listing(tuple(Finding(fold(code), display_form(code), **details) for code in codes))  # type: ignore[arg-type]


@attrs.define
class ListeningPeople:
    """Remembers what the owner and the admins were told."""

    reachable: bool = True
    owner: list[Notice] = attrs.Factory(list)
    admins: list[tuple[GuildId, str]] = attrs.Factory(list)
    free: asyncio.Event | None = None
    """Whoever tells the owner something has to wait for this; None when nobody has to wait."""

    async def tell_owner(self, notice: Notice) -> bool:
        """Listen as the owner."""
        if self.free is not None:
            await self.free.wait()
        if self.reachable:
            self.owner.append(notice)
        return self.reachable

    async def tell_admin(self, guild_id: GuildId, text: str) -> bool:
        """Listen as the admin of a server."""
        if self.reachable:
            self.admins.append((guild_id, text))
        return self.reachable


@attrs.define
class OpenChannels:
    """Channels in which the bot may do everything but what is named."""

    missing: tuple[str, ...] = ()

    async def missing_permissions(
        self, guild_id: GuildId, channel_id: ChannelId, *, ping_role_id: int | None = None
    ) -> tuple[str, ...]:
        """What is missing."""
        return self.missing


@attrs.define
class Asked:
    """One call to a game, in seconds of its clock's `monotonic`."""

    player_id: PlayerId
    kingdom: int
    code: str
    began: float
    ended: float | None = None
    """None while it is on its way."""


@attrs.define
class ScriptedGame:
    """A game that gives each player each code once, unless it is told what to say; it remembers who asked when."""

    clock: Clock
    name: str = "whiteout"
    site: str = "https://example.test/redeem"
    latency: Callable[[], float] = lambda: 0.3
    """Seconds that a call takes."""
    says: list[GameAnswer | Exception] = attrs.Factory(list)
    """What the next calls get, one each, the first first; an exception is raised."""
    always: GameAnswer | None = None
    """What all calls get after that."""
    calls: list[Asked] = attrs.Factory(list)
    granted: set[tuple[PlayerId, str]] = attrs.Factory(set)

    async def redeem(self, player_id: PlayerId, kingdom: int, code: str) -> GameAnswer:
        """Answer after a while. The answer is fixed, and a code granted, when the call begins."""
        asked = Asked(player_id, kingdom, code, self.clock.monotonic())
        self.calls.append(asked)
        answer = self._answer(player_id, code)
        try:
            await self.clock.sleep(self.latency())
        finally:
            asked.ended = self.clock.monotonic()
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _answer(self, player_id: PlayerId, code: str) -> GameAnswer | Exception:
        if self.says:
            return self.says.pop(0)
        if self.always is not None:
            return self.always
        is_new = (player_id, code) not in self.granted
        self.granted.add((player_id, code))
        if is_new:
            return GameAnswer(RedemptionOutcome.REDEEMED, "20000 SUCCESS")
        return GameAnswer(RedemptionOutcome.ALREADY, "40008 RECEIVED")


@attrs.define
class MemoryBudgets:
    """A `BudgetStore` in memory, with the arithmetic of the real ones. Several governors may share it."""

    clock: Clock
    latency: Callable[[], float] = lambda: 0.0
    """Seconds that an operation takes; the write happens at half of that time."""
    is_away: bool = False
    """Whether operations fail without having happened."""
    loses_answers: bool = False
    """Whether operations happen, and fail then."""
    budgets: dict[str, Budget] = attrs.Factory(dict)
    leases: dict[str, tuple[str | None, datetime]] = attrs.Factory(dict)
    """Owner (None after a release) and end, by name."""
    count: Counter[str] = attrs.Factory(Counter)
    """How often each operation was called."""

    async def take_slot(self, name: str, now: datetime, *, per_minute: float, earned: float) -> Budget:
        """Reserve the next moment."""
        await self._before("take_slot")
        budget = taken(self.budgets.get(name), now, per_minute=per_minute, earned=earned)
        self.budgets[name] = budget
        await self._after()
        return budget

    async def slow_down(self, name: str, now: datetime, *, until: datetime) -> Budget:
        """Halve the rate."""
        await self._before("slow_down")
        budget = self.budgets[name] = slowed(self.budgets.get(name), now, until=until)
        await self._after()
        return budget

    async def peek_budget(self, name: str) -> Budget | None:
        """The budget as it is."""
        await self._before("peek_budget")
        return self.budgets.get(name)

    async def hold_player(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        """Reserve a player, unless somebody has them."""
        await self._before("hold_player")
        _, held_until = self.leases.get(name, (None, now))
        if held_until <= now:
            self.leases[name] = (owner, until)
        await self._after()
        return None if held_until <= now else held_until

    async def release_player(self, name: str, owner: str, free_at: datetime) -> None:
        """End a reservation."""
        await self._before("release_player")
        if self.leases.get(name, (None, free_at))[0] == owner:
            self.leases[name] = (None, free_at)
        await self._after()

    async def _before(self, operation: str) -> None:
        self.count[operation] += 1
        await self._pass()
        if self.is_away:
            raise StoreUnavailableError("The store is out of reach (a test says so).")

    async def _after(self) -> None:
        await self._pass()
        if self.loses_answers:
            raise StoreUnavailableError("The store's answer got lost (a test says so).")

    async def _pass(self) -> None:
        latency = self.latency()
        await (self.clock.sleep(latency / 2) if latency else asyncio.sleep(0))

"""One server's attribution: its events in order, one look in flight, one decision after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import attrs
import structlog

from giftbot.errors import InviteLookError, StoreError
from giftbot.models.ids import GuildId, UserId, join_id
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join, Reason
from giftbot.services.invites.catch_up import missed
from giftbot.services.invites.deciding import decide, give_up, settle
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision, Look, Wanted
from giftbot.services.invites.inbox import Inbox
from giftbot.services.invites.ledgers import ledger_after
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.memberships import moment_of, receive
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

RAID = 20
"""So many who wait make a raid: looks are rarer then."""
CHAIN = 8
"""Looks that may be waiting to be told apart."""
STORE_AGAIN = 2.0
"""Seconds between two tries while the store is away."""


@attrs.frozen
class Tools:
    """What the actors of all servers share."""

    store: InviteStore
    looker: Looker
    publish: Callable[[InviteBatch], None]
    """Takes each batch once it is committed."""
    complain: Callable[[GuildId], None]
    """Told of a server in which the bot may not look."""


@attrs.define
class _Wait:
    """What the actor waits for besides events."""

    look: asyncio.Task[Look] | None = None
    failures: int = 0
    not_before: float = 0.0
    """Monotonic; after a look that failed, and in a raid."""
    roles_until: float | None = None
    chain_since: float | None = None


class GuildActor:
    """Decides who brought whom in one server. `run` is its only task; `tell` may be called at any time."""

    def __init__(self, guild_id: GuildId, tools: Tools) -> None:
        self._guild_id = guild_id
        self._tools = tools
        self._store, self._looker = tools.store, tools.looker
        self._clock, self._times = tools.looker.clock, tools.looker.times
        self._inbox = Inbox(guild_id, tools.store)
        self._wake = asyncio.Event()
        self._ledger = Ledger(guild_id)
        self._looks: list[Look] = []
        self._settled: dict[int, Arrival] = {}
        self._adders: dict[UserId, UserId | None] = {}
        self._wait = _Wait()
        self._is_away = False
        self._has_missed = False
        self._forced = False
        self._waiting: list[asyncio.Future[Ledger]] = []

    def tell(self, event: InviteEvent) -> None:
        """Take an event; nothing is awaited before it is in the queue."""
        self._inbox.put(event)
        self._wake.set()

    def catch_up(self) -> None:
        """Find out what happened while nobody watched, before the next decision."""
        self._has_missed = True
        self._wake.set()

    def refresh(self) -> asyncio.Future[Ledger]:
        """Look, even if nobody waits; the ledger that comes of it, or `InviteLookError`."""
        waiting: asyncio.Future[Ledger] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._forced = True
        self._wake.set()
        return waiting

    @property
    def is_busy(self) -> bool:
        """Whether something was told that is not dealt with, or somebody waits."""
        return bool(
            not self._inbox.is_empty or self._wake.is_set() or self._has_missed or self._forced or self._waiting
        )

    async def run(self) -> None:
        """Work until nothing was heard for a while; raises nothing but when it is cancelled."""
        try:
            await self._insist(self._begin)
            while True:
                self._wake.clear()
                pause = await self._insist(self._turn)
                await self._rest(self._times.idle if pause is None else pause)
                if pause is None and not self.is_busy:
                    return
        finally:
            if self._wait.look is not None:
                self._wait.look.cancel()
            self._answer(InviteLookError("The bot is stopping."))

    async def _insist(self, step: Callable[[], object]) -> float | None:
        """Take a step, again and again while the store is away: nothing is decided, nothing is forgotten."""
        while True:
            try:
                return await step()  # type: ignore[misc, no-any-return]
            except StoreError as error:
                _log.warning("attribution waits for the store", guild=self._guild_id, why=str(error))
                await self._clock.sleep(STORE_AGAIN)

    async def _begin(self) -> None:
        await self._store.repair_batches(self._guild_id)
        await self._reload()

    async def _reload(self) -> None:
        self._ledger = await self._store.get_ledger(self._guild_id) or Ledger(self._guild_id)
        await self._inbox.reload()
        self._looks.clear()
        self._settled.clear()

    async def _rest(self, seconds: float) -> None:
        """Wait for an event, the look that is in flight, or the time."""
        waits: set[asyncio.Task[object]] = {asyncio.create_task(self._wake.wait())}
        waits.add(asyncio.create_task(self._clock.sleep(max(seconds, 0.0))))
        watched = waits | ({self._wait.look} if self._wait.look is not None else set())
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _turn(self) -> float | None:
        """Do what can be done now; seconds until the next turn, None when there is nothing to wait for."""
        await self._inbox.keep()
        if self._has_missed:
            await self._look_after_absence()
        await self._take_look()
        reception = receive(
            self._unsettled(), await self._inbox.known(), now=self._clock.now(), was_away=self._is_away
        )
        if reception.changed or reception.consumed:
            await self._commit(self._without_look(reception.changed, reception.consumed))
            return 0.0
        return await self._attribute(list(reception.arrivals))

    def _unsettled(self) -> list[InviteEvent]:
        return [event for event in self._inbox.events if event.seq not in self._settled]

    async def _attribute(self, arrivals: list[Arrival]) -> float | None:
        now = self._clock.now()
        coverage = self._looker.directory.coverage(self._guild_id)
        if not arrivals and not self._forced and self._wait.look is None and not self._looks:
            self._is_away = False
            return await self._note_invites()
        circumstances = await self._circumstances(arrivals)
        if coverage is Coverage.NONE:
            self._tools.complain(self._guild_id)
            return await self._give_up(arrivals, circumstances, Reason.NO_PERMISSION)
        early = settle(self._ledger, arrivals, circumstances, now) if arrivals else None
        if early is not None:
            await self._settle(early, arrivals)
            return 0.0
        if self._looks:
            return await self._decide(arrivals, circumstances)
        oldest = min((arrival.event.received_at for arrival in arrivals), default=now)
        if self._wait.failures and now - oldest > timedelta(seconds=self._times.give_up):
            return await self._give_up(arrivals, circumstances, Reason.FETCH_FAILED)
        return self._start_look(paced=not arrivals or self._is_away)

    async def _decide(self, arrivals: list[Arrival], circumstances: Circumstances) -> float | None:
        monotonic = self._clock.monotonic()
        if self._wait.chain_since is None:
            self._wait.chain_since = monotonic
        final = len(self._looks) >= CHAIN or monotonic - self._wait.chain_since >= self._times.chain
        everybody = [*arrivals, *self._settled.values()]
        outcome = await asyncio.to_thread(
            decide,
            self._ledger,
            tuple(self._looks),
            everybody,
            circumstances,
            final=final,
            now=self._clock.now(),
        )
        if isinstance(outcome, Decision):
            await self._conclude(outcome)
            return 0.0
        if outcome is Wanted.LOOK:
            return self._start_look(paced=False)
        if outcome is Wanted.VANITY:
            return self._start_vanity()
        if self._wait.roles_until is None:
            self._wait.roles_until = monotonic + self._times.role_wait
        return self._wait.roles_until - monotonic

    async def _conclude(self, decision: Decision) -> None:
        self._wait.chain_since = self._wait.roles_until = None
        del self._looks[: decision.looks]
        if await self._commit(decision) and decision.looks:
            self._forced = False
            self._answer(None)

    async def _settle(self, decision: Decision, arrivals: list[Arrival]) -> None:
        if not await self._commit(decision):
            return
        joins = {join.join_id: join for join in decision.joins}
        for arrival in arrivals:
            user = arrival.event.user_id
            if user is None or arrival.event.seq not in decision.consumed:
                continue
            join = joins.get(join_id(self._guild_id, user, moment_of(arrival.event)))
            if join is not None and join.code is not None:
                self._settled[arrival.event.seq] = attrs.evolve(arrival, settled=join)

    async def _give_up(self, arrivals: list[Arrival], circumstances: Circumstances, reason: Reason) -> float | None:
        self._forced = False
        self._answer(InviteLookError("The bot may not see this server's invites.", permitted=False))
        if not arrivals:
            self._looks.clear()
            return await self._note_invites()
        await self._commit(give_up(self._ledger, arrivals, circumstances, reason, self._clock.now()))
        return 0.0

    async def _note_invites(self) -> float | None:
        """Write into the ledger what was told of invites, if nothing else waits for it."""
        told = self._inbox.about_invites
        if not told:
            return None
        await self._commit(self._without_look((), tuple(event.seq for event in told)))
        return 0.0

    def _without_look(self, joins: tuple[Join, ...], consumed: tuple[int, ...]) -> Decision:
        """A batch of what needs no deciding: who left, what was said twice, invites made and gone."""
        ledger = self._ledger
        for event in self._inbox.about_invites:
            if event.seq in consumed:
                ledger = ledger_after(ledger, event)
        number = ledger.number + 1
        last = max((ledger.last_seq, *consumed))
        return Decision(
            joins=tuple(attrs.evolve(join, batch=number) for join in joins),
            ledger=attrs.evolve(ledger, number=number, last_seq=last),
            consumed=consumed,
        )

    async def _commit(self, decision: Decision) -> bool:
        """Make it so; False when somebody else decided meanwhile: then everything is looked at anew."""
        batch = InviteBatch(
            guild_id=self._guild_id,
            number=decision.ledger.number,
            decided_at=self._clock.now(),
            joins=decision.joins,
            deltas=dict(decision.deltas),
            vanity_delta=decision.vanity_delta,
            ledger=decision.ledger,
            events=decision.consumed,
        )
        if not await self._store.commit_batch(batch):
            _log.info("another process decided first", guild=self._guild_id, batch=batch.number)
            await self._store.repair_batches(self._guild_id)
            await self._reload()
            return False
        self._ledger = decision.ledger
        self._inbox.drop(decision.consumed, decision.joins)
        for seq in decision.consumed if decision.looks else ():
            self._settled.pop(seq, None)
        self._tools.publish(batch)
        return True

    async def _circumstances(self, arrivals: list[Arrival]) -> Circumstances:
        directory = self._looker.directory
        for event in (arrival.event for arrival in arrivals):
            if event.is_bot and event.user_id is not None and event.user_id not in self._adders:
                self._adders[event.user_id] = await directory.adder(self._guild_id, event.user_id)
        until = self._wait.roles_until
        return Circumstances(
            bot_id=directory.bot_id,
            links=await self._store.list_links(self._guild_id),
            told=self._inbox.about_invites,
            adders=_without_nones(self._adders),
            has_vanity=directory.has_vanity(self._guild_id),
            audit=bool(self._looks) and self._looks[-1].revoked is not None,
            catch_up=self._is_away,
            role_wait_over=until is not None and self._clock.monotonic() >= until,
        )

    def _start_look(self, *, paced: bool) -> float:
        """Begin a look, or say when one may begin."""
        if self._wait.look is not None:
            return self._times.idle
        pause = self._wait.not_before - self._clock.monotonic()
        if pause > 0:
            return pause
        self._wait.look = asyncio.create_task(self._looker.look(self._ledger, paced=paced))
        waiting = sum(event.kind is InviteEventKind.JOINED for event in self._inbox.events)
        if waiting > RAID:
            self._wait.not_before = self._clock.monotonic() + self._times.raid_pause
        return self._times.idle

    def _start_vanity(self) -> float:
        if self._wait.look is None:
            self._wait.look = asyncio.create_task(self._looker.with_vanity(self._guild_id, self._looks.pop()))
        return self._times.idle

    async def _take_look(self) -> None:
        """Take the answer of the look in flight, if it is there."""
        look = self._wait.look
        if look is None or not look.done():
            return
        self._wait.look = None
        try:
            self._looks.append(look.result())
        except InviteLookError as error:
            self._wait.failures += 1
            pause = min(self._times.retry * 2 ** (self._wait.failures - 1), self._times.retry_limit)
            self._wait.not_before = self._clock.monotonic() + pause
            _log.warning("invites not seen", guild=self._guild_id, why=str(error), again_in=pause)
            self._forced = self._forced and error.permitted
            self._answer(error)
        else:
            self._wait.failures = 0
            await self._inbox.keep()

    async def _look_after_absence(self) -> None:
        """Compare who is there with who is stored as being there, before the baseline is replaced."""
        directory = self._looker.directory
        if directory.coverage(self._guild_id) is Coverage.NONE:
            self._has_missed = False
            return
        if self._ledger.taken_at is not None:
            try:
                members = await directory.members(self._guild_id)
            except InviteLookError as error:
                _log.warning("members not seen", guild=self._guild_id, why=str(error))
                await self._clock.sleep(self._times.retry)
                return
            events, gone = await missed(self._store, self._ledger, members, self._inbox.events, self._looker)
            for event in events:
                self._inbox.put(event)
            await self._inbox.keep()
            self._is_away = True
            if gone:
                await self._commit(self._without_look(gone, ()))
        self._has_missed = False
        self._forced = True

    def _answer(self, error: InviteLookError | None) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.done():
                continue
            if error is None:
                future.set_result(self._ledger)
            else:
                future.set_exception(error)


def _without_nones(adders: Mapping[UserId, UserId | None]) -> dict[UserId, UserId]:
    return {bot: adder for bot, adder in adders.items() if adder is not None}

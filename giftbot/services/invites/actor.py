"""One server's attribution: its events in order, one look in flight, one decision after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import InviteLookError, StoreError
from giftbot.models.ids import GuildId, join_id
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.join import Reason
from giftbot.services.invites.absence import Absence
from giftbot.services.invites.adders import Adders
from giftbot.services.invites.book import STORE_AGAIN, Book, Publish
from giftbot.services.invites.deciding import decide, give_up, settle
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision, Wanted
from giftbot.services.invites.flight import RAID, Flight
from giftbot.services.invites.looking import Looker
from giftbot.services.invites.memberships import moment_of, receive
from giftbot.services.invites.refreshes import Refreshes
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

BREATH = 0.2
"""Seconds between two turns while many wait, so that each does not go through all of them."""


@attrs.frozen
class Tools:
    """What the actors of all servers share."""

    store: InviteStore
    looker: Looker
    publish: Publish
    complain: Callable[[GuildId], None]
    """Told of a server in which the bot may not look."""
    loading: asyncio.Semaphore
    """After a start all servers want to be loaded: no more than this at once."""


class GuildActor:
    """Decides who brought whom in one server. `run` is its only task; `tell` may be called at any time."""

    def __init__(self, guild_id: GuildId, tools: Tools) -> None:
        self._guild_id = guild_id
        self._tools = tools
        self._directory = tools.looker.directory
        self._clock, self._times = tools.looker.clock, tools.looker.times
        self._book = Book(guild_id, tools.store, self._clock, tools.publish, tools.looker.numbers)
        self._flight = Flight(guild_id, tools.looker)
        self._wake = asyncio.Event()
        self._settled: dict[int, Arrival] = {}
        self._adders = Adders(guild_id, self._directory)
        self._roles_until: float | None = None
        self._has_heard = False
        self._refreshes = Refreshes()
        self._absence = Absence(self._book, tools.looker, self._refreshes)

    def tell(self, event: InviteEvent) -> None:
        """Take an event; nothing is awaited before it is in the queue."""
        self._book.inbox.put(event)
        self._has_heard = True
        self._wake.set()

    def catch_up(self) -> None:
        """Find out what happened while nobody watched, before the next decision."""
        self._absence.has_missed = True
        self._wake.set()

    def known_since(self, moment: datetime) -> None:
        """Rows of everybody who joined since then are there: who came before the baseline and has none gets one."""
        self._absence.known_since(moment)
        self._wake.set()

    def refresh(self) -> asyncio.Future[Ledger]:
        """Look, even if nobody waits; the ledger that comes of it, or `InviteLookError`."""
        self._wake.set()
        return self._refreshes.add()

    @property
    def is_busy(self) -> bool:
        """Whether something was told that is not dealt with, or somebody waits."""
        told = not self._book.inbox.is_empty or self._wake.is_set()
        return told or self._absence.is_open or bool(self._refreshes)

    def untold(self) -> Sequence[InviteEvent]:
        """What was told and is not stored; for whoever takes over from an actor that ended."""
        return self._book.inbox.unstored

    async def keep(self) -> None:
        """Store what was told, at the end. Raises `StoreError`."""
        await self._book.inbox.keep()

    async def run(self) -> None:
        """Work until nothing was heard for a while, or until it is done with a server of which nothing was heard.

        Raises nothing of its own but when it is cancelled.
        """
        try:
            async with self._tools.loading:
                await self._insist(self._book.load)
            while True:
                self._wake.clear()
                pause = await self._insist(self._turn)
                if len(self._book.inbox) > RAID:
                    await self._clock.sleep(BREATH)
                idle = self._times.idle if self._has_heard else 0.0
                await self._rest(idle if pause is None else pause)
                if pause is None and not self.is_busy:
                    return
        except Exception:
            self._refreshes.fail(InviteLookError("Something went wrong inside the bot; it goes on in a moment."))
            raise
        finally:
            self._flight.cancel()
            self._refreshes.fail(InviteLookError("The bot is stopping."))

    async def _insist(self, step: Callable[[], Awaitable[float | None]]) -> float | None:
        """Take a step, again and again while the store is away: nothing is decided, nothing is forgotten."""
        while True:
            try:
                return await step()
            except StoreError as error:
                _log.warning("attribution waits for the store", guild=self._guild_id, why=str(error))
                await self._clock.sleep(STORE_AGAIN)

    async def _rest(self, seconds: float) -> None:
        """Wait for an event, the look that is in flight, or the time."""
        waits: set[asyncio.Task[object]] = {asyncio.create_task(self._wake.wait())}
        waits.add(asyncio.create_task(self._clock.sleep(max(seconds, 0.0))))
        watched = {*waits, *self._flight.tasks}
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    async def _turn(self) -> float | None:
        """Do what can be done now; seconds until the next turn, None when there is nothing to wait for."""
        inbox = self._book.inbox
        await inbox.keep()
        if self._absence.is_open and not await self._look_back():
            return self._times.retry
        await self._take_look()
        waiting = [event for event in inbox.events if event.seq not in self._settled]
        known, now = await inbox.known(), self._clock.now()
        links = await self._book.store.list_links(self._guild_id) if waiting else []
        was_away = self._absence.is_undecided
        reception = await asyncio.to_thread(receive, waiting, known, now=now, links=links, was_away=was_away)
        if reception.changed or reception.consumed:
            await self._commit(self._book.without_look(reception.changed, reception.consumed))
            return 0.0
        return await self._attribute(list(reception.arrivals))

    async def _attribute(self, arrivals: list[Arrival]) -> float | None:
        flight, now = self._flight, self._clock.now()
        if not arrivals and not self._refreshes.is_wanted and not flight.tasks and not flight.looks:
            self._absence.is_undecided = False
            return await self._note_invites()
        circumstances = await self._circumstances(arrivals)
        if self._directory.coverage(self._guild_id) is Coverage.NONE:
            self._tools.complain(self._guild_id)
            return await self._give_up(arrivals, circumstances, Reason.NO_PERMISSION)
        early = await asyncio.to_thread(settle, self._book.ledger, arrivals, circumstances, now)
        if early is not None:
            await self._settle(early, arrivals)
            return 0.0
        if flight.looks:
            return await self._decide(arrivals, circumstances)
        oldest = min((arrival.event.received_at for arrival in arrivals), default=now)
        if flight.failures and now - oldest > timedelta(seconds=self._times.give_up):
            return await self._give_up(arrivals, circumstances, Reason.FETCH_FAILED)
        return self._look(arrivals)

    def _look(self, arrivals: Sequence[Arrival]) -> float:
        is_urgent = bool(arrivals) and not self._absence.is_undecided
        newest = max((arrival.event.seq for arrival in arrivals), default=0)
        return self._flight.start(self._book.told, paced=not is_urgent, waiting=len(arrivals), newest=newest)

    async def _decide(self, arrivals: list[Arrival], circumstances: Circumstances) -> float | None:
        self._flight.sort_out(circumstances.told)
        outcome = await asyncio.to_thread(
            decide,
            self._book.ledger,
            tuple(self._flight.looks),
            [*arrivals, *self._settled.values()],
            circumstances,
            final=self._flight.is_long,
            now=self._clock.now(),
        )
        if isinstance(outcome, Decision):
            await self._conclude(outcome)
            return 0.0
        if outcome is Wanted.LOOK:
            return self._look(arrivals)
        if outcome is Wanted.VANITY:
            return self._flight.ask_vanity()
        now = self._clock.monotonic()
        if self._roles_until is None:
            self._roles_until = now + self._times.role_wait
        return self._roles_until - now

    async def _conclude(self, decision: Decision) -> None:
        self._roles_until = None
        if not await self._commit(decision) or not decision.looks:
            return
        self._flight.use_up(decision.looks)
        for seq in decision.consumed:
            self._settled.pop(seq, None)
        self._refreshes.answer(self._book.ledger)

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
        permitted = reason is not Reason.NO_PERMISSION
        self._refreshes.fail(InviteLookError("The bot cannot see this server's invites.", permitted=permitted))
        self._flight.clear()
        if not arrivals:
            return await self._note_invites()
        decision = await asyncio.to_thread(
            give_up, self._book.ledger, arrivals, circumstances, reason, self._clock.now()
        )
        if await self._commit(decision) and reason is Reason.NO_PERMISSION:
            self._settled.clear()
        return 0.0

    async def _note_invites(self) -> float | None:
        """Write into the ledger what was told of invites, if nothing else waits for it."""
        told = self._book.inbox.about_invites
        if not told:
            return None
        await self._commit(self._book.without_look((), tuple(event.seq for event in told)))
        return 0.0

    async def _commit(self, decision: Decision) -> bool:
        if await self._book.commit(decision):
            return True
        self._flight.clear()
        self._settled.clear()
        return False

    async def _circumstances(self, arrivals: list[Arrival]) -> Circumstances:
        looks, until = self._flight.looks, self._roles_until
        return Circumstances(
            bot_id=self._directory.bot_id,
            links=await self._book.store.list_links(self._guild_id),
            told=self._book.inbox.about_invites,
            adders=await self._adders.of(arrivals),
            has_vanity=self._directory.has_vanity(self._guild_id),
            has_gate=self._directory.has_gate(self._guild_id),
            audit=bool(looks) and looks[-1].revoked is not None,
            catch_up=self._absence.is_undecided,
            role_wait_over=until is not None and self._clock.monotonic() >= until,
        )

    async def _take_look(self) -> None:
        """Take the answer of the look in flight, if it is there, and what was told until its grace was over."""
        before = len(self._flight.looks)
        error = self._flight.land()
        if len(self._flight.looks) > before:
            self._roles_until = None
        if error is not None:
            self._refreshes.fail(error, again=error.permitted)
        await self._book.inbox.keep()

    async def _look_back(self) -> bool:
        """Find out what happened while nobody watched; whether that was possible."""
        if self._absence.has_missed:
            if self._directory.coverage(self._guild_id) is Coverage.NONE:
                self._tools.complain(self._guild_id)
            else:
                self._flight.clear()
            if not await self._absence.look_back(self._commit):
                return False
        return await self._absence.note_unknown(self._commit, self._circumstances)

"""The actors of all servers: who gets which event, who is told of what was decided."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from giftbot.errors import InviteLookError, StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import GuildId
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_times import InviteTimes
from giftbot.models.join import Join
from giftbot.services.invites.actor import GuildActor, Tools
from giftbot.services.invites.looking import Looker, LookPace
from giftbot.services.invites.numbers import Numbers
from giftbot.services.invites.ports import InviteDirectory
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

_log = structlog.get_logger(__name__)

Subscriber = Callable[[InviteBatch], Awaitable[None]]
"""Is told of every batch, in order, after it was committed."""
_RECENT = timedelta(hours=1)
_JITTER = 0.2
_LOOK = 1.0
_LOADED = 20
"""Servers that are loaded at once."""
_LINES = 50
"""Lines of the log that are written at once."""
TIDY = 25
"""After so many batches of a server its old ones are forgotten."""


class Actors:
    """Attribution in all servers. `tell` never waits; `run` is the worker."""

    def __init__(
        self,
        *,
        store: InviteStore,
        directory: InviteDirectory,
        clock: Clock,
        times: InviteTimes,
        complain: Callable[[GuildId], None],
    ) -> None:
        """Take the ports. `complain` is told of servers in which the bot may not look."""
        self._clock, self._times = clock, times
        self.numbers = Numbers(clock)
        looker = Looker(directory, self.numbers, clock, times, LookPace(clock))
        self._tools = Tools(store, looker, self._note, complain, asyncio.Semaphore(_LOADED))
        self._actors: dict[GuildId, GuildActor] = {}
        self._tasks: dict[GuildId, asyncio.Task[None]] = {}
        self._subscribers: list[Subscriber] = [self._tidy]
        self._arrival_listeners: list[Callable[[GuildId], None]] = []
        self._decided: asyncio.Queue[InviteBatch] = asyncio.Queue()
        self._since: dict[GuildId, datetime] = {}
        self._due: dict[GuildId, float] = {}
        self._missed: dict[GuildId, None] = {}
        """Servers to catch up with that have no actor yet, in order."""
        self._admitting: asyncio.Task[None] | None = None
        self._is_stopping = False

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell this one of every batch."""
        self._subscribers.append(subscriber)

    def subscribe_arrivals(self, listener: Callable[[GuildId], None]) -> None:
        """Tell this one of every server that is there (again), which nobody watched for a time, or ever."""
        self._arrival_listeners.append(listener)

    def tell(self, event: InviteEvent) -> None:
        """Hand an event to its server's actor."""
        if self._is_stopping:
            return
        self._actor(event.guild_id).tell(event)
        self._due.setdefault(event.guild_id, self._clock.monotonic() + self._refresh_pause())

    def catch_up(self, guild_id: GuildId) -> None:
        """Nobody watched this server for a time, or ever."""
        if self._is_stopping:
            return
        self._missed[guild_id] = None
        if self._admitting is None:
            self._admitting = asyncio.create_task(self._admit(), name="servers that were missed")
        for listener in self._arrival_listeners:
            listener(guild_id)
        if guild_id in self._since:
            self._actor(guild_id).known_since(self._since.pop(guild_id))

    def known_since(self, moments: Mapping[GuildId, datetime]) -> None:
        """Rows of everybody who joined since then are there now, though the baselines are younger: a late copy."""
        if self._is_stopping:
            return
        for guild_id, moment in moments.items():
            if self._tools.looker.directory.coverage(guild_id) is Coverage.NONE:
                self._since[guild_id] = min(moment, self._since.get(guild_id, moment))  # perhaps it is there later
            else:
                self._actor(guild_id).known_since(moment)

    async def refresh(self, guild_id: GuildId) -> Ledger:
        """Look at a server's invites now. Raises `InviteLookError`."""
        if self._is_stopping:
            raise InviteLookError("The bot is stopping.")
        return await self._actor(guild_id).refresh()

    async def run(self) -> None:
        """Tell the subscribers, and look again where something can have changed; until it is cancelled."""
        await asyncio.gather(self._publish(), self._refresh())

    async def stop(self) -> None:
        """End the actors: what they were told is stored, what they decided is passed on. They hear no more."""
        if self._is_stopping:
            return
        self._is_stopping = True
        actors = tuple(self._actors.values())
        tasks = (*self._tasks.values(), *([self._admitting] if self._admitting is not None else []))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for actor in actors:
            try:
                await actor.keep()
            except StoreError as error:
                _log.warning("persistence failed", what="joins that were told last", why=str(error))
        while not self._decided.empty():
            await self._pass_on(self._decided.get_nowait())

    async def settled(self) -> None:
        """Return once nothing is in work and everybody was told."""
        while self._missed or any(one.is_busy for one in self._actors.values()) or not self._decided.empty():
            await self._clock.sleep(0.05)

    def _actor(self, guild_id: GuildId) -> GuildActor:
        actor = self._actors.get(guild_id)
        if actor is None:
            actor = self._actors[guild_id] = GuildActor(guild_id, self._tools)
            self._tasks[guild_id] = asyncio.create_task(self._live(guild_id, actor), name=f"invites {guild_id}")
        if guild_id in self._missed:
            del self._missed[guild_id]
            actor.catch_up()
        return actor

    async def _admit(self) -> None:
        """Begin with the servers that were missed, one after the other, as there is room for loading them."""
        while self._missed:
            async with self._tools.loading:
                pass
            if self._missed:
                self._actor(next(iter(self._missed)))
            await asyncio.sleep(0)  # it begins to load
        self._admitting = None

    async def _live(self, guild_id: GuildId, actor: GuildActor) -> None:
        """One actor from its first event until it has nothing to do; after a failure another goes on."""
        try:
            await actor.run()
        except Exception as error:
            _log.exception("attribution failed", guild=guild_id, ref=new_reference(), exc_info=error)
            asyncio.get_running_loop().call_later(self._times.retry, self._again, guild_id, actor.untold())
        finally:
            if not self._is_stopping:
                del self._actors[guild_id], self._tasks[guild_id]

    def _again(self, guild_id: GuildId, untold: Sequence[InviteEvent]) -> None:
        for event in untold:
            self.tell(event)
        self.catch_up(guild_id)

    def _note(self, batch: InviteBatch) -> None:
        self._decided.put_nowait(batch)
        soonest = self._soonest_end(batch)
        if soonest is not None:
            self._due[batch.guild_id] = min(soonest, self._due.get(batch.guild_id, soonest))

    def _soonest_end(self, batch: InviteBatch) -> float | None:
        """When (monotonic) to look once more before an invite of a lively server ends by itself."""
        now = self._clock.now()
        if not any(join.joined_at > now - _RECENT for join in batch.joins):
            return None
        ends = [invite.expires_at for invite in batch.ledger.invites.values() if _ends_soon(invite.expires_at, now)]
        pauses = [(end - now).total_seconds() - self._times.before_expiry for end in ends if end is not None]
        return self._clock.monotonic() + max(0.0, min(pauses)) if pauses else None

    def _refresh_pause(self) -> float:
        return self._times.refresh * (1 + random.uniform(-_JITTER, _JITTER))

    async def _publish(self) -> None:
        while True:
            await self._pass_on(await self._decided.get())

    async def _pass_on(self, batch: InviteBatch) -> None:
        for subscriber in self._subscribers:
            try:
                await subscriber(batch)
            except Exception:
                _log.exception("a decided batch was not passed on", guild=batch.guild_id, ref=new_reference())
        for number, join in enumerate(batch.joins, start=1):
            if join.batch == batch.number and join.is_open:
                _log_decided(join)
            if number % _LINES == 0:
                await asyncio.sleep(0)

    async def _tidy(self, batch: InviteBatch) -> None:
        """What batches say is in joins and ledger: a few of them are kept for repairs and for looking back."""
        if batch.number % TIDY == 0:
            await self._tools.store.forget_batches(batch.guild_id)

    async def _refresh(self) -> None:
        while True:
            await self._clock.sleep(min(_LOOK, self._times.refresh))
            now = self._clock.monotonic()
            for guild_id in [guild_id for guild_id, due in self._due.items() if due <= now]:
                del self._due[guild_id]
                self._actor(guild_id).refresh().add_done_callback(_retrieved)


def _log_decided(join: Join) -> None:
    _log.info(
        "join decided",
        guild=join.guild_id,
        user=join.user_id,
        join_level=int(join.level),
        method=join.method.value,
    )


def _retrieved(future: asyncio.Future[Ledger]) -> None:
    """Nobody waits for it: the actor has logged why a look failed."""
    if not future.cancelled():
        future.exception()


def _ends_soon(end: datetime | None, now: datetime) -> bool:
    return end is not None and now < end <= now + _RECENT

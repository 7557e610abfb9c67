"""Ports with somebody in between: who counts the calls, and lets the process die at one of them.

Production code has no hooks for this. The composition root takes an `Outside` and a `Discord`; here they are handed
in with each port wrapped.
"""

from __future__ import annotations

import functools
import inspect
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar, cast

import attrs

from giftbot.app import Discord, Outside
from giftbot.errors import StoreUnavailableError
from giftbot.models.job import JobState
from giftbot.services.ports import Store
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.store import MongoStore
from tests.crash.orders import Moment, Outage, Point

P = TypeVar("P")

_CLAIM = "store.claim_due"
_CLAIM_JOBS = "store.claim_jobs"
_RELEASE = "store.release_player"
_WRITES = {"bulk_write", "update_many", "insert_many", "update_one", "find_one_and_update", "delete_many"}
"""Round trips of a store on MongoDB that change something."""


class Watch:
    """Counts the calls, and acts at the one that was named."""

    def __init__(self, point: Point | None, outages: Iterable[Outage], trace: Path) -> None:
        """Take the file that gets the names of the players that are let go of."""
        self._point = point
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._outages = dict.fromkeys(outages, 0)
        self._counts: Counter[str] = Counter()
        self._store: Store | None = None

    def wrap(self, outside: Outside, discord: Discord) -> tuple[Outside, Discord]:
        """The same ports, watched."""
        store = outside.store
        if isinstance(store, MongoStore):
            # The round trips inside of one method are kill points, too: the store takes any database.
            store = MongoStore(cast("MongoDatabase", _Database(store._database, self)))
        self._store = store
        watched = attrs.evolve(
            outside,
            store=self.port("store", store),
            journal=self.port("journal", outside.journal),
            state_file=self.port("state_file", outside.state_file),
            game=self.port("game", outside.game),
        )
        announcer, board = self.port("announcer", discord.announcer), self.port("board", discord.board)
        return watched, attrs.evolve(discord, announcer=announcer, board=board)

    def port(self, name: str, port: P) -> P:
        """A port whose calls are watched."""
        return cast("P", _Port(name, port, self))

    async def before(self, call: str, arguments: tuple[object, ...]) -> int | None:
        """Somebody is about to call; the number of the call, 0 if it does not count, None if it is left out.

        Work is looked for all the time, and only claims that find some count. One that finds none is left out:
        it could find what was stored since this looked.
        """
        if call == _RELEASE:
            os.write(self._trace, f"{time.monotonic()} {arguments[0]}\n".encode())
        number = 0
        if self._point is not None and self._point.call == call:
            if not await self._is_busy(call, arguments):
                return None
            self._counts[call] += 1
            number = self._counts[call]
            self._die_at(call, Moment.BEFORE, number)
        self._fail(call, Moment.BEFORE)
        return number

    def after(self, call: str, number: int) -> None:
        """The call with this number has returned."""
        self._die_at(call, Moment.AFTER, number)
        self._fail(call, Moment.AFTER)

    async def _is_busy(self, call: str, arguments: tuple[object, ...]) -> bool:
        """Whether there is something to do for this call."""
        if call not in {_CLAIM, _CLAIM_JOBS} or self._store is None:
            return True
        if call == _CLAIM:
            moments = [(await self._store.count_outbox()).oldest_due_at]
        else:
            moments = [job.due_at for job in await self._store.list_jobs(states=(JobState.OPEN,))]
        now = arguments[1]
        return isinstance(now, datetime) and any(due is not None and due <= now for due in moments)

    def _die_at(self, call: str, moment: Moment, number: int) -> None:
        point = self._point
        if point is not None and (point.call, point.moment, point.nth) == (call, moment, number):
            self._point = None
            os.kill(os.getpid(), point.signal)

    def _fail(self, call: str, moment: Moment) -> None:
        for outage, count in self._outages.items():
            if (outage.call, outage.moment) == (call, moment) and (outage.times is None or count < outage.times):
                self._outages[outage] += 1
                raise StoreUnavailableError(f"{call} is cut off by the test")


class _Watched:
    """Something with a name whose calls are watched."""

    def __init__(self, name: str, inner: object, watch: Watch) -> None:
        self._name = name
        self._inner = inner
        self._watch = watch


class _Port(_Watched):
    """Any port. It has the members of the one it stands for."""

    def __getattr__(self, name: str) -> object:
        member = getattr(self._inner, name)
        call = f"{self._name}.{name}"
        if inspect.isasyncgenfunction(member):
            return functools.partial(self._stream, call, member)
        if inspect.iscoroutinefunction(member):
            return functools.partial(_watched, self._watch, call, member)
        return member

    async def _stream(
        self, call: str, member: Callable[..., AsyncIterator[object]], *args: object, **more: object
    ) -> AsyncIterator[object]:
        number = await self._watch.before(call, args)
        async for item in member(*args, **more):
            self._watch.after(call, number or 0)
            yield item


class _Database:
    """A database whose collections are watched."""

    def __init__(self, inner: MongoDatabase, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def __getitem__(self, name: str) -> object:
        return _Collection(name, self._inner[name], self._watch)


class _Collection(_Watched):
    """A collection whose writes are watched."""

    def __getattr__(self, name: str) -> object:
        member = getattr(self._inner, name)
        if name in _WRITES:
            return functools.partial(_watched, self._watch, f"{self._name}.{name}", member)
        return member


async def _watched(
    watch: Watch, call: str, member: Callable[..., Awaitable[object]], *args: object, **more: object
) -> object:
    number = await watch.before(call, args)
    if number is None:
        return []
    result = await member(*args, **more)
    watch.after(call, number)
    return result

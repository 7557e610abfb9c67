"""The bot's side: real actors on a real store file, which can be killed at any await and started again."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import attrs

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_times import InviteTimes
from giftbot.services.invites.actors import Actors
from giftbot.services.remembering_invites import InviteStore
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.services.invites.network import Discord
from tests.virtual_time import VirtualClock, await_threads

Gate = Callable[[str, bool], None]
"""Is told of each call of the store, before it and (True) after it; what it raises is what the caller gets."""


def _open_gate(name: str, is_after: bool) -> None:
    """Nothing happens."""


class Handle:
    """One process's way to the store: the time stands still while a thread works; it can be cut."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.gate: Gate = _open_gate
        self.is_cut = False

    def __getattr__(self, name: str) -> object:
        method = getattr(self._store, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*args: object, **more: object) -> object:
            self._pass(name, False)
            await_threads(True)
            try:
                answer: object = await method(*args, **more)
            finally:
                await_threads(False)
            self._pass(name, True)
            return answer

        return call

    def _pass(self, name: str, is_after: bool) -> None:
        if self.is_cut:
            raise StoreUnavailableError("The process is dead.")
        self.gate(name, is_after)


class Process:
    """One running bot, as far as attribution goes."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.handle = Handle(stage.store)
        self.complaints: list[GuildId] = []
        self.published: list[InviteBatch] = []
        self.actors = Actors(
            store=cast("InviteStore", self.handle),
            directory=stage.discord,
            clock=stage.clock,
            times=stage.times,
            complain=self.complaints.append,
        )
        self.actors.subscribe(self._note)
        self._task = asyncio.create_task(self.actors.run())
        stage.discord.sessions.append(self.hear)

    def hear(self, event: InviteEvent) -> None:
        """Number an event and hand it on, as the listeners do."""
        now = self._stage.clock.now()
        self.actors.tell(attrs.evolve(event, seq=self.actors.numbers.next(), received_at=now))

    def catch_up(self) -> None:
        """A session has begun: nobody knows what was missed."""
        for guild_id in self._stage.discord.servers:
            self.actors.catch_up(guild_id)

    async def crash(self) -> None:
        """Die where it stands: nothing is written any more."""
        self.handle.is_cut = True
        await self.stop()

    async def stop(self) -> None:
        """End as a bot does that is asked to."""
        self._stage.discord.sessions.remove(self.hear)
        await self.actors.stop()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _note(self, batch: InviteBatch) -> None:
        self.published.append(batch)


@attrs.define
class Stage:
    """Servers, a network, a store file, and processes."""

    clock: VirtualClock
    discord: Discord
    store: SqliteStore
    times: InviteTimes
    processes: list[Process] = attrs.Factory(list)
    ended: list[Process] = attrs.Factory(list)

    def start(self) -> Process:
        """Start a process, which catches up."""
        process = Process(self)
        self.processes.append(process)
        process.catch_up()
        return process

    async def crash(self, process: Process) -> None:
        """Kill one."""
        self.processes.remove(process)
        self.ended.append(process)
        await process.crash()

    async def calm(self, seconds: float = 150.0) -> None:
        """Let a healthy network have that much time."""
        self.discord.weather = attrs.evolve(self.discord.weather, twice=0.0, broken=0.0, stuck=0.0, flicker=0.0)
        await self.clock.sleep(seconds)


@asynccontextmanager
async def staged(file: Path, *, seed: int = 0, times: InviteTimes | None = None) -> AsyncIterator[Stage]:
    """A stage on that store file; its processes are stopped at the end."""
    clock = VirtualClock()
    opened = open_sqlite(file)
    await_threads(True)
    store = await opened.__aenter__()
    await_threads(False)
    stage = Stage(clock, Discord(clock, seed), store, times or InviteTimes())
    try:
        yield stage
    finally:
        for process in tuple(stage.processes):
            await process.stop()
        await_threads(True)
        await opened.__aexit__(None, None, None)
        await_threads(False)

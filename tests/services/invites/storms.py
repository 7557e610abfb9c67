"""Random runs: what people do in servers, and what befalls the bot meanwhile; the same seed gives the same run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import attrs

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import RoleId, UserId
from giftbot.models.staff import StaffLink
from tests.services.invites.network import Weather
from tests.services.invites.processes import Process, Stage
from tests.services.invites.server import HOME, OTHER, Server
from tests.virtual_time import await_threads

OWNERS = (101, 102, 103)
_GAPS = (0.01, 0.05, 0.2, 0.5, 1.0, 3.0, 8.0, 70.0)


@attrs.frozen
class Storm:
    """What may happen in a run."""

    weather: Weather = attrs.Factory(Weather)
    steps: int = 25
    servers: int = 1
    most_codes: int = 4
    limits: bool = False
    vanity: bool = False
    others: bool = False
    leaves: bool = False
    revokes: bool = False
    accepts: bool = False
    marked: bool = False
    """Every invite is a staff link with a marker role."""
    role_lag: float = 0.0
    outages: float = 0.0
    """How often, per step, nothing is heard for a while."""
    crashes: float = 0.0
    stumbles: float = 0.0
    """How often a call of the store fails, before it or after it has worked."""
    processes: int = 1


class Play:
    """A run of a storm on a stage."""

    def __init__(self, stage: Stage, storm: Storm, seed: int) -> None:
        self._stage, self._storm = stage, storm
        self._random = random.Random(seed)
        self._made = 0

    async def go(self) -> None:
        """Until everything can have been told and decided."""
        stage, storm = self._stage, self._storm
        for number in range(1, storm.servers + 1):
            server = stage.discord.add_server(number, has_vanity=storm.vanity)
            for _ in range(self._random.randint(1, storm.most_codes)):
                await self._add_code(server)
        for _ in range(storm.processes):
            self._start()
        await stage.clock.sleep(30)
        for server in stage.discord.servers.values():
            server.first_uses = {name: code.uses for name, code in server.codes.items()}
        stage.discord.weather = storm.weather
        for _ in range(storm.steps):
            await stage.clock.sleep(self._random.choice(_GAPS))
            await self._step(self._random.choice(list(stage.discord.servers.values())))
        await self._settle()

    async def _settle(self) -> None:
        stage = self._stage
        if stage.discord.is_out:
            self._reconnect()
        for process in stage.processes:
            process.handle.gate = _nothing
        await stage.calm()
        for server in stage.discord.servers.values():
            for _ in range(2):
                await stage.processes[0].actors.refresh(server.guild_id)
        await stage.clock.sleep(100)

    def _start(self) -> Process:
        process = self._stage.start()
        if self._storm.stumbles:
            process.handle.gate = self._stumble
        return process

    def _stumble(self, name: str, is_after: bool) -> None:
        if self._random.random() < self._storm.stumbles:
            raise StoreUnavailableError(f"{name} failed" + (" after it had worked." if is_after else "."))

    async def _step(self, server: Server) -> None:
        storm, stage = self._storm, self._stage
        if stage.discord.is_out:
            if self._random.random() < 0.4:
                self._reconnect()
        elif self._random.random() < storm.outages:
            stage.discord.is_out = True
        if self._random.random() < storm.crashes:
            await self._crash()
        for act in self._acts(server):
            act()
            return
        self._join(server)

    def _acts(self, server: Server) -> Iterator[Callable[[], object]]:
        """What else may be done than to join; nothing most of the time."""
        storm, luck = self._storm, self._random.random()
        usable = server.usable()
        if storm.leaves and luck < 0.15 and self._old(server):
            yield lambda: server.leave(self._random.choice(self._old(server)))
        elif storm.accepts and luck < 0.25 and usable:
            yield lambda: server.accept(self._random.choice(usable))
        elif storm.revokes and luck < 0.32 and len(usable) > 1:
            yield lambda: server.revoke(self._random.choice(usable))
        elif storm.revokes and luck < 0.38:
            yield lambda: server.add_code(self._name(), self._random.choice(OWNERS))

    def _old(self, server: Server) -> list[UserId]:
        """Members whose join was surely seen."""
        now = self._stage.clock.now()
        return [user for user, one in server.members.items() if now - one.joined_at > timedelta(seconds=120)]

    def _join(self, server: Server) -> None:
        storm = self._storm
        ways = server.usable() * 3 + ([OTHER] if storm.others else []) + ([HOME] if storm.vanity else [])
        if not ways:
            return
        gone = sorted({one.user_id for one in server.memberships} - set(server.members))
        user = self._random.choice(gone) if gone and self._random.random() < 0.3 else None
        server.join(self._random.choice(ways), user, role_lag=self._random.choice([0.0, storm.role_lag]))

    def _name(self) -> str:
        self._made += 1
        return f"c{self._made}"

    async def _add_code(self, server: Server) -> None:
        name, owner = self._name(), self._random.choice(OWNERS)
        limit = self._random.choice([0, 0, 1, 2]) if self._storm.limits else 0
        role = RoleId(900 + self._made) if self._storm.marked else None
        code = server.add_code(name, owner, max_uses=limit, role=role)
        if self._storm.marked:
            link = StaffLink(server.guild_id, code.name, code.owner, code.created_at, marker_role_id=role)
            await_threads(True)
            await self._stage.store.save_link(link)
            await_threads(False)

    def _reconnect(self) -> None:
        self._stage.discord.is_out = False
        for process in self._stage.processes:
            process.catch_up()

    async def _crash(self) -> None:
        await self._stage.crash(self._random.choice(self._stage.processes))
        await self._stage.clock.sleep(self._random.choice([0.0, 0.5, 5.0]))
        self._start()


def _nothing(name: str, is_after: bool) -> None:
    """The store works."""

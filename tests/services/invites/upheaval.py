"""A long run that is played step by step from outside: servers, a hostile network, a bot that is killed at will."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import attrs
from structlog.testing import capture_logs

from giftbot.models.ids import GuildId, JoinId, RoleId, UserId
from giftbot.models.invite import Coverage
from giftbot.models.join import Join, Level, Source
from tests.services.invites.network import Weather
from tests.services.invites.processes import Stage, staged
from tests.services.invites.server import HOME, Membership
from tests.services.invites.town import ADDED, CHANNELS, Gale, Town
from tests.services.invites.truths import (
    check_levels,
    check_published,
    check_rows,
    check_uses,
    found,
)
from tests.virtual_time import VirtualClock, VirtualLoop, await_threads

Result = TypeVar("Result")

MIXED, MARKED, QUIET = GuildId(1), GuildId(2), GuildId(3)
"""A server with invites of all kinds; one in which every invite has a marker role; one in which nothing happens."""
OWNERS = (101, 102, 103)
STAFF = (201, 202)
SETTLED = 61.0
"""Seconds after which a membership that is gone and comes again is another one, even if its end was missed."""

SELDOM = 1400.0
"""Seconds between two looks, at least, that are made only because time has passed."""


@attrs.define
class LoopClock(VirtualClock):
    """A loop's time, also while it stands still."""

    loop: asyncio.AbstractEventLoop = attrs.field(kw_only=True)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.loop.time()


class Upheaval:
    """One run, on a loop of its own."""

    def __init__(self, file: Path) -> None:
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        self._stack = AsyncExitStack()
        self.logged = self._stack.enter_context(capture_logs())
        self.faults: list[str] = []
        self.rows: dict[JoinId, Join] = {}
        """As they were at the last check."""
        self.more_looks: dict[GuildId, int] = dict.fromkeys((MIXED, MARKED, QUIET), 0)
        """Looks that are not for a join: of starts, of invites that end, of invites whose beginning is unclear."""
        self.hasty = -1e9
        """When somebody left last whose join was not stored."""
        self._made = 0
        self._quiet_rows: list[Join] = []
        self._stamped: set[UserId] = set()
        self.do(self._open(file))

    def do(self, step: Coroutine[None, None, Result]) -> Result:
        """Take a step; the time stands still between two of them."""
        return self._runner.run(step)

    def act(self, act: Callable[[], object], pause: float) -> None:
        """Do something in a server, and let so many seconds pass."""

        async def step() -> None:
            act()
            await self.stage.clock.sleep(pause)

        self.do(step())

    async def _open(self, file: Path) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, more: self.faults.append(str(more)))
        self.stage: Stage = await self._stack.enter_async_context(staged(file))
        self.stage.clock = LoopClock(loop=asyncio.get_running_loop())
        self.gale = self.stage.discord = Gale(self.stage.clock, 1)
        self.towns = [self.gale.add_town(MIXED, has_vanity=True), self.gale.add_town(MARKED)]
        self.quiet = self.gale.add_town(QUIET)
        for number, owner in enumerate(OWNERS[:2]):
            self.towns[0].add_code(f"plain{number}", owner, channel_id=CHANNELS[number])
            await self.add_marked(self.towns[1], STAFF[number])
        self.quiet.add_code("calm", OWNERS[0])
        self.stage.start()
        await self.stage.clock.sleep(30)
        self.quiet.join("calm")
        await self.stage.clock.sleep(30)
        self._quiet_rows = await self.list_rows(QUIET)

    def close(self) -> None:
        """End it, whatever has happened."""
        try:
            self.do(self._stack.aclose())
        finally:
            self._runner.close()

    def name(self) -> str:
        """A code that nobody has."""
        self._made += 1
        return f"code{self._made}"

    async def add_marked(self, town: Town, staff: int) -> None:
        """Make a staff link with a marker role, as the bot does: the link is stored before anybody can use it."""
        name = self.name()
        role = RoleId(9000 + self._made)
        await self.remap(town, name, staff, role)
        town.add_code(name, OWNERS[0], role=role)
        self.more_looks[town.guild_id] += 1

    async def remap(self, town: Town, name: str, staff: int, role: RoleId | None) -> None:
        """Give a link to a staff member from now on."""
        for link in town.mark(name, staff, role):
            await_threads(True)
            stored = await self.stage.store.list_links(town.guild_id)
            revision = {one.key: one.revision for one in stored}.get(link.key, 0)
            assert await self.stage.store.save_link(attrs.evolve(link, revision=revision))
            await_threads(False)

    async def list_rows(self, guild_id: GuildId) -> list[Join]:
        """What is stored of a server."""
        await_threads(True)
        try:
            return await self.stage.store.list_joins(guild_id, limit=10_000)
        finally:
            await_threads(False)

    @property
    def is_dark(self) -> bool:
        """Whether nobody hears what happens."""
        return self.gale.is_out or not self.stage.processes

    def age(self, town: Town, user: UserId) -> float:
        """For how many seconds somebody is a member."""
        return (self.stage.clock.now() - town.members[user].joined_at).total_seconds()

    def is_stored(self, town: Town, user: UserId) -> bool:
        """Whether the membership that somebody has now was stored at the last check."""
        joined_at = town.members[user].joined_at
        rows = [row for row in self.rows.values() if (row.guild_id, row.user_id) == (town.guild_id, user)]
        return any(abs((row.joined_at - joined_at).total_seconds()) <= 0.5 for row in rows)

    def begin_dark(self, why: str, *, is_crash: bool) -> None:
        """From now on things are missed; what was about to be heard may be, too."""
        now = self.stage.clock.monotonic()
        for town in self.towns:
            ages = [self.age(town, user) for user in town.members]
            if not is_crash and min(ages, default=99.0) < 1:
                town.surprises.append(f"{why} just after a join, with a look perhaps on its way")
            if now - self.hasty < 700:
                town.surprises.append(f"{why} with a leave that was not stored")

    def begin_watch(self) -> None:
        """A look for every server, and one for what was in flight."""
        for guild_id in self.more_looks:
            self.more_looks[guild_id] += 2

    def leave(self, town: Town, user: UserId) -> None:
        """Somebody goes; whether they were known is noted."""
        if not self.is_stored(town, user):
            self.hasty = self.stage.clock.monotonic()
            if self.is_dark:
                town.surprises.append("somebody came and went unheard")
        town.leave(user)

    async def check_now(self) -> None:
        """What is true at any moment."""
        self.check_logs()
        assert self.gale.most_in_flight <= 1
        assert all(one.was_permitted for one in self.gale.requests)
        for town in (*self.towns, self.quiet):
            rows = await self.list_rows(town.guild_id)
            self._check_rows(town, rows)

    def _check_rows(self, town: Town, rows: list[Join]) -> None:
        now = {row.join_id: row for row in rows}
        assert len(now) == len(rows)
        for join_id, row in now.items():
            assert row.user_id // 100_000 == town.guild_id, "a member of another server"
            assert row.code is None or row.code == HOME or row.code in town.codes, "an invite of another server"
            _check_rises(self.rows.get(join_id), row)
        lost = {key for key, row in self.rows.items() if row.guild_id == town.guild_id} - set(now)
        assert not lost, "a row is gone"
        self.rows |= now

    def check_logs(self) -> None:
        """Nothing has failed that was not thought of."""
        assert [line for line in self.logged if line["log_level"] in {"error", "critical"}] == []
        assert self.faults == []

    async def settle(self) -> None:
        """Let everything become whole again, and wait until everybody has been dealt with."""
        self.gale.is_refusing = self.gale.is_garbled = False
        if self.gale.is_out:
            self.gale.is_holding = False
            self.gale.resume()
        if not self.stage.processes:
            self.stage.start()
        for town in self.towns:
            town.coverage = Coverage.FULL
        self.stage.processes[0].catch_up()
        self.begin_watch()
        await self.stage.calm()
        for guild_id in self.more_looks:
            for _ in range(2):
                await self.stage.processes[0].actors.refresh(guild_id)
                self.more_looks[guild_id] += 1
        await self.stage.clock.sleep(100)

    async def check_end(self) -> None:
        """What is true once everything was told and decided."""
        await self.check_now()
        for town in (*self.towns, self.quiet):
            seen = await found(self.stage, town.guild_id)
            assert seen.waiting == 0, "somebody waits for ever"
            check_rows(seen)
            check_uses(attrs.evolve(seen, server=town.as_countable()))
            check_levels(seen)
            check_published(self.stage, town.guild_id, seen.ledger.number)
            for one, row in seen.pairs():
                self._check_sound(town, one, row)
            self._check_looks(town)
        assert await self.list_rows(QUIET) == self._quiet_rows

    def _check_sound(self, town: Town, one: Membership, row: Join) -> None:
        assert (one.way == ADDED) == (row.source is Source.BOT), (one, row)
        is_stamped = one.way in town.codes and town.codes[one.way].role is not None
        if town.guild_id == MARKED and is_stamped and one.user_id in self.stamped:
            assert (row.level, row.code) == (Level.CONFIRMED, one.way), (one, row)
        if town.surprises and town.guild_id != MARKED:
            return
        if row.level >= Level.COUNTED:
            assert (row.code or row.source) == one.way, (one, row)
        if row.level >= Level.OWNER and one.way in town.codes:
            assert row.owner_id == town.owner_at(one.way, one.joined_at), (one, row)
        elif row.level is Level.OWNER:
            assert one.way == HOME == row.code, (one, row)

    @property
    def stamped(self) -> set[UserId]:
        """Those who have had their role from the first moment."""
        return self._stamped

    def join(self, town: Town, way: str, user: UserId | None, role_lag: float) -> None:
        """Somebody comes, for the first time or again."""
        came = town.join(way, user, role_lag=role_lag)
        if not role_lag:
            self._stamped.add(came)

    def _check_looks(self, town: Town) -> None:
        asked = sum(one.guild_id == town.guild_id for one in self.gale.requests)
        more = self.more_looks[town.guild_id] + self.gale.failures[town.guild_id]
        more += int(self.stage.clock.monotonic() / SELDOM)
        assert asked <= len(town.memberships) + more, (asked, len(town.memberships), more)


def _check_rises(before: Join | None, row: Join) -> None:
    if before is None:
        return
    assert row.level >= before.level, (before, row)
    assert before.is_open or row.left_at == before.left_at, (before, row)
    if before.level is Level.CONFIRMED or (before.level >= Level.OWNER and row.level == before.level):
        assert (row.owner_id, row.code) == (before.owner_id, before.code), (before, row)


WEATHERS = {
    "fair": Weather(),
    "slow events": Weather(lag=(0.0, 0.29)),
    "told twice": Weather(twice=0.7),
    "429": Weather(stuck=0.4),
    "5xx": Weather(broken=0.6),
    "flicker": Weather(flicker=0.7),
    "ends untold": Weather(untold_ends=0.8),
    "no audit log": Weather(no_audit=True),
}

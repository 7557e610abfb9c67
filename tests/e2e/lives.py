"""One bot after the other with the same copies: what is known of invites, counted by rows, wherever it is kept."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import attrs
from aiohttp import web

from giftbot.cloud.service import open_service
from giftbot.cloud.snapshots import Snapshots
from giftbot.layers import count_entries
from giftbot.models.credit import CreditState
from giftbot.models.ids import InviteCode, JoinId, UserId
from giftbot.models.join import Level, Source
from giftbot.sandbox.nouns import Member
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.invites.ports import Copy
from giftbot.services.remembering_invites import InviteStore
from giftbot.stores.mongo.store import open_mongo
from giftbot.stores.sqlite.store import open_sqlite
from tests.e2e.arrivals import House, house
from tests.e2e.headquarters import Headquarters
from tests.e2e.stage import Stage
from tests.mongod import free_port

TOKEN = "a token of the tests"


class Cloud:
    """The backup service under one address: there, out of order, or away."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.refused: list[str] = []
        """The methods of the requests that were answered with 500."""
        self._was_refused = asyncio.Semaphore(0)
        self._stack = AsyncExitStack()

    @property
    def environ(self) -> dict[str, str]:
        """What leads a bot here."""
        return {"CLOUD_API_URL": f"http://127.0.0.1:{self.port}", "CLOUD_API_TOKEN": TOKEN}

    async def come_up(self) -> None:
        """Work from now on."""
        await self.go_down()
        await self._stack.enter_async_context(open_service(self.directory, token=TOKEN, port=self.port, keep=1000))

    async def go_down(self) -> None:
        """Accept no connections from now on."""
        await self._stack.aclose()

    async def fail(self) -> None:
        """Answer everything with 500 from now on."""
        await self.go_down()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._refuse)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", self.port).start()

    async def come_up_after(self, count: int) -> None:
        """Work once so many requests were answered with 500."""
        for _ in range(count):
            await self._was_refused.acquire()
        await self.come_up()

    async def _refuse(self, request: web.Request) -> web.Response:
        self.refused.append(request.method)
        self._was_refused.release()
        return web.Response(status=500)

    def newest(self) -> Copy | None:
        """The newest copy that is kept; None when there is none."""
        found = Snapshots(self.directory, keep=1000).newest()
        return None if found is None else found[1]

    def counts(self) -> Mapping[str, int]:
        """How many entries of each kind the newest copy has; nothing without one."""
        copy = self.newest()
        return {} if copy is None else counts_of(copy)

    async def holds(self, **counts: int) -> Copy:
        """The newest copy, once it has so many entries of these kinds."""
        deadline = time.monotonic() + PATIENCE
        while not counts.items() <= self.counts().items():
            if time.monotonic() > deadline:
                raise AssertionError(f"the cloud holds {self.counts()}, not {counts}")
            await asyncio.sleep(0.1)
        copy = self.newest()
        assert copy is not None
        return copy

    def series(self) -> list[tuple[str, int]]:
        """Epoch and sequence of every copy that came, in the order in which they came."""
        names = [path.stem.split("_") for path in sorted(self.directory.glob("*.json"))]
        return [(epoch, int(sequence)) for _, epoch, sequence in names]

    def goes_forward(self) -> None:
        """Check that all copies are of one series, each with a higher number than the one before.

        One that was begun while nobody knew what is here goes on under its name without `new-`.
        """
        epochs, numbers = zip(*self.series(), strict=True)
        assert len({epoch.removeprefix("new-") for epoch in epochs}) == 1, self.series()
        assert list(numbers) == sorted(set(numbers)), self.series()


def counts_of(copy: Copy) -> Mapping[str, int]:
    """How many entries of each kind a copy has, all of which can be used."""
    counts, refused = count_entries(copy)
    assert refused == []
    return counts


@attrs.frozen
class Rows:
    """What the tables know: each row by its id, and what must not change of it."""

    joins: Mapping[JoinId, tuple[UserId, Source, InviteCode | None, UserId | None, Level]]
    links: Mapping[str, UserId]
    credits: Mapping[str, tuple[UserId | None, CreditState]]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many of each kind."""
        return {"joins": len(self.joins), "links": len(self.links), "credits": len(self.credits)}

    def has_all_of(self, before: Rows) -> None:
        """Check that nothing of what was known before is missing, or is another."""
        assert before.joins.items() <= self.joins.items()
        assert before.links.items() <= self.links.items()
        assert before.credits.items() <= self.credits.items()


@attrs.define
class Lives:
    """A server with staff, and the bots that work on it one after the other."""

    place: Headquarters
    cloud: Cloud
    database: str = ""
    """Name of the MongoDB database; empty for the SQLite file of the data directory."""
    uri: str = ""
    marked: str = ""
    """A link of Ada's that gives a role."""
    counted: str = ""
    """A link of Bob's that is counted only."""

    @property
    def home(self) -> House:
        """The server as a place where people join."""
        return self.place.home

    @property
    def stage(self) -> Stage:
        """Where the bots are started."""
        return self.home.stage

    @asynccontextmanager
    async def tables(self) -> AsyncIterator[InviteStore]:
        """The tables, beside a bot that may be running."""
        if self.uri:
            async with open_mongo(self.uri, self.database) as mongo:
                yield mongo
        else:
            async with open_sqlite(self.home.path) as store:
                yield store

    async def rows(self) -> Rows:
        """What they know now."""
        async with self.tables() as store:
            joins = [join async for page in store.scan_joins(self.home.id) for join in page]
            links = await store.list_links(self.home.id)
            credits_ = await store.list_credits(self.home.id)
        return Rows(
            {one.join_id: (one.user_id, one.source, one.code, one.owner_id, one.level) for one in joins},
            {link.key: link.staff_id for link in links},
            {str(one.credit_id): (one.staff_id, one.state) for one in credits_},
        )

    async def until(self, is_so: Callable[[Rows], bool]) -> Rows:
        """What they know, once it is so."""
        deadline = time.monotonic() + PATIENCE
        while not is_so(found := await self.rows()):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.1)
        return found

    async def begin(self) -> Rows:
        """Two links, four joins and a credit; a bot is running."""
        await self.settled()
        await self.place.settle()
        self.marked = await self.place.link(self.place.ada)
        old = self.place.guild.invites.create(inviter=self.place.admin.member)
        self.counted = await self.place.link(self.place.bob, existing_code=old.code)
        members = [*self.home.joins(self.marked, 2), *self.home.joins(self.counted, 2)]
        await self.decided(members)
        self.place.guild.give(members[0], self.place.vip)
        found = await self.until(lambda rows: len(rows.credits) == 1)
        assert found.counts == {"joins": 4, "links": 2, "credits": 1}
        assert all(row[-1] >= Level.OWNER for row in found.joins.values())
        return found

    async def settled(self) -> None:
        """Return once the bot has looked at the invites."""
        async with self.open_home():
            await self.home.settled()

    async def decided(self, members: list[Member]) -> None:
        """Return once it is stored who brought them."""
        async with self.open_home():
            await self.home.decided(members)

    @asynccontextmanager
    async def open_home(self) -> AsyncIterator[None]:
        """Let the server's helpers read these tables."""
        if not self.uri:
            yield
            return
        async with self.tables() as store:
            self.home.store = store
            try:
                yield
            finally:
                self.home.store = None

    def clear(self) -> None:
        """Lose the data directory, as with a container that keeps no files."""
        shutil.rmtree(self.stage.directory)


def lives(stage: Stage, cloud: Cloud, *, uri: str = "", database: str = "") -> Lives:
    """The server; no bot is running yet, and the cloud is down."""
    home = house(stage)
    stage.environ.update(cloud.environ)
    if uri:
        stage.environ.update(MONGO_URI=uri, MONGO_DB_NAME=database)
    guild, sandbox = home.guild, stage.sandbox
    admin = sandbox.user(guild, name="admin", permissions="MANAGE_GUILD")
    ada, bob = (sandbox.user(guild, name=name) for name in ("ada", "bob"))
    place = Headquarters(home, admin, ada, bob, guild.add_role("VIP"), guild.add_channel("desk"))
    return Lives(place, cloud, database, uri)

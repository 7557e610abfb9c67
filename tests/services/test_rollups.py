"""Figures over everything are what exact counts give, after whatever happened."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.code import CodeStatus, Finding, discovered, fold
from giftbot.models.figures import DAILY, FigureKind, Rollup
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import ChannelId, CodeKey, GuildId, PlayerId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.legacy import SentCode
from giftbot.models.migration import Migration, MigrationState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.ports import Store
from giftbot.services.rollups import INTERVAL, Rollups, servers_in
from giftbot.stores.mongo.store import open_mongo
from giftbot.stores.sqlite.store import open_sqlite
from tests.fakes import ManualClock
from tests.mongod import Mongod

GUILDS = tuple(GuildId(10**17 + number) for number in range(4))
DAY = timedelta(days=1)


@pytest.fixture(params=["sqlite", "mongo"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, database_name: str) -> AsyncIterator[Store]:
    """An empty store, of each kind."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            yield await stack.enter_async_context(open_sqlite(tmp_path / "giftbot.sqlite"))
        else:
            mongod: Mongod = request.getfixturevalue("replica_set")
            yield await stack.enter_async_context(open_mongo(mongod.uri, database_name))


@attrs.define
class Life:
    """What happens to an installation, drawn at random but reproducibly."""

    store: Store
    clock: ManualClock
    draw: random.Random
    codes: int = 0

    def new_codes(self, count: int) -> list[CodeKey]:
        """Codes that nobody has seen."""
        self.codes += count
        return [CodeKey(f"CODE{number}") for number in range(self.codes - count, self.codes)]

    async def send(self) -> None:
        """Codes are sent in a server."""
        guild = self.draw.choice(GUILDS)
        epoch = (await self.store.get_guilds([guild]))[guild].epoch
        codes = self.new_codes(self.draw.randrange(1, 5))
        source = self.draw.choice((Origin.API, Origin.RSS, Origin.MANUAL))
        await self.store.mark_codes_sent(guild, codes, source, self.clock.now(), guild_epoch=epoch)

    async def reset(self) -> None:
        """A server forgets what was sent."""
        guild = self.draw.choice(GUILDS)
        raised = await self.store.raise_epoch(guild, Backfill.POST, self.clock.now())
        await self.store.clear_guild_codes(guild, before_epoch=raised.epoch)

    async def migrate(self) -> None:
        """Posts of long ago arrive."""
        now = self.clock.now()
        rows = [
            SentCode(
                self.draw.choice(GUILDS),
                code,
                code,
                self.draw.choice((None, now - self.draw.randrange(300) * DAY)),
            )
            for code in self.new_codes(3)
        ]
        await self.store.note_sent(rows, now)
        name = f"file {self.codes}"
        await self.store.save_migration(Migration(name, "a file", MigrationState.DONE, now, name, "1", now))

    async def redeem(self) -> None:
        """The game answers."""
        rows = [
            Redemption(
                self.draw.choice(GUILDS),
                CodeKey("SOME1"),
                PlayerId(str(self.draw.randrange(30))),
                self.draw.choice((RedemptionOutcome.RETRY, RedemptionOutcome.UNKNOWN, RedemptionOutcome.REDEEMED)),
                self.clock.now(),
                self.clock.now(),
                raw="x",
            )
            for _ in range(4)
        ]
        await self.store.record(rows)

    async def go_on(self) -> None:
        """Time goes by."""
        self.clock.advance(seconds=self.draw.choice((60, 3600, 86_400, 10 * 86_400)))

    async def happen(self) -> None:
        """One thing happens."""
        await self.draw.choice((self.send, self.send, self.reset, self.migrate, self.redeem, self.go_on))()


@pytest.fixture
async def life(store: Store) -> Life:
    """An installation with servers, in which nothing happened yet."""
    for guild in GUILDS:
        await store.save_guild(GuildSettings(guild_id=guild, channel_id=ChannelId(1)))
    return Life(store, ManualClock(), random.Random(1))


def counted(rollup: Rollup) -> Counter[tuple[FigureKind, int | None, str]]:
    """What is not zero."""
    return Counter({(one.kind, one.day, one.name): one.count for one in rollup.figures if one.count})


@pytest.mark.parametrize("seed", range(5))
async def test_a_refresh_gives_what_exact_counts_give(life: Life, seed: int) -> None:
    """After anything in any order: posts, resets, migrations of old posts, answers of the game, days that pass."""
    rollups = Rollups(store=life.store, clock=life.clock)
    life.draw = random.Random(seed)
    for _ in range(12):
        for _ in range(life.draw.randrange(4)):
            await life.happen()
        refreshed = await rollups.refresh()
        stored = await life.store.load_figures()
        assert stored is not None
        exact = await rollups.count()
        assert counted(refreshed) == counted(stored) == counted(exact)
        now = life.clock.now()
        by_rows = await life.store.get_stats(None, now)
        assert await rollups.statistics(stored) == by_rows


async def test_what_is_sent_after_a_refresh_counts_at_once(life: Life) -> None:
    """Only what is removed waits for the next one."""
    rollups = Rollups(store=life.store, clock=life.clock)
    for _ in range(3):
        await life.send()
        life.clock.advance(seconds=40 * 86_400)
    old = await rollups.refresh()
    for days in (0, 1, 8, 31):
        life.clock.advance(seconds=days * 86_400)
        await life.send()
        assert await rollups.statistics(old) == await life.store.get_stats(None, life.clock.now())


async def test_a_refresh_looks_at_new_days_only(life: Life) -> None:
    """Days that were counted are not counted again while nothing says that they changed."""
    rollups = Rollups(store=life.store, clock=life.clock)
    await life.send()
    life.clock.advance(seconds=5 * 86_400)
    before = await rollups.refresh()
    [sent] = [one for one in before.figures if one.kind is FigureKind.SENT]
    wrong = attrs.evolve(sent, name="rss" if sent.name != "rss" else "api")
    await life.store.save_figures([wrong], [sent], counted_at=before.counted_at, mark=before.mark)
    again = await rollups.refresh()
    assert wrong in again.figures, "the sum is right, so nothing says that the day is wrong"
    await life.reset()
    assert counted(await rollups.refresh()) == counted(await rollups.count())


async def test_jobs_and_servers_are_counted(life: Life) -> None:
    """By state; servers as they are configured."""
    now = life.clock.now()
    jobs = [Job(guild, CodeKey("SOME1"), JobState.OPEN, Trigger.AUTO, now, now) for guild in GUILDS[:3]]
    await life.store.open_jobs([*jobs[:2], attrs.evolve(jobs[2], state=JobState.STOPPED)])
    await life.store.disable_channel(GUILDS[0], ChannelId(1), "Missing Access", now)
    rollup = await Rollups(store=life.store, clock=life.clock).refresh()
    assert rollup.total(FigureKind.JOBS, "open") == 2
    assert rollup.total(FigureKind.JOBS, "stopped") == 1
    servers = servers_in(rollup)
    assert (servers.known, servers.configured, servers.posting, servers.disabled) == (4, 4, 3, 1)


async def test_a_code_that_is_posted_anew(life: Life) -> None:
    """When a code begins again, its rows do not count as sent until they are."""
    rollups = Rollups(store=life.store, clock=life.clock)
    code = discovered("rss", Finding(fold("AGAIN1"), "AGAIN1"), CodeStatus.ACTIVE, life.clock.now())
    await life.store.insert_codes([code])
    for guild in GUILDS:
        await life.store.mark_codes_sent(guild, [code.key], Origin.RSS, life.clock.now())
    life.clock.advance(seconds=9 * 86_400)
    assert (await rollups.refresh()).total(FigureKind.SENT) == len(GUILDS)
    from tests.stores.build import row

    rows = [row(code.key, guild=guild, code_epoch=1, now=life.clock.now()) for guild in GUILDS]
    await life.store.enqueue(rows)
    assert (await rollups.refresh()).total(FigureKind.SENT) == 0
    assert all(one.state is AnnouncementState.PENDING for one in await life.store.list_announcements(limit=9))


async def test_the_bot_counts_now_and_then(life: Life) -> None:
    """At once when nobody ever has, and again when the last time was a while ago; whoever did it."""
    rollups = Rollups(store=life.store, clock=life.clock)
    await rollups.refresh_if_due()
    first = await life.store.load_figures()
    assert first is not None
    life.clock.advance(seconds=INTERVAL / 2)
    other = Rollups(store=life.store, clock=life.clock)
    await other.refresh_if_due()
    assert await life.store.load_figures() == first
    life.clock.advance(seconds=INTERVAL / 2)
    await rollups.refresh_if_due()
    second = await life.store.load_figures()
    assert second is not None
    assert second.counted_at == first.counted_at + timedelta(seconds=INTERVAL)


async def test_nothing_was_ever_counted(store: Store) -> None:
    """Then it is counted when somebody asks; zeros are figures, too."""
    assert await store.load_figures() is None
    rollup = await Rollups(store=store, clock=ManualClock()).current()
    assert all(rollup.total(kind) == 0 for kind in DAILY)
    assert await store.load_figures() == rollup

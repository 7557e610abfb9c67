"""Any subset of sources, in any order and any number of runs, interrupted anywhere, once or twice: one result."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import cast

import attrs
import pytest

from giftbot.errors import StoreError
from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.code import TAKEN_OVER, CodeStatus
from giftbot.models.credit import CreditState
from giftbot.models.ids import GuildId, UserId
from giftbot.models.legacy import Chunk, Skip
from giftbot.models.migration import MigrationState
from giftbot.services.migration.migrating import Migrating, Outcome
from giftbot.services.migration.ports import LegacySource
from giftbot.services.ports import Store
from giftbot.stores.sqlite.store import open_sqlite
from tests.fakes import ManualClock
from tests.legacy import dirt, shapes
from tests.legacy.dirt import Heap, Meaning
from tests.legacy.reading import sources_of

SEEDS = range(20)
ALL = 10_000


class PowerCutError(StoreError):
    """The process is gone."""


@attrs.define
class Cut:
    """`LegacySource` that ends the process after some chunks."""

    inner: LegacySource
    after: int

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """The first chunks."""
        left = self.after
        async for chunk in self.inner.read(dry_run=dry_run):
            if left == 0:
                raise PowerCutError
            left -= 1
            yield chunk
        raise PowerCutError


class DyingStore:
    """A store that ends the process with one of its calls, before or after it is done, and then does nothing."""

    def __init__(self, store: Store, calls: int, *, is_done: bool) -> None:
        self._store = store
        self._left = calls
        self._is_done = is_done

    def __getattr__(self, name: str) -> object:
        method = getattr(self._store, name)
        if name.startswith("scan"):
            return method

        async def call(*given: object, **named: object) -> object:
            self._left -= 1
            if self._left > 0 or (self._left == 0 and self._is_done):
                result = await cast("Callable[..., Awaitable[object]]", method)(*given, **named)
                if self._left > 0:
                    return result
            raise PowerCutError

        return call


@attrs.define
class Lines:
    """The report: kept in memory."""

    skips: list[Skip] = attrs.Factory(list)

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Write them down."""
        self.skips += skips


async def migrate(
    store: Store, clock: ManualClock, sources: Sequence[LegacySource], *, owner: str = "me", again: bool = False
) -> list[Outcome]:
    """One run, of a process of its own."""
    migrating = Migrating(store=store, clock=clock, owner=owner)
    clock.moment = clock.now().replace(microsecond=0)
    return await migrating.run(list(sources), report=Lines(), named=GuildId(dirt.HOME), again=again)


def least(moments: Sequence[datetime | None]) -> datetime | None:
    """The earliest that is known."""
    return min((moment for moment in moments if moment is not None), default=None)


def display(spellings: set[str]) -> str:
    """The spelling to keep: one in which something is small."""
    return min(spellings, key=lambda one: (one == one.upper(), one))


async def check(store: Store, meaning: Meaning) -> None:
    """Compare everything in the store with what is to be there."""
    rows = await store.list_announcements(limit=ALL)
    assert {(row.guild_id, row.code): row.sent_at for row in rows} == {
        place: least(moments) for place, moments in meaning.sent.items()
    }
    assert {(row.state, row.source) for row in rows} <= {(AnnouncementState.SENT, Origin.MIGRATION)}
    codes = await store.list_codes(list(CodeStatus))
    assert {code.key: code.display for code in codes} == {
        key: display(spellings) for key, spellings in meaning.displays.items()
    }
    assert {(code.status, *code.sources) for code in codes} <= {(CodeStatus.EXPIRED, TAKEN_OVER)}
    players = await store.list_players(limit=ALL)
    assert {(one.guild_id, one.player_id): one.nickname for one in players} == {
        player: min((name for name, _ in named if name), default=None) for player, named in meaning.players.items()
    }
    for one in players:
        at = least([moment for _, moment in meaning.players[one.guild_id, one.player_id]])
        assert one.created_at == at or at is None
        assert one.kingdom is None
    grants = await store.list_redemptions(limit=ALL)
    assert {(one.guild_id, one.code, one.player_id): one.outcome.value for one in grants} == {
        grant: max(outcomes)
        for grant, outcomes in meaning.grants.items()  # redeemed before already
    }
    guilds = await store.get_guilds([GuildId(guild) for guild in dirt.GUILDS])
    assert {guild: one.channel_id for guild, one in guilds.items() if one.channel_id} == meaning.channels
    assert {guild for guild, one in guilds.items() if one.auto_redeem} == meaning.auto_redeem
    joins = await store.list_joins(limit=ALL)
    assert {(one.user_id, one.joined_at): one.code for one in joins} == {
        join: min((one for one in said if one[1] is not None), default=(True, None))[1]
        for join, said in meaning.joins.items()
    }
    owners = dict(zip(dirt.INVITES, dirt.STAFF, strict=True))
    assert all(one.owner_id == owners.get(str(one.code)) for one in joins)
    assert {link.code: link.staff_id for link in await store.list_links()} == meaning.links
    found = await store.list_credits(limit=ALL)
    order = ["credited", "rejected", "pending"]
    assert [(one.user_id, one.state.value) for one in sorted(found, key=lambda one: one.user_id)] == [
        (member, min(states, key=order.index)) for member, states in sorted(meaning.credits.items())
    ]


async def snapshot(store: Store) -> list[object]:
    """Everything in the store, to the last revision."""
    return [
        await store.list_announcements(limit=ALL),
        await store.list_codes(list(CodeStatus)),
        await store.list_players(limit=ALL),
        await store.list_redemptions(limit=ALL),
        await store.get_guilds([GuildId(guild) for guild in dirt.GUILDS]),
        await store.list_joins(limit=ALL),
        await store.list_links(),
        await store.list_credits(limit=ALL),
    ]


def runs_of(dice: random.Random, heaps: Sequence[Heap]) -> list[list[LegacySource]]:
    """Sources in any order, in several runs; what counts only where nothing else is known comes with the last."""
    sources = [heap.source for heap in heaps]
    dice.shuffle(sources)
    runs: list[list[LegacySource]] = [[] for _ in range(dice.randrange(1, 4))]
    for source in sources:
        (runs[-1] if source.is_fallback else dice.choice(runs)).append(source)
    return runs


@pytest.mark.parametrize("seed", SEEDS)
async def test_any_subset_in_any_order_once_or_twice(seed: int, tmp_path: Path) -> None:
    """The same final rows; what is done again changes nothing, and every row that is left is counted."""
    dice = random.Random(1000 + seed)
    heaps = await dirt.make_heaps(seed, tmp_path)
    chosen = dice.sample(heaps, dice.randrange(1, len(heaps) + 1))
    clock = ManualClock()
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        outcomes = [
            outcome for sources in runs_of(dice, chosen) for outcome in await migrate(store, clock, sources)
        ]
        meaning = dirt.meaning_of(chosen)
        await check(store, meaning)
        skips = {outcome.migration.name: outcome.migration.counts.skips for outcome in outcomes}
        needless = dirt.needless_in(chosen)
        assert skips == {one.source.name: one.meaning.skips + needless[one.source.name] for one in chosen}
        assert {outcome.migration.state for outcome in outcomes} == {MigrationState.DONE}
        before = await snapshot(store)
        sources = [heap.source for heap in chosen]
        assert all(outcome.was_done for outcome in await migrate(store, clock, sources))
        await migrate(store, clock, dice.sample(sources, len(sources)), again=True)
        assert await snapshot(store) == before
        await check(store, meaning)


@pytest.mark.parametrize("seed", SEEDS)
async def test_interrupted_at_any_place(seed: int, tmp_path: Path) -> None:
    """Whatever a process had done when it died, the next one makes the same of it."""
    dice = random.Random(2000 + seed)
    heaps = await dirt.make_heaps(seed, tmp_path)
    clock = ManualClock()
    sources = [heap.source for heap in heaps]
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        for number in range(6):
            dice.shuffle(sources)
            one = dice.randrange(len(sources))
            cut = [Cut(source, dice.randrange(4)) if at == one else source for at, source in enumerate(sources)]
            dying = DyingStore(store, dice.randrange(1, 60), is_done=dice.random() < 0.5)
            given, target = dice.choice([(cut, store), (sources, dying)])
            try:
                await migrate(
                    cast("Store", target), clock, cast("list[LegacySource]", given), owner=f"died {number}"
                )
            except PowerCutError:
                continue
        outcomes = await migrate(store, clock, sources, owner="last")
        assert {outcome.migration.state for outcome in outcomes} == {MigrationState.DONE}
        await check(store, dirt.meaning_of(heaps))


async def test_a_copy_waits_while_what_it_copies_cannot_be_read(tmp_path: Path) -> None:
    """A removed player does not come back because MongoDB was away; once it is there, the copy is read."""
    heaps = await dirt.make_heaps(3, tmp_path)
    [copy] = (heap for heap in heaps if heap.source.is_fallback)
    [away] = [heap for heap in heaps if heap.source.name.endswith(".auto_redeem_members")][:1]
    clock = ManualClock()
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        from giftbot.legacy.broken import BrokenSource

        broken = BrokenSource("MONGO_URI", "the databases of MONGO_URI", "They cannot be looked into.")
        outcomes = await migrate(store, clock, [copy.source, broken])
        assert {outcome.migration.state for outcome in outcomes} == {MigrationState.FAILED}
        assert "is not read before" in str(outcomes[-1].migration.problem)
        assert await store.list_players(limit=ALL) == []
        await migrate(store, clock, [copy.source, away.source])
        await check(store, dirt.meaning_of([copy, away]))


async def test_a_server_stays_known_when_its_last_player_is_removed(tmp_path: Path) -> None:
    """A database spoke of a server once, and was read again since: the copy beside it is silent on that server."""
    guild, player = dirt.GUILDS[0], dirt.PLAYERS[0]
    database = dirt.Documents("one.members", "auto_redeem_members", [{"_id": 1, "guild_id": guild, "fid": player}])
    heaps = await dirt.make_heaps(3, tmp_path)
    [copy] = (heap.source for heap in heaps if heap.source.is_fallback)
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        await migrate(store, ManualClock(), [database])
        database.rows = []
        await migrate(store, ManualClock(), [database], again=True)
        await migrate(store, ManualClock(), [copy])
        players = await store.list_players(limit=ALL)
    assert [one.player_id for one in players if one.guild_id == guild] == [player]
    assert {one.guild_id for one in players} == set(dirt.GUILDS)


async def test_a_request_counts_once_whenever_the_joins_come(tmp_path: Path) -> None:
    """Joins that are found later than requests give nobody a second credit; what was decided here since stays."""
    rows = [{"user_id": dirt.MEMBERS[0], "staff_id": dirt.STAFF[0], "status": "pending"}]
    requests = {"discord_data": {"vip_requests": rows}}
    [cloud] = await sources_of(shapes.write_json(tmp_path / "discord_data_backup.json", requests))
    join = {"user_id": str(dirt.MEMBERS[0]), "timestamp": "2025-06-01T00:00:00", "guild_id": str(dirt.HOME)}
    [log] = await sources_of(shapes.write_json(tmp_path / "invite_joins.json", [join]))
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        clock = ManualClock()
        await migrate(store, clock, [cloud])
        await migrate(store, clock, [log])
        await migrate(store, clock, [cloud, log], again=True)
        [credit] = await store.list_credits(limit=ALL)
        assert credit.state is CreditState.PENDING
        decided = credit.changed(CreditState.REJECTED, clock.now(), staff_id=None, by=UserId(5))
        assert await store.save_credit(decided)
        rows[0]["status"] = "completed"
        shapes.write_json(tmp_path / "discord_data_backup.json", requests)
        await migrate(store, clock, [cloud])
        assert [one.state for one in await store.list_credits(limit=ALL)] == [CreditState.REJECTED]

"""Databases of earlier bots on a real server: beside ours, in ours, and those that this user may not read."""

# ruff: noqa: ASYNC240  (nobody waits for these tests while they look at the disk)

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pymongo
import pytest
from bson import Int64, ObjectId, json_util
from structlog.testing import capture_logs

from giftbot.errors import GiftbotError, StoreError
from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.code import CodeStatus
from giftbot.models.ids import ChannelId, CodeKey, GuildId
from giftbot.models.legacy import Chunk, Found, Member, Skip
from giftbot.models.migration import MigrationState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.services.migration.migrating import Migrating, Outcome
from giftbot.services.migration.ports import LegacySource
from giftbot.services.ports import Store
from giftbot.settings import Settings, load_settings
from giftbot.stores.mongo.legacy import server_mark
from giftbot.stores.mongo.store import open_mongo
from giftbot.stores.sqlite.store import open_sqlite
from giftbot.takeover import open_legacy
from tests.conftest import MongodFactory
from tests.fakes import ManualClock
from tests.legacy import shapes
from tests.legacy.reading import of, read, utc
from tests.legacy.shapes import GUILD, OTHER, PLAYER, SECOND, THIRD
from tests.mongod import Mongod

FROST, SNOW = CodeKey("FROST77"), CodeKey("SNOW2025")
Rows = dict[str, list[dict[str, object]]]


class Lines:
    """The report, kept in memory."""

    def __init__(self) -> None:
        self.skips: list[Skip] = []

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Write them down."""
        self.skips += skips


@pytest.fixture
def server(own_mongod: MongodFactory) -> Mongod:
    """A server for this test alone: the databases have the names that earlier bots gave them."""
    return own_mongod()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Our data directory."""
    directory = tmp_path / "data"
    directory.mkdir()
    return directory


def leave(server: Mongod, database: str, *collections: str) -> None:
    """What an earlier bot left in a database, with its unique index."""
    with server.client() as client:
        for name in collections or shapes.COLLECTIONS:
            client[database][name].insert_many([dict(row) for row in shapes.COLLECTIONS[name]])
        client[database]["auto_redeemed_codes"].create_index(
            [("guild_id", 1), ("code", 1), ("fid", 1)], name="theirs", unique=True
        )


def rows_of(server: Mongod, database: str) -> Rows:
    """Everything in a database."""
    with server.client() as client:
        names = sorted(client[database].list_collection_names())
        return {name: list(client[database][name].find({}).sort([("_id", 1)])) for name in names}


def settings_of(server: Mongod, directory: Path, **more: str) -> Settings:
    """The settings of a bot whose database is `giftbot`."""
    return load_settings({"MONGO_URI": server.uri, "GIFTBOT_DATA_DIR": str(directory), **more})


async def migrate(store: Store, settings: Settings, *, dry_run: bool = False, owner: str = "me") -> list[Outcome]:
    """Take over what is in the databases; a dry run writes to tables that are thrown away."""
    async with AsyncExitStack() as stack:
        sources = await stack.enter_async_context(open_legacy(settings, ["mongo"]))
        if dry_run:
            thrown = Path(stack.enter_context(TemporaryDirectory())) / "giftbot.sqlite"
            store = await stack.enter_async_context(open_sqlite(thrown))
        migrating = Migrating(store=store, clock=ManualClock(), owner=owner)
        return await migrating.run(sources, report=Lines(), dry_run=dry_run)


async def check(store: Store) -> None:
    """Everything of the fixtures is there, in our form."""
    sent = {row.code: row for row in await store.list_announcements(guild_id=GUILD)}
    assert sent.keys() == {FROST, SNOW}
    assert {(row.state, row.source) for row in sent.values()} == {(AnnouncementState.SENT, Origin.MIGRATION)}
    assert sent[FROST].sent_at == utc(2025, 12, 25, 10, 29).replace(microsecond=500000)
    codes = await store.get_codes([FROST, SNOW, CodeKey("OVER99"), CodeKey("HIDDENONE"), CodeKey("OLDCODE1")])
    assert {code.display for code in codes.values()} == {"Frost77", "SNOW2025", "OVER99", "HiddenOne", "OLDCODE1"}
    assert {code.status for code in codes.values()} == {CodeStatus.EXPIRED}
    players = await store.list_players()
    assert {(one.guild_id, one.player_id, one.nickname) for one in players} == {
        (GUILD, PLAYER, "Ayla"),
        (GUILD, SECOND, "Bo"),
        (OTHER, THIRD, "Cy"),
    }
    grants = await store.list_redemptions()
    assert {(one.guild_id, one.code, one.player_id, one.outcome) for one in grants} == {
        (GUILD, FROST, PLAYER, RedemptionOutcome.REDEEMED),
        (GUILD, FROST, SECOND, RedemptionOutcome.ALREADY),
        (GUILD, FROST, THIRD, RedemptionOutcome.ALREADY),
    }
    guilds = await store.get_guilds([GUILD, OTHER])
    assert guilds[GUILD].channel_id == guilds[GUILD].redeem_channel_id == ChannelId(shapes.CHANNEL)
    assert guilds[GUILD].auto_redeem
    assert guilds[OTHER].channel_id == ChannelId(shapes.OTHER_CHANNEL)
    assert not guilds[OTHER].auto_redeem


@pytest.fixture
async def store(server: Mongod) -> AsyncIterator[Store]:
    """Our own database on that server."""
    async with open_mongo(server.uri, "giftbot") as opened:
        yield opened


async def test_databases_beside_ours(server: Mongod, store: Store, place: Path) -> None:
    """Those of the usual names and of the settings are taken over together, and stay as they are."""
    leave(server, "reminderbot", "sent_giftcodes", "giftcode_state", "auto_redeemed_codes", "auto_redeem_channels")
    leave(server, "wos", "gift_codes", "giftcode_redemptions", "auto_redeem_settings")
    leave(server, "discord_bot", "auto_redeem_members")
    settings = settings_of(server, place, MONGO_DB_WOS="wos")
    before = {name: rows_of(server, name) for name in ("reminderbot", "wos", "discord_bot")}
    ours = rows_of(server, "giftbot")
    planned = await migrate(store, settings, dry_run=True)
    assert rows_of(server, "giftbot") == ours
    done = await migrate(store, settings)
    assert [(one.migration.name, one.migration.counts.found) for one in planned] == [
        (one.migration.name, one.migration.counts.found) for one in done
    ]
    assert {one.migration.state for one in done} == {MigrationState.DONE}
    await check(store)
    assert all(one.was_done for one in await migrate(store, settings))
    assert {name: rows_of(server, name) for name in before} == before
    assert list(place.iterdir()) == []


async def test_our_own_database(server: Mongod, place: Path) -> None:
    """What the earlier bot left is kept in files first; then each row has our form, and its index does no harm."""
    leave(server, "giftbot")
    before = rows_of(server, "giftbot")
    settings = settings_of(server, place)
    async with open_mongo(server.uri, "giftbot") as store:
        await migrate(store, settings, dry_run=True)
        after = rows_of(server, "giftbot")
        assert {name: rows for name, rows in after.items() if name in before} == before
        assert list(place.iterdir()) == []
        assert {one.migration.state for one in await migrate(store, settings)} == {MigrationState.DONE}
        await check(store)
        await migrate(store, settings)  # what was changed by the first run is looked at once more
        assert all(one.was_done for one in await migrate(store, settings))
        await check(store)
    for name, rows in before.items():
        lines = (place / f"earlier-giftbot-{name}.jsonl").read_text().splitlines()
        kept = [json_util.loads(line) for line in lines]
        assert {str(row["_id"]) for row in kept} == {str(row["_id"]) for row in rows}
        assert all(json.loads(json_util.dumps(row)) for row in kept)
    ids = {str(row["_id"]) for row in rows_of(server, "giftbot")["auto_redeemed_codes"]}
    assert ids == {f"{GUILD}:FROST77:{player}" for player in (PLAYER, SECOND, THIRD)}


class Dies:
    """A source that ends the process between two of its steps."""

    def __init__(self, inner: LegacySource) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """Rows are kept and removed; nothing of them is stored."""
        async for _ in self._inner.read(dry_run=dry_run):
            raise StoreError("The process is gone.")
        yield Chunk((), 0)


@pytest.mark.parametrize("dies", ["sent_giftcodes", "auto_redeemed_codes", "gift_codes"])
async def test_our_own_database_after_a_crash(server: Mongod, place: Path, dies: str) -> None:
    """What a process had removed or changed and not stored comes out of the file."""
    leave(server, "giftbot")
    settings = settings_of(server, place)
    async with open_mongo(server.uri, "giftbot") as store:
        async with open_legacy(settings, ["mongo"]) as sources:
            for source in sources:
                if source.name.endswith(dies):
                    migrating = Migrating(store=store, clock=ManualClock(), owner="dead")
                    with pytest.raises(StoreError):
                        await migrating.run([Dies(source)], report=Lines())  # type: ignore[list-item]
        with (place / f"earlier-giftbot-{dies}.jsonl").open("a") as file:
            file.write('{"_id": "cut of')  # the process died while it wrote
        await migrate(store, settings)
        await check(store)


@contextmanager
def restricted(server: Mongod, **rights: str) -> Iterator[str]:
    """The URI of a user who has these rights only, each on the database of its name."""
    with server.client() as client:
        client["admin"].command("createUser", "root", pwd="secret", roles=["root"])
    uri = f"mongodb://root:secret@127.0.0.1:{server.port}/?authSource=admin&directConnection=true"
    with pymongo.MongoClient[dict[str, object]](uri) as client:
        client["reminderbot"]["sent_giftcodes"].insert_one(dict(shapes.SENT_ONE))
        client["wos"]["gift_codes"].insert_one({"_id": "SNOW2025"})
        roles = [{"role": role, "db": database} for database, role in rights.items()]
        client["admin"].command("createUser", "bot", pwd="secret", roles=roles)
    yield uri.replace("root:", "bot:")


async def test_databases_that_this_user_may_not_read(own_mongod: MongodFactory, place: Path) -> None:
    """They count as absent, one line says so for each; the others are read."""
    server = own_mongod(replica_set=False, auth=True)
    with restricted(server, giftbot="readWrite", wos="read") as uri:
        settings = load_settings({"MONGO_URI": uri, "GIFTBOT_DATA_DIR": str(place), "MONGO_DB_WOS": "wos"})
        with capture_logs() as lines:
            async with open_legacy(settings) as sources:
                assert [one.name for one in sources] == ["mongodb:wos.gift_codes"]
                assert len(await read(sources[0])) == 1
    assert sorted(str(line["database"]) for line in lines if "not looked into" in line["event"]) == [
        "discord_bot",
        "reminderbot",
    ]


async def test_a_server_that_is_away(place: Path) -> None:
    """It is a source that fails, with a sentence without the password; files are taken over all the same."""
    shapes.write_json(place / "giftcode_state.json", shapes.STATE)
    uri = "mongodb://me:secret@127.0.0.1:9/?serverSelectionTimeoutMS=50"
    settings = load_settings({"GIFTBOT_DATA_DIR": str(place), "MONGO_URI_FALLBACK": uri})
    async with open_legacy(settings) as sources:
        assert [(one.name, one.has_posts) for one in sources] == [
            ("giftcode_state.json", True),
            ("MONGO_URI_FALLBACK", True),
        ]
        with pytest.raises(Exception, match="MONGO_URI_FALLBACK cannot be looked into") as caught:
            await sources[1].fingerprint()
        assert "secret" not in str(caught.value)
        assert isinstance(caught.value.__cause__, GiftbotError)
        assert sources[1].covers(f"mongodb:reminderbot.sent_giftcodes@{server_mark(uri)}")
        assert not sources[1].covers("mongodb:reminderbot.sent_giftcodes")


async def test_rows_that_a_driver_does_not_like(server: Mongod, place: Path) -> None:
    """Ids of every type, null among them, dates beyond the calendar, texts that are none: each row is read."""
    with server.client() as client:
        rows = client["reminderbot"]["auto_redeem_members"]
        odd: list[object] = [None, 5, 1.5, "x", {"a": 1}, ObjectId(), True, datetime(2025, 1, 1, tzinfo=UTC)]
        fids = [str(number) for number in range(len(odd))]
        rows.insert_many(
            [{"_id": one, "guild_id": Int64(GUILD), "fid": fid} for one, fid in zip(odd, fids, strict=True)]
        )
        rows.insert_one({"_id": "late", "guild_id": Int64(GUILD), "fid": "90"})
        client["reminderbot"].command(
            "update",
            "auto_redeem_members",
            updates=[{"q": {"_id": "late"}, "u": [{"$set": {"added_at": {"$toDate": Int64(2**61)}}}]}],
        )
    async with open_legacy(settings_of(server, place), ["mongo"]) as [source]:
        found: list[Found] = await read(source)
    assert {one.player_id for one in of(Member, found)} == {*fids, "90"}


@contextmanager
def slow(server: Mongod, *commands: str) -> Iterator[None]:
    """The next of these commands takes longer than an ordinary operation may."""
    name = {"configureFailPoint": "failCommand"}
    data = {"failCommands": list(commands), "blockConnection": True, "blockTimeMS": 3500}
    with server.client() as client:
        client["admin"].command({**name, "mode": {"times": 1}, "data": {**data, "appName": "giftbot migration"}})
        yield
        client["admin"].command({**name, "mode": "off"})


async def test_a_large_collection_may_take_long(server: Mongod, place: Path) -> None:
    """It is looked through without an index of ours: that is no reason to hold back every post."""
    leave(server, "reminderbot", "auto_redeemed_codes")
    with slow(server, "find"):
        async with open_legacy(settings_of(server, place), ["mongo"]) as [source]:
            assert source.name == "mongodb:reminderbot.auto_redeemed_codes"
            with slow(server, "aggregate"):
                assert "2 rows" in await source.fingerprint()


async def test_our_own_rows_are_not_looked_through(server: Mongod, store: Store, place: Path) -> None:
    """Each start asks whether there is anything of an earlier bot among ours: indexes say so."""
    ours = {"auto_redeemed_codes": "outcome", "gift_codes": "status", "sent_giftcodes": "state"}
    odd = {"_id": "theirs", "guild_id": Int64(GUILD), "fid": "1"}
    with server.client() as client:
        database = client["giftbot"]
        for name, field in ours.items():
            database[name].insert_many([{"_id": f"{number}", field: "held"} for number in range(500)])
        database.command("profile", 2)
        async with open_legacy(settings_of(server, place), ["mongo"]) as sources:
            assert sources == []
        database["auto_redeemed_codes"].insert_one(odd)
        async with open_legacy(settings_of(server, place), ["mongo"]) as [source]:
            assert "1 rows" in await source.fingerprint()
            assert await source.size() == 1
        database.command("profile", 0)
        asked = [
            (row["ns"], row["planSummary"], row["docsExamined"])
            for row in database["system.profile"].find({"appName": "giftbot migration"})
            if str(row["ns"]).removeprefix("giftbot.") in ours
        ]
    assert {ns for ns, _, _ in asked} == {f"giftbot.{name}" for name in ours}
    assert [one for one in asked if "COLLSCAN" in str(one[1]) or int(str(one[2])) > 1] == []


async def test_our_own_database_by_another_address(server: Mongod, store: Store, place: Path) -> None:
    """Rows of ours are not taken for those of an earlier bot: what waits to be posted goes on waiting."""
    with server.client() as client:
        rows = client["giftbot"]["sent_giftcodes"]
        waiting = {"_id": f"{GUILD}:FROST77", "guild_id": Int64(GUILD), "code": "FROST77", "state": "pending"}
        rows.insert_one({**waiting, "guild_epoch": 0, "code_epoch": 0})
        rows.insert_one({"_id": f"{GUILD}:SNOW2025", "guild_id": Int64(GUILD), "code": "SNOW2025"})
    again = server.uri.replace("127.0.0.1", "localhost")
    settings = settings_of(server, place, MONGO_URI_FALLBACK=again)
    done = [(one.migration.name, one.migration.state) for one in await migrate(store, settings)]
    name = "mongodb:giftbot.sent_giftcodes"
    assert done == [(one, MigrationState.DONE) for one in (name, f"{name}@{server_mark(again)}")]
    states = {row.code: row.state for row in await store.list_announcements(guild_id=GUILD)}
    assert states == {FROST: AnnouncementState.PENDING, SNOW: AnnouncementState.SENT}


async def test_two_servers_with_as_many_rows(own_mongod: MongodFactory, server: Mongod, place: Path) -> None:
    """As many rows until the same moment on another server are not the same rows."""
    other = own_mongod()
    for one, code in ((server, "FROST77"), (other, "SNOW2025")):
        with one.client() as client:
            row = {"_id": f"{GUILD}:{code}", "guild_id": Int64(GUILD), "code": code}
            client["reminderbot"]["sent_giftcodes"].insert_one(row)
    async with open_mongo(server.uri, "giftbot") as store:
        settings = settings_of(server, place, MONGO_URI_FALLBACK=other.uri)
        done = await migrate(store, settings)
        assert [one.was_done for one in done] == [False, False]
        assert all(one.was_done for one in await migrate(store, settings))
        assert {row.code for row in await store.list_announcements(guild_id=GUILD)} == {FROST, SNOW}


def test_the_mark_of_a_server() -> None:
    """It says which hosts they are, and nothing of who logs in."""
    mark = server_mark("mongodb://a.example:27017,b.example:27018/wos?authSource=admin")
    assert mark == server_mark("mongodb://me:secret@B.example:27018,a.example:27017")
    assert mark == server_mark("mongodb://you:other@a.example:27017,b.example:27018?tls=true")
    assert mark != server_mark("mongodb://a.example:27017,b.example:27019")
    assert re.fullmatch("[0-9a-f]{8}", mark)


async def test_many_rows_come_in_order(server: Mongod, place: Path) -> None:
    """Page by page, by an index, each row once; a row with a huge list is handed on in parts."""
    with server.client() as client:
        rows = client["reminderbot"]["auto_redeem_members"]
        rows.insert_many([{"guild_id": Int64(GUILD), "fid": str(number)} for number in range(1250)])
        members = [{"fid": str(number)} for number in range(2000, 5000)]
        rows.insert_one({"_id": "list", "guild_id": Int64(OTHER), "members": members})
        plan = rows.find({"$expr": {"$gt": ["$_id", {"$literal": "a"}]}}).sort([("_id", 1)]).limit(5).explain()
        assert "IXSCAN" in str(plan["queryPlanner"]["winningPlan"])  # type: ignore[index]
    async with open_legacy(settings_of(server, place), ["mongo"]) as [source]:
        found: list[Found] = []
        async for chunk in source.read():
            assert len(chunk.found) <= 500
            found += chunk.found
    assert len(of(Member, found)) == len({one.player_id for one in of(Member, found)}) == 1250 + 3000
    assert GuildId(OTHER) in {one.guild_id for one in of(Member, found)}

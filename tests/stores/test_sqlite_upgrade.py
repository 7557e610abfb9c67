"""A file that an earlier giftbot wrote is upgraded when it is opened."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.announcement import AnnouncementState
from giftbot.models.code import CodeStatus
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey
from giftbot.models.redemption import RedemptionOutcome
from giftbot.stores.sqlite.schema import MIGRATIONS
from giftbot.stores.sqlite.store import open_sqlite
from tests.stores.build import CHANNEL, GUILD, NOW, OTHER_GUILD, later, states
from tests.stores.build_redeeming import FROST, claim_jobs, job, player, redemption

SCHEMA_1 = Path(__file__).parent / "data" / "schema_1.sql"
"""What the giftbot of schema 1 wrote, as SQLite dumps it."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of schema 1: two servers, two codes, a post that was sent and one that waits."""
    file = tmp_path / "giftbot.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCHEMA_1.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return file


def version_of(path: Path) -> int:
    """The schema version that a file says it has."""
    with closing(sqlite3.connect(path)) as connection:
        [version] = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


async def test_nothing_is_lost_and_nothing_redeems_by_itself(path: Path) -> None:
    """Settings, codes and posts are as they were; auto-redeem is off, and no code is handed out at once."""
    assert version_of(path) == 1
    async with open_sqlite(path) as store:
        assert (await store.facts())["schema"] == str(len(MIGRATIONS))
        settings = GuildSettings(
            GUILD, CHANNEL, language="de", missing_permissions=("Embed Links",), updated_at=NOW, revision=1
        )
        left = GuildSettings(OTHER_GUILD, auto_post=False, left_at=NOW, revision=1)
        assert await store.get_guilds([GUILD, OTHER_GUILD]) == {GUILD: settings, OTHER_GUILD: left}
        assert [chunk async for chunk in store.scan_redeeming_guilds()] == []
        codes = await store.get_codes([FROST, CodeKey("HELD1")])
        assert {key: (code.status, code.redeem) for key, code in codes.items()} == {
            "FROST77": (CodeStatus.ACTIVE, False),
            "HELD1": (CodeStatus.HELD, False),
        }
        assert codes[FROST].sources["json"].first_seen == NOW
        assert await store.list_to_redeem() == []
        assert await states(store) == {"FROST77": AnnouncementState.SENT, "HELD1": AnnouncementState.PENDING}


async def test_an_upgraded_file_redeems(path: Path) -> None:
    """Everything that is new works, and is there when the file is opened again."""
    async with open_sqlite(path) as store:
        [settings] = (await store.get_guilds([GUILD])).values()
        assert await store.save_guild(attrs.evolve(settings, auto_redeem=True, default_kingdom=5))
        assert await store.insert_players([player(1)]) == {"1"}
        assert await store.open_redemptions([redemption(1)]) == 1
        assert len(await store.open_jobs([job()])) == 1
    async with open_sqlite(path) as store:
        assert [item.default_kingdom async for chunk in store.scan_redeeming_guilds() for item in chunk] == [5]
        assert [held.code for held in await claim_jobs(store)] == [FROST]
        assert await store.record([redemption(1, RedemptionOutcome.REDEEMED)]) == 1
        assert (await store.take_slot("game", NOW, per_minute=30, earned=0)).slot == NOW
        assert await store.hold_player("1", "a", NOW, later(1)) is None


async def test_several_processes_may_upgrade_at_once(path: Path) -> None:
    """One of them does, the others find it done."""

    async def schema() -> str:
        async with open_sqlite(path) as store:
            return (await store.facts())["schema"]

    assert set(await asyncio.gather(*(schema() for _ in range(5)))) == {str(len(MIGRATIONS))}


async def test_an_upgrade_happens_as_a_whole(path: Path) -> None:
    """While another process writes, the file stays as it was, and the sentence says what to do."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="busy"):
            async with open_sqlite(path, busy_timeout=0.01):
                pass
        other.execute("ROLLBACK")
    assert version_of(path) == 1
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE leases (something INTEGER)")  # stands in the way of the last steps
    with pytest.raises(Exception, match="leases"):
        async with open_sqlite(path):
            pass
    assert version_of(path) == 1
    with closing(sqlite3.connect(path)) as connection:
        assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'players'").fetchall()
        connection.execute("DROP TABLE leases")
    async with open_sqlite(path) as store:
        assert (await store.facts())["schema"] == str(len(MIGRATIONS))

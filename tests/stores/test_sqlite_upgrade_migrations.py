"""A file of schema 3 is upgraded when it is opened: all is as it was, and what is taken over is remembered."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from giftbot.models.announcement import AnnouncementState
from giftbot.models.ids import CodeKey, UserId
from giftbot.models.legacy import SentCode
from giftbot.models.redemption import GRANTED
from giftbot.stores.sqlite.schema import MIGRATIONS
from giftbot.stores.sqlite.store import open_sqlite
from tests.stores.build import GUILD, NOW, later, states
from tests.stores.build_invites import credit, event, joined, ledger, link
from tests.stores.build_redeeming import player
from tests.stores.contract.test_migrations import migration

SCHEMA_3 = Path(__file__).parent / "data" / "schema_3.sql"
"""What the giftbot of schema 3 wrote, as SQLite dumps it: what schema 2 had, and invites."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of schema 3."""
    file = tmp_path / "giftbot.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCHEMA_3.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    return file


async def test_nothing_is_lost(path: Path) -> None:
    """Players, redemptions, posts, invites and credits are as they were; nothing was taken over yet."""
    async with open_sqlite(path) as store:
        assert (await store.facts())["schema"] == str(len(MIGRATIONS))
        assert await store.list_players(guild_id=GUILD) == [player(1, owner=7), player(2)]
        assert [row.player_id for row in await store.list_redemptions(outcomes=GRANTED)] == ["1"]
        assert await states(store) == {"FROST77": AnnouncementState.SENT}
        assert await store.list_events(GUILD) == [event(2)]
        assert await store.get_ledger(GUILD) == ledger(1)
        assert await store.open_joins(GUILD, [UserId(1)]) == [joined(1)]
        assert [found.code for found in await store.list_links(GUILD)] == [link().code]
        assert await store.list_credits(GUILD) == [credit()]
        assert await store.get_carried() == {"tables": [1]}
        assert await store.list_migrations() == []


async def test_an_upgraded_file_remembers_what_is_taken_over(path: Path) -> None:
    """Also when it is opened again; codes that were sent here are as they were."""
    async with open_sqlite(path) as store:
        await store.save_migration(migration())
        codes = [SentCode(GUILD, CodeKey(key), key, NOW) for key in ("FROST77", "SNOW2025")]
        assert await store.note_sent(codes, NOW) == 1
        assert await store.take_lease("migration", "a", NOW, later(60)) is None
    async with open_sqlite(path) as store:
        assert await store.list_migrations() == [migration()]
        assert await store.get_sent_codes(GUILD) == {"FROST77", "SNOW2025"}
        assert await store.take_lease("migration", "b", NOW, later(60)) == later(60)

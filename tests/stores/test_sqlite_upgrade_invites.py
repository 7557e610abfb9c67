"""A file of schema 2 is upgraded when it is opened: everything is as it was, and invites can be stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from giftbot.models.announcement import AnnouncementState
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId, JobId, PlayerId, UserId
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.redemption import GRANTED
from giftbot.stores.sqlite.schema import MIGRATIONS
from giftbot.stores.sqlite.store import open_sqlite
from tests.stores.build import CHANNEL, GUILD, NOW, states
from tests.stores.build_invites import batch, credit, event, joined, ledger, link
from tests.stores.build_redeeming import job, player, redemption

SCHEMA_2 = Path(__file__).parent / "data" / "schema_2.sql"
"""What the giftbot of schema 2 wrote, as SQLite dumps it: a server, two players, a job, a post."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of schema 2."""
    file = tmp_path / "giftbot.sqlite"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(SCHEMA_2.read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    return file


async def test_nothing_is_lost(path: Path) -> None:
    """Settings, players, redemptions, jobs and posts are as they were; there are no invites yet."""
    async with open_sqlite(path) as store:
        assert (await store.facts())["schema"] == str(len(MIGRATIONS))
        settings = GuildSettings(GUILD, CHANNEL, auto_redeem=True, default_kingdom=5, updated_at=NOW, revision=1)
        assert await store.get_guilds([GUILD]) == {GUILD: settings}
        assert await store.list_players(guild_id=GUILD) == [player(1, owner=7), player(2)]
        assert [row.player_id for row in await store.list_redemptions(outcomes=GRANTED)] == [PlayerId("1")]
        waiting = redemption(2)
        assert await store.get_redemptions([waiting.redemption_id]) == {waiting.redemption_id: waiting}
        assert await store.get_jobs([JobId(f"{GUILD}:FROST77")]) == {f"{GUILD}:FROST77": job()}
        assert await states(store) == {"FROST77": AnnouncementState.SENT}
        assert await store.list_events(GUILD) == []
        assert await store.get_ledger(GUILD) is None
        assert await store.list_joins() == []
        assert await store.list_links() == []
        assert await store.list_credits() == []
        assert await store.get_invite_settings(GUILD) == InviteSettings(GUILD)
        assert await store.get_carried() == {}


async def test_an_upgraded_file_stores_invites(path: Path) -> None:
    """All of them, also when it is opened again."""
    async with open_sqlite(path) as store:
        await store.add_events([event(1), event(2)])
        assert await store.commit_batch(batch(1, [joined(1)], events=[1]))
        assert await store.save_link(link())
        assert await store.open_credit(credit())
        assert await store.save_invite_settings(InviteSettings(GuildId(5)))
        await store.save_carried({"tables": [1]})
    async with open_sqlite(path) as store:
        assert await store.list_events(GUILD) == [event(2)]
        assert await store.get_ledger(GUILD) == ledger(1)
        assert await store.open_joins(GUILD, [UserId(1)]) == [joined(1)]
        assert [found.code for found in await store.list_links(GUILD)] == [link().code]
        assert await store.list_credits(GUILD) == [credit()]
        assert [found.guild_id for found in await store.list_invite_settings()] == [5]
        assert await store.get_carried() == {"tables": [1]}

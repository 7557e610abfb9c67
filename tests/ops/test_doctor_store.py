"""`ops doctor` on the store: what it holds, what waits, and servers with trouble."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from giftbot.app import journal_of
from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import ChannelId, GuildId
from giftbot.settings import load_settings
from giftbot.stores.sqlite.looks import KNOWN
from tests.conftest import MongodFactory
from tests.mongod import Mongod
from tests.ops.examining import examined
from tests.ops.installation import EMBER, NORTH, NOW, QUIET, ROWS, Installation, fill, iso, on_mongo, row
from tests.ops.test_schema import known_to, set_schema


def test_what_the_store_says(installation: Installation) -> None:
    """Posts that nobody can tell of, and servers that the bot cannot post to, are warnings with advice."""
    checks = examined(installation)
    assert checks["store"][0] == "ok"
    assert checks["outbox"] == (
        "warning",
        "1 post waiting, 1 not certain, 1 failed",
        "See ops inspect sent --state unknown; an admin decides with “Post again” in /giftcodesettings.",
    )
    assert checks["servers"] == ("warning", "1 posting, 1 with trouble", "See all with ops inspect guilds.")
    assert checks[f"server {EMBER}"] == (
        "warning",
        "channel 21 disabled since 2026-01-02T03:04:05Z: Missing Access (50001);"
        " missing in channel 21: View Channel, Send Messages, seen 2026-01-02T03:04:05Z",
        "Repair the channel's permissions in that server, then choose the channel again: /giftcodesettings.",
    )
    assert f"server {NORTH}" not in checks
    assert f"server {QUIET}" not in checks


def test_posts_that_nobody_works_on(installation: Installation) -> None:
    """A post that is due for minutes is told of, with since when."""
    late = row(QUIET, "SNOW2026", AnnouncementState.PENDING, NOW - timedelta(minutes=30))
    installation.with_store(lambda store: store.enqueue([late]))
    level, found, advice = examined(installation)["outbox"]
    assert (level, advice) == ("warning", "Is the bot running? See its log.")
    assert found.endswith(f"the oldest due since {iso(NOW - timedelta(minutes=30))}")


def test_marks_that_wait_in_the_journal(sqlite: Installation) -> None:
    """They are counted, and left where they are."""
    journal = journal_of(load_settings(sqlite.environ))
    asyncio.run(journal.append([Mark(ROWS[2], AnnouncementState.SENT, NOW)]))
    for _ in range(2):
        assert examined(sqlite)["journal"] == (
            "warning",
            "1 mark not in the store yet",
            "A running bot writes them; while it is stopped: ops replay. Keep the file.",
        )


def test_many_servers_with_trouble(sqlite: Installation) -> None:
    """The first are named; all are counted."""

    async def add(store: Any) -> None:
        for number in range(30):
            guild = GuildSettings(
                guild_id=GuildId(1000 + number), channel_id=ChannelId(1), missing_permissions=("Embed Links",)
            )
            await store.save_guild(guild)

    sqlite.with_store(add)
    checks = examined(sqlite)
    assert checks["servers"][1] == "31 posting, 31 with trouble"
    assert sum(name.startswith("server ") for name in checks) == 20


def test_a_standalone_mongodb(standalone: Mongod, tmp_path: Path, database_name: str) -> None:
    """It works, with a warning."""
    installation = on_mongo(tmp_path / "data", standalone.uri, database_name)
    installation.with_store(fill)
    level, found, advice = examined(installation)["store"]
    assert level == "warning"
    assert found.startswith("MongoDB answers in ")
    assert f"database {database_name}" in found
    assert advice == "A replica set, even of one server, is safer."


def test_a_mongodb_that_is_away(own_mongod: MongodFactory, tmp_path: Path) -> None:
    """The store is a failed check; the rest is still looked at."""
    mongod = own_mongod()
    installation = on_mongo(tmp_path / "data", mongod.uri, "giftbot")
    mongod.kill()
    checks = examined(installation)
    assert checks["store"][0] == "failed"
    assert checks["store"][1].startswith("MongoDB is out of reach")
    assert checks["data"][0] == "ok"
    assert "outbox" not in checks


def test_an_older_schema_is_left_as_it_is(sqlite: Installation) -> None:
    """Looking upgrades nothing: the store is not opened, and that is said."""
    set_schema(sqlite, KNOWN - 1)
    checks = examined(sqlite)
    assert checks["schema"] == (
        "warning",
        f"{KNOWN - 1}, this giftbot writes {KNOWN}",
        "Start the bot, which upgrades it, or: ops schema upgrade.",
    )
    assert checks["store"] == ("warning", "not looked at, because that would change its schema", None)
    assert "outbox" not in checks
    assert sqlite.run("schema", "show", "--json").document["found"] == KNOWN - 1


def test_data_of_a_newer_giftbot(installation: Installation) -> None:
    """It is a failure that names both schemas, on both stores."""
    known = known_to(installation)
    set_schema(installation, known + 1)
    level, found, advice = examined(installation)["schema"]
    assert (level, advice) == ("failed", "Update giftbot.")
    assert found == f"{known + 1}, this giftbot writes {known}: a newer giftbot wrote this data"


def test_a_damaged_file(sqlite: Installation) -> None:
    """What SQLite finds first is told, with what to do."""
    file = sqlite.directory / "giftbot.sqlite"
    with sqlite3.connect(file) as database:
        [(page,)] = database.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'invite_joins_joined'"
        ).fetchall()
        [(size,)] = database.execute("PRAGMA page_size").fetchall()
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * size)
    level, found, _ = examined(sqlite)["file"]
    assert level == "failed"
    assert found.startswith("is damaged: ")

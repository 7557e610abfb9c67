"""`ops schema`, and data of a newer giftbot."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from pymongo import MongoClient

from giftbot.stores.mongo.schema import INDEXES
from giftbot.stores.mongo.versions import KNOWN as MONGO_KNOWN
from giftbot.stores.sqlite.looks import KNOWN
from giftbot.stores.sqlite.schema import MIGRATIONS
from tests.mongod import Mongod, free_port
from tests.ops.earlier import contents
from tests.ops.holding import held_by_another
from tests.ops.installation import Installation, fill, on_mongo, on_sqlite
from tests.ops.runs import clean_environ, run_ops


def place_of(installation: Installation) -> str:
    """What the data is called."""
    if "MONGO_URI" in installation.environ:
        return f"MongoDB {installation.environ['MONGO_DB_NAME']}"
    return str(installation.directory / "giftbot.sqlite")


def known_to(installation: Installation) -> int:
    """What this giftbot writes there."""
    return MONGO_KNOWN if "MONGO_URI" in installation.environ else KNOWN


def set_schema(installation: Installation, number: int) -> None:
    """Let the data say that it has this schema."""
    if "MONGO_URI" in installation.environ:
        client: MongoClient[dict[str, object]] = MongoClient(installation.environ["MONGO_URI"])
        with client:
            rows = client[installation.environ["MONGO_DB_NAME"]]["migrations"]
            rows.update_one({"_id": "schema"}, {"$set": {"number": number}})
    else:
        with sqlite3.connect(installation.directory / "giftbot.sqlite") as database:
            database.execute(f"PRAGMA user_version = {number}")
        database.close()


@pytest.fixture
def old(tmp_path: Path) -> Installation:
    """An installation whose tables an older giftbot made."""
    made = on_sqlite(tmp_path / "data")
    with sqlite3.connect(made.directory / "giftbot.sqlite", isolation_level=None) as database:
        for statement in MIGRATIONS[0]:
            database.execute(statement)
        database.execute("PRAGMA user_version = 1")
        database.execute(
            "INSERT INTO gift_codes VALUES ('OLD1', 'Old1', 'active', 0, 0, NULL, NULL, NULL, NULL, '{}', 0, 0, 0)"
        )
    database.close()
    return made


def test_the_schema_is_shown(installation: Installation) -> None:
    """As a sentence and as a document, on both stores."""
    known, place = known_to(installation), place_of(installation)
    run = installation.run("schema", "show")
    assert (run.code, run.out) == (0, f"{place}: schema {known}, this giftbot writes {known}.\n")
    assert installation.run("schema", "show", "--json").document == {
        "place": place,
        "found": known,
        "known": known,
        "standing": "same",
    }


def test_looking_upgrades_nothing(old: Installation) -> None:
    """An older file stays as it is until it is asked for."""
    for command in (["schema", "show"], ["schema", "upgrade", "--dry-run"], ["schema", "show"]):
        run = old.run(*command)
        assert run.code == 0
        assert run.out.startswith(f"{place_of(old)}: schema 1, this giftbot writes {KNOWN}.\n")
    assert old.run("schema", "upgrade", "--dry-run").out.endswith(
        f"Would be upgraded to {KNOWN}. Nothing was changed (dry run).\n"
    )


@pytest.mark.parametrize(
    "command",
    [
        ["codes", "add", "NEW1", "--dry-run"],
        ["codes", "add", "NEW1"],
        ["stats"],
        ["inspect", "codes"],
        ["migrate", "--from", "."],
        ["doctor"],
    ],
    ids=" ".join,
)
def test_no_other_command_upgrades(old: Installation, command: list[str]) -> None:
    """Whether it looks or writes: the sentence says what to do, and the file stays as it is, to the last byte."""
    before = contents(old.directory)["giftbot.sqlite"]
    run = old.run(*command)
    assert contents(old.directory)["giftbot.sqlite"] == before
    if command != ["doctor"]:
        assert (run.code, run.out) == (74, "")
        assert run.err == (
            f"ops: {place_of(old)} is of schema 1, and this giftbot writes {KNOWN}: the bot upgrades it when it"
            " starts, or: ops schema upgrade. Nothing was changed.\n"
        )


def test_an_upgrade_keeps_what_is_there(old: Installation) -> None:
    """The steps are done in order and recorded; the rows are still there, and a second time changes nothing."""
    run = old.run("schema", "upgrade")
    assert (run.code, run.out) == (
        0,
        f"{place_of(old)}: schema 1, this giftbot writes {KNOWN}.\nUpgraded to {KNOWN}.\n",
    )
    assert [code["display"] for code in old.run("inspect", "codes", "--json").document["codes"]] == ["Old1"]
    again = old.run("schema", "upgrade")
    assert (again.code, again.lines[-1]) == (0, "There was nothing to upgrade.")


def test_indexes_that_are_missing_are_made(replica_set: Mongod, tmp_path: Path, database_name: str) -> None:
    """On MongoDB an upgrade records the schema's number, and makes what somebody dropped."""
    installation = on_mongo(tmp_path / "data", replica_set.uri, database_name)
    installation.with_store(fill)
    client: MongoClient[dict[str, object]] = MongoClient(replica_set.uri)
    with client:
        database = client[database_name]
        database["migrations"].delete_one({"_id": "schema"})
        database["sent_giftcodes"].drop_indexes()
        assert installation.run("schema", "upgrade").lines[-1] == f"Upgraded to {MONGO_KNOWN}."
        names = {index.document["name"] for index in INDEXES["sent_giftcodes"]}
        assert names <= set(database["sent_giftcodes"].index_information())
        database["sent_giftcodes"].drop_indexes()
        assert installation.run("schema", "upgrade").lines[-1] == "There was nothing to upgrade."
        assert names <= set(database["sent_giftcodes"].index_information())
        row = database["migrations"].find_one({"_id": "schema"})
        assert row is not None
        assert row["number"] == MONGO_KNOWN


def test_data_of_a_newer_giftbot_is_left_alone(installation: Installation) -> None:
    """Nothing is upgraded, and no other command works on it; each says so in one sentence."""
    known = known_to(installation)
    set_schema(installation, known + 3)
    shown = installation.run("schema", "show")
    assert (shown.code, shown.lines[-1]) == (0, "A newer giftbot wrote it: update this one.")
    refused = installation.run("schema", "upgrade")
    assert refused.code == 74
    assert refused.err == "ops: A newer giftbot wrote this data: update giftbot. Nothing was changed.\n"
    stats = installation.run("stats")
    assert (stats.code, stats.out) == (74, "")
    assert stats.err.endswith(
        f" was written by a newer giftbot (schema {known + 3}, this one knows {known}): update giftbot, or restore"
        " a backup made with this version.\n"
    )
    assert installation.run("schema", "show", "--json").document["found"] == known + 3


async def test_the_upgrade_is_not_done_beside_a_bot(old: Installation) -> None:
    """The bot that works on the directory is named."""
    async with held_by_another(old.directory) as pid:
        run = await run_ops(old.environ, "schema", "upgrade")
    assert (run.code, run.err) == (73, f"ops: The bot (process {pid}) works on this directory: stop it first.\n")
    shown = await run_ops(old.environ, "schema", "show", "--json")
    assert shown.document["found"] == 1


def test_the_bot_does_not_start_on_data_of_a_newer_giftbot(installation: Installation) -> None:
    """It ends with one sentence, and the data stays as it is."""
    known = known_to(installation)
    set_schema(installation, known + 1)
    token = "MTE5ODc2NTQzMjEwOTg3NjU0Mw.GaBcDe.q7Zx-Qw3rT_y8uI0pAsDfGhJkLzXcVbNm12345"
    done = subprocess.run(
        [sys.executable, "-m", "giftbot", "run"],
        env={
            **clean_environ(),
            "PYTHONPATH": str(Path(__file__).parents[2]),
            **installation.environ,
            "DISCORD_TOKEN": token,
            "DISCORD_API_URL": f"http://127.0.0.1:{free_port()}/api/v10",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 74
    [sentence] = [line for line in done.stderr.splitlines() if "newer giftbot" in line]
    assert f"(schema {known + 1}, this one knows {known}): update giftbot, or restore a backup" in sentence
    assert "Traceback" not in done.stderr
    assert installation.run("schema", "show", "--json").document["found"] == known + 1

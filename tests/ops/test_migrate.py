"""`ops migrate`: what it prints, what it ends with, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import pytest

from giftbot.models.code import CodeStatus
from giftbot.models.ids import CodeKey, PlayerId
from giftbot.services.ports import Store
from tests.mongod import Mongod
from tests.ops.earlier import EMBER, NORTH, STATE, contents, leave_some, leave_state, leave_tables
from tests.ops.installation import Installation, fill, on_mongo, on_sqlite


@pytest.fixture(params=["sqlite", "mongo"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, database_name: str) -> Installation:
    """An installation without any data, on each store."""
    if request.param == "sqlite":
        return on_sqlite(tmp_path / "data")
    mongod: Mongod = request.getfixturevalue("replica_set")
    return on_mongo(tmp_path / "data", mongod.uri, database_name)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The directory of an earlier bot."""
    leave_some(tmp_path / "old")
    return tmp_path / "old"


async def _sent(store: Store) -> dict[int, set[CodeKey]]:
    return {int(guild_id): await store.get_sent_codes(guild_id) for guild_id in (NORTH, EMBER)}


FIRST = """\
source               state  found                                              changed  skipped
giftcode_state.json  done   1 channels for posts, 2 known codes, 3 sent codes  7        2
Skipped in giftcode_state.json: 2 (no gift code).
"""
SECOND = """\
source               state        found                                              changed  skipped
giftcode_state.json  done before  1 channels for posts, 2 known codes, 3 sent codes  7        2
Skipped in giftcode_state.json: 2 (no gift code).
"""


def test_a_run_and_a_second_one(empty: Installation, old: Path, tmp_path: Path) -> None:
    """What can be used is there, the rest is listed; the second run reads nothing again and is clean."""
    before = contents(old)
    run = empty.run("migrate", "--from", str(old), "--report", str(tmp_path / "rest.jsonl"))
    assert (run.code, run.err) == (2, "")
    assert run.out == f"{FIRST}The skipped rows are in {tmp_path / 'rest.jsonl'}\n"
    rows = [json.loads(line) for line in (tmp_path / "rest.jsonl").read_text().splitlines()]
    assert [(row["source"], row["where"], row["raw"]) for row in rows] == [
        (STATE, f"sent, server {NORTH}, entry 3", ""),
        (STATE, f"sent, server {EMBER}, entry 2", "'no code, this'"),
    ]
    assert empty.with_store(_sent) == {NORTH: {"FROST77", "SNOW2025"}, EMBER: {"FROST77"}}
    codes = empty.with_store(lambda store: store.get_codes([CodeKey("SNOW2025"), CodeKey("OLDCODE1")]))
    assert {code.display: code.status for code in codes.values()} == {
        "Snow2025": CodeStatus.EXPIRED,
        "OLDCODE1": CodeStatus.EXPIRED,
    }
    run = empty.run("migrate", "--from", str(old))
    assert (run.code, run.out, run.err) == (0, SECOND, "")
    run = empty.run("migrate", "--from", str(old), "--again", "--json")
    assert run.code == 2
    assert [(one["state"], one["changed"]) for one in run.document["sources"]] == [("done", 0)]
    assert contents(old) == before


def test_clean_data_ends_with_0(empty: Installation, tmp_path: Path) -> None:
    """Without arguments the data directory is looked into; nothing is listed where nothing is skipped."""
    leave_state(empty.directory, {str(NORTH): ["FROST77"]})
    run = empty.run("migrate", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.document == {
        "dry_run": False,
        "sources": [
            {
                "name": STATE,
                "place": str(empty.directory / STATE),
                "state": "done",
                "done_before": False,
                "found": {"channels for posts": 1, "sent codes": 1},
                "changed": 3,
                "skipped": {},
                "problem": None,
            }
        ],
    }
    assert not list(empty.directory.glob("migration-*"))


def test_nothing_to_take_over(empty: Installation, tmp_path: Path) -> None:
    """One sentence each: nothing there, a place that is not there, no such store, no such source."""
    assert empty.run("migrate").out == "Nothing of an earlier bot was found.\n"
    (tmp_path / "bare").mkdir()
    assert empty.run("migrate", "--from", str(tmp_path / "bare")).code == 0
    run = empty.run("migrate", "--from", "nowhere")
    assert (run.code, run.err) == (2, "ops: nowhere is not there.\n")
    run = empty.run("migrate", "--from", "cloud")
    assert (run.code, run.err) == (2, "ops: There is no cloud service to look into: set CLOUD_API_URL.\n")
    run = empty.run("migrate", "--give-up", "x.json")
    assert (run.code, run.err) == (2, "ops: No source “x.json” has failed. None has.\n")


def test_a_data_directory_that_is_made(tmp_path: Path, old: Path) -> None:
    """Before the bot was ever started; where it cannot be made, that is said."""
    new = on_sqlite(tmp_path / "new")
    (tmp_path / "new").rmdir()
    assert new.run("migrate", "--from", str(old)).code == 2
    assert new.with_store(_sent)[NORTH] == {"FROST77", "SNOW2025"}
    (tmp_path / "file").touch()
    no = attrs.evolve(new, environ={**new.environ, "GIFTBOT_DATA_DIR": str(tmp_path / "file" / "data")})
    run = no.run("migrate", "--from", str(old))
    assert (run.code, run.out) == (73, "")
    assert "cannot be made" in run.err


DRY = """\
source               state  found                                              changed  skipped
giftcode_state.json  done   1 channels for posts, 2 known codes, 3 sent codes  0        2
Skipped in giftcode_state.json: 2 (no gift code).
Nothing was changed (dry run).
"""


@pytest.mark.parametrize("is_there", ["missing", "empty", "filled"])
def test_a_dry_run_writes_nothing(tmp_path: Path, old: Path, is_there: str) -> None:
    """No tables, no log, no report, no directory; and nothing in those that are there."""
    made = on_sqlite(tmp_path / "data", LOG_LEVEL="INFO")
    if is_there == "filled":
        made.with_store(fill)
    if is_there == "missing":
        made.directory.rmdir()
    before = contents(tmp_path)
    run = made.run("migrate", "--from", str(old), "--dry-run")
    assert (run.code, run.out, run.err) == (2, DRY, "")
    assert contents(tmp_path) == before
    assert made.directory.exists() is (is_there != "missing")


def test_a_dry_run_writes_nothing_to_mongodb(tmp_path: Path, replica_set: Mongod, database_name: str) -> None:
    """Neither where the database is the earlier bot's, nor beside it: no collection, no index, no row, no file."""
    made = on_mongo(tmp_path / "data", replica_set.uri, database_name, LOG_LEVEL="INFO")
    row = {"_id": f"{NORTH}:FROST77", "guild_id": NORTH, "code": "FROST77", "sent_at": "2025-12-25T10:30:00"}
    with replica_set.client() as client:
        client[database_name]["sent_giftcodes"].insert_one(dict(row))
        run = made.run("migrate", "--dry-run", "--json")
        assert (run.code, run.err) == (0, "")
        [source] = run.document["sources"]
        assert (source["name"], source["found"]) == (f"mongodb:{database_name}.sent_giftcodes", {"sent codes": 1})
        assert client[database_name].list_collection_names() == ["sent_giftcodes"]
        assert list(client[database_name]["sent_giftcodes"].find()) == [row]
        assert list(client[database_name]["sent_giftcodes"].index_information()) == ["_id_"]
    assert contents(tmp_path) == {}


def test_a_source_that_fails_is_given_up(empty: Installation, old: Path) -> None:
    """The exit code is 1 while it fails; the others are taken over; then the run is clean without it."""
    (old / "giftcode.sqlite").write_bytes(b"SQLite format 3\x00" + b"torn" * 500)
    run = empty.run("migrate", "--from", str(old))
    assert run.code == 1
    assert run.err.startswith(f"ops: {old / 'giftcode.sqlite'} cannot be read: ")
    assert empty.with_store(_sent)[EMBER] == {"FROST77"}
    run = empty.run("migrate", "--give-up", "nothing")
    assert (run.code, run.err) == (2, "ops: No source “nothing” has failed. These have: giftcode.sqlite.\n")
    run = empty.run("migrate", "--give-up", "giftcode.sqlite", "--dry-run")
    assert (run.code, run.out) == (0, f"Would go on without {old / 'giftcode.sqlite'}.\n")
    assert empty.run("migrate", "--from", str(old)).code == 1
    run = empty.run("migrate", "--give-up", "giftcode.sqlite")
    assert (run.code, run.out.splitlines()[0]) == (0, f"Goes on without {old / 'giftcode.sqlite'}.")
    run = empty.run("migrate", "--from", str(old))
    assert (run.code, run.err) == (0, "")
    assert run.lines[2].startswith("giftcode.sqlite given up - 0")
    assert empty.run("migrate", "--from", str(old), "--again").code == 1


@pytest.mark.parametrize(
    ("name", "hour"), [("Europe/Berlin", 10), ("America/New_York", 16), ("UTC", 12), ("Asia/Kolkata", 6)]
)
def test_the_earlier_bots_time_zone(empty: Installation, tmp_path: Path, name: str, hour: int) -> None:
    """Moments without a zone are those of the clock on the earlier machine, in summer as in winter."""
    leave_tables(tmp_path / "old")
    assert empty.run("migrate", "--from", str(tmp_path / "old"), "--timezone", name).code == 0
    [player] = empty.with_store(lambda store: store.list_players(guild_id=NORTH))
    assert player.player_id == PlayerId("123456780")
    assert (
        player.created_at.isoformat() == f"2025-07-01T{hour:02}:{30 if name == 'Asia/Kolkata' else 0:02}:00+00:00"
    )


@pytest.mark.parametrize("name", ["Europe/Berlim", "Europe", "", "../zone", "/etc/passwd", "Berlin\0", "x" * 300])
def test_no_such_time_zone(empty: Installation, old: Path, name: str) -> None:
    """One sentence, and nothing is read."""
    run = empty.run("migrate", "--from", str(old), "--timezone", name)
    assert (run.code, run.out) == (2, "")
    assert "is no time zone: give its name, such as Europe/Berlin" in run.err
    assert len(run.err.splitlines()) == 1


def test_the_doctor_names_what_is_left(empty: Installation) -> None:
    """What lies in the data directory: not read yet, then failing, then all taken over."""
    assert empty.run("migrate").code == 0
    leave_some(empty.directory)
    (empty.directory / "giftcode.sqlite").write_bytes(b"SQLite format 3\x00" + b"torn" * 500)
    lines = _earlier(empty)
    assert lines[0] == f"warning {empty.directory / STATE} is not taken over yet"
    empty.run("migrate")
    [line] = _earlier(empty)
    assert line.startswith(f"warning {empty.directory / 'giftcode.sqlite'} cannot be read: ")
    (empty.directory / "giftcode.sqlite").unlink()
    assert _earlier(empty) == ["ok 1 sources found, all taken over"]


def _earlier(made: Installation) -> list[str]:
    checks = made.run("doctor", "--json").document["checks"]
    return [f"{one['level']} {one['found']}" for one in checks if one["name"] == "earlier bots"]

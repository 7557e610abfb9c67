"""`ops migrate --dry-run`: it foresees what the real run does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from giftbot.stores.sqlite.schema import MIGRATIONS
from tests.legacy import shapes
from tests.mongod import Mongod
from tests.ops.earlier import EMBER, NORTH, contents, leave_state
from tests.ops.installation import Installation, fill, on_mongo, on_sqlite

MEMBERS = (811_111_111_111_111_111, 811_111_111_111_111_112)
STAFF = (822_222_222_222_222_221, 822_222_222_222_222_222)


def _leave_requests(directory: Path) -> Path:
    """Links, joins and requests of which nothing says the server; one invite is two staff members'."""
    links = [{"staff_id": staff, "invite_code": "aBcD1234", "created_at": "2025-01-01 00:00:00"} for staff in STAFF]
    joins = [{"user_id": one, "invite_code": "aBcD1234", "joined_at": "2025-06-01 00:00:00"} for one in MEMBERS]
    data = {"staff_invites": links, "invite_tracking": joins}
    directory.mkdir()
    return shapes.write_json(directory / "discord_data_backup.json", {"discord_data": data})


def _skipped(made: Installation, *options: str) -> list[dict[str, int]]:
    run = made.run("migrate", *options, "--json")
    assert run.err == ""
    return [one["skipped"] for one in run.document["sources"]]


@pytest.mark.parametrize("named", [[], ["--guild", str(NORTH)]], ids=["unknown", "named"])
@pytest.mark.parametrize("is_filled", [False, True], ids=["new", "filled"])
def test_it_skips_what_the_real_run_skips(tmp_path: Path, named: list[str], is_filled: bool) -> None:
    """Rows without a server, and an invite that is another staff member's; the report lists them."""
    made = on_sqlite(tmp_path / "data")
    if is_filled:
        made.with_store(fill)
    options = ["--from", str(_leave_requests(tmp_path / "old")), *named, "--report"]
    before = contents(tmp_path / "data")
    foreseen = _skipped(made, *options, str(tmp_path / "dry.jsonl"), "--dry-run")
    assert contents(tmp_path / "data") == before
    assert _skipped(made, *options, str(tmp_path / "real.jsonl")) == foreseen
    assert [sum(one.values()) for one in foreseen] == [1 if named else 4]
    assert (tmp_path / "dry.jsonl").read_text() == (tmp_path / "real.jsonl").read_text()


def test_it_knows_the_servers_of_the_bot(tmp_path: Path) -> None:
    """Where the bot is in one server only, rows without a server are its own, in a dry run, too."""
    made = on_sqlite(tmp_path / "data")
    leave_state(made.directory, {str(EMBER): ["FROST77"]}, channels={str(EMBER): 222_222_222_222_222_222})
    assert made.run("migrate").code == 0
    options = ["--from", str(_leave_requests(tmp_path / "old"))]
    foreseen = _skipped(made, *options, "--dry-run")
    assert foreseen == [{"the invite counts for another staff member": 1}]
    assert _skipped(made, *options) == foreseen
    run = made.run("migrate", *options, "--dry-run", "--json")
    assert [(one["state"], one["done_before"]) for one in run.document["sources"]] == [("done", True)]


def test_a_file_of_an_older_schema(tmp_path: Path) -> None:
    """A dry run works on a copy, and upgrades that one only."""
    made = on_sqlite(tmp_path / "data")
    script = ";".join([*MIGRATIONS[0], "PRAGMA user_version = 1;"])
    shapes.write_tables(made.directory / "giftbot.sqlite", script, [])
    before = contents(made.directory)
    assert made.run("migrate", "--from", str(_leave_requests(tmp_path / "old")), "--dry-run").code == 2
    assert contents(made.directory) == before


def test_players_that_are_known_from_elsewhere(tmp_path: Path) -> None:
    """A copy beside a better source: each row is listed, and nothing is wrong with it."""
    made = on_sqlite(tmp_path / "data")
    leave_state(tmp_path / "old", {str(NORTH): ["FROST77"]})
    script = "CREATE TABLE auto_redeem_members (guild_id, fid TEXT, nickname TEXT);"
    rows = [("INSERT INTO auto_redeem_members VALUES (?, ?, 'Zed')", (NORTH, f"40000000{n}")) for n in range(2)]
    shapes.write_tables(tmp_path / "old" / "giftcode.sqlite", script, rows)
    options = ["--from", str(tmp_path / "old"), "--report"]
    dry = made.run("migrate", *options, str(tmp_path / "dry.jsonl"), "--dry-run")
    real = made.run("migrate", *options, str(tmp_path / "real.jsonl"))
    assert (dry.code, real.code, dry.err, real.err) == (0, 0, "", "")
    assert "Skipped in giftcode.sqlite: 2 (known from elsewhere)." in dry.lines
    for name in ("dry.jsonl", "real.jsonl"):
        lines = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
        assert [(line["where"], line["reason"]) for line in lines] == [
            (f"player 40000000{number}, server {NORTH}", "known from elsewhere") for number in range(2)
        ]


def test_what_it_cannot_foresee_with_mongodb_is_said(
    tmp_path: Path, replica_set: Mongod, database_name: str
) -> None:
    """The tables are not copied from there."""
    made = on_mongo(tmp_path / "data", replica_set.uri, database_name)
    run = made.run("migrate", "--from", str(_leave_requests(tmp_path / "old")), "--dry-run")
    assert run.code == 2
    assert run.lines[-1].startswith("What this bot knows in MongoDB was not looked at: ")

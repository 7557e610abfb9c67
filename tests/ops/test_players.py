"""`ops players`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.ops.installation import EMBER, NORTH, QUIET, UNKNOWN, Installation
from tests.ops.test_output import in_terminal

TABLE = """player_id;kingdom;nickname
2001;312;Bea
1001;312;
abc;312;Nobody
2001;313;Bea again
2002;70000;
1003;312;Cleo
"""


def ids(installation: Installation, guild: int) -> list[tuple[str, int | None, str]]:
    """A server's players with kingdom and state."""
    found = installation.run("inspect", "players", "--guild", str(guild), "--json").document["players"]
    return [(player["player_id"], player["kingdom"], player["state"]) for player in found]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file with good and bad lines."""
    path = tmp_path / "players.csv"
    path.write_text(TABLE, encoding="utf-8-sig")
    return path


def test_a_table_is_imported(installation: Installation, table: Path) -> None:
    """What can be used is stored unproved; every line that cannot be is named with its number and the reason."""
    run = installation.run("players", "import", str(table), "--guild", str(NORTH))
    assert run.code == 1
    assert run.lines[0] == "Imported: 1 added, 1 updated, 1 known already, 1 named twice, 2 not usable."
    assert run.lines[1] == "LINE PLAYER RESULT NOTE"
    assert [line.split()[:3] for line in run.lines[2:]] == [
        ["4", "abc", "bad"],
        ["5", "2001", "duplicate"],
        ["6", "2002", "bad"],
    ]
    assert run.lines[3].endswith("Line 2 names the same player.")
    assert run.lines[4].endswith("A kingdom (state) is a number from 1 to 9,999. You find it in the game.")
    assert ids(installation, NORTH) == [
        ("1001", 312, "active"),
        ("1002", 312, "unproved"),
        ("1003", 312, "unproved"),
        ("2001", 312, "unproved"),
    ]
    again = installation.run("players", "import", str(table), "--guild", str(NORTH))
    assert again.lines[0] == "Imported: 3 known already, 1 named twice, 2 not usable."


def test_a_dry_run_says_the_same_and_stores_nothing(installation: Installation, table: Path) -> None:
    """Line by line."""
    before = ids(installation, NORTH)
    dry = installation.run("players", "import", str(table), "--guild", str(NORTH), "--dry-run", "--json")
    assert (dry.code, ids(installation, NORTH)) == (1, before)
    wet = installation.run("players", "import", str(table), "--guild", str(NORTH), "--json")
    assert dry.document == {**wet.document, "dry_run": True}
    assert [line["result"] for line in wet.document["lines"]] == [
        "added",
        "known",
        "bad",
        "duplicate",
        "bad",
        "updated",
    ]
    plain = installation.run("players", "import", str(table), "--guild", str(NORTH), "--dry-run")
    assert plain.lines[0].startswith("Would import: 3 known already, ")
    assert plain.lines[0].endswith("Nothing was changed (dry run).")


def test_a_good_table_from_standard_input(sqlite: Installation) -> None:
    """A dash is standard input; the exit code is 0 when every line could be used."""
    run = sqlite.run("players", "import", "-", "--guild", str(QUIET), answer="2001, 312, Bea\n2002, 313\n")
    assert (run.code, run.out, run.err) == (0, "Imported: 2 added.\n", "")
    assert ids(sqlite, QUIET) == [("2001", 312, "unproved"), ("2002", 313, "unproved")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "There are no players in this."),
        (b"x" * (1024 * 1024 + 1), "This is larger than 1 MiB."),
        (b"1,2\n" * 5_001, "This has more than 5,000 lines."),
        (b"\xff\xfa\xff", "This file is not readable as text."),
    ],
)
def test_a_file_that_cannot_be_used(sqlite: Installation, tmp_path: Path, content: bytes, words: str) -> None:
    """A sentence, and nothing is stored."""
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    run = sqlite.run("players", "import", str(path), "--guild", str(QUIET))
    assert (run.code, run.out) == (2, "")
    assert words in run.err
    assert ids(sqlite, QUIET) == []


def test_a_file_that_is_not_there(sqlite: Installation, tmp_path: Path) -> None:
    """A missing file and a directory are named."""
    for path, why in ((tmp_path / "none.csv", "No such file or directory"), (tmp_path, "Is a directory")):
        run = sqlite.run("players", "import", str(path), "--guild", str(QUIET))
        assert (run.code, run.err) == (2, f"ops: {path} cannot be read: {why}.\n")


def test_a_server_that_is_not_known(sqlite: Installation, table: Path) -> None:
    """A mistyped id makes no players and no table."""
    for command in (["import", str(table)], ["export"]):
        run = sqlite.run("players", *command, "--guild", str(UNKNOWN))
        assert (run.code, run.out) == (2, "")
        assert run.err == f"ops: Server {UNKNOWN} is not known here. The known ones: ops inspect guilds.\n"
    assert sqlite.run("inspect", "players", "--guild", str(UNKNOWN)).code == 2
    assert sqlite.run("players", "export").code == 2


def test_players_are_exported(installation: Installation) -> None:
    """As a table that can be imported again, of that server alone."""
    run = installation.run("players", "export", "--guild", str(NORTH))
    assert (run.code, run.err) == (0, "")
    assert run.out.splitlines() == [
        "player_id,kingdom,nickname,status,owner_id",
        "1001,312,Ada,active,77",
        "1002,312,,unproved,",
        "1003,5,,wrong_kingdom,",
    ]
    run = installation.run("players", "import", "-", "--guild", str(QUIET), answer=run.out)
    assert (run.code, run.out) == (0, "Imported: 3 added.\n")
    assert len(ids(installation, QUIET)) == 3


def test_players_are_exported_to_a_file(sqlite: Installation, tmp_path: Path) -> None:
    """Readable by its owner alone, and never over another file unless that is asked for."""
    out = tmp_path / "export.csv"
    run = sqlite.run("players", "export", "--guild", str(EMBER), "--out", str(out))
    assert (run.code, run.out) == (0, f"1 player written to {out}.\n")
    assert out.read_bytes() == b"player_id,kingdom,nickname,status,owner_id\r\n1001,312,,paused,\r\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    run = sqlite.run("players", "export", "--guild", str(NORTH), "--out", str(out))
    assert run.code == 2
    assert run.err == f"ops: {out} exists already. Name another file, or say --force to replace it.\n"
    run = sqlite.run("players", "export", "--guild", str(NORTH), "--out", str(out), "--force")
    assert (run.code, out.read_bytes().count(b"\n")) == (0, 4)
    run = sqlite.run("players", "export", "--guild", str(NORTH), "--out", str(tmp_path / "no" / "x.csv"))
    assert (run.code, run.err) == (2, f"ops: {tmp_path}/no/x.csv cannot be written: No such file or directory.\n")
    assert {path.name for path in tmp_path.glob("*.csv*")} == {"export.csv"}


def test_a_long_import_shows_how_far_it_is(sqlite: Installation, tmp_path: Path) -> None:
    """On a terminal; elsewhere nothing but the result is printed."""
    path = tmp_path / "many.csv"
    path.write_text("".join(f"{3_000_000 + number},312\n" for number in range(5_000)))
    shown = in_terminal(
        sqlite.environ, "players", "import", str(path), "--guild", str(QUIET), "--dry-run", columns=100
    )
    assert "Importing" in shown
    assert "100%" in shown
    run = sqlite.run("players", "import", str(path), "--guild", str(QUIET))
    assert (run.code, run.out, run.err) == (0, "Imported: 5000 added.\n", "")

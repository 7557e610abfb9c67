"""How a run of `ops` ends when something is wrong."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from pathlib import Path

import pytest

from ops.log_file import LARGEST, LogFile
from tests.mongod import free_port
from tests.ops.installation import Installation, on_sqlite
from tests.ops.runs import ALONE, run_here, run_ops

READING = (
    ["stats"],
    ["inspect", "codes"],
    ["inspect", "sent"],
    ["inspect", "guilds"],
    ["codes", "held"],
    ["codes", "release", "--all"],
    ["codes", "discard", "--all"],
    ["reset", "--guild", "1", "--yes"],
)


def damaged(installation: Installation) -> Installation:
    """An installation with a row that nobody foresaw."""
    with sqlite3.connect(installation.directory / "giftbot.sqlite") as database:
        database.execute("UPDATE guilds SET missing_permissions = '{'")
    database.close()
    return installation


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_without_data_a_sentence_and_no_file(tmp_path: Path, command: list[str]) -> None:
    """A directory without data stays as it is: it is named, and nothing is created."""
    directory = tmp_path / "nothing"
    run = run_here({**ALONE, "GIFTBOT_DATA_DIR": str(directory)}, *command)
    assert (run.code, run.out) == (73, "")
    assert run.err == (
        f"ops: There is no data in {directory} (GIFTBOT_DATA_DIR): start the bot once, or run ops with the bot's"
        " own settings.\n"
    )
    assert not directory.exists()
    directory.mkdir()
    assert run_here({**ALONE, "GIFTBOT_DATA_DIR": str(directory)}, *command).code == 73
    assert list(directory.iterdir()) == []


async def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    """The sentence is the bot's own, and so is the exit code."""
    run = await run_ops({"GIFTBOT_DATADIR": "x"}, "stats", directory=tmp_path)
    assert (run.code, run.out) == (78, "")
    assert run.err == "ops: GIFTBOT_DATADIR is not a setting. Did you mean GIFTBOT_DATA_DIR?\n"


async def test_a_mongodb_that_is_away(tmp_path: Path) -> None:
    """One sentence and the exit code of an unavailable service."""
    environ = {**ALONE, "MONGO_URI": f"mongodb://127.0.0.1:{free_port()}", "GIFTBOT_DATA_DIR": str(tmp_path)}
    run = await run_ops(environ, "stats", directory=tmp_path)
    assert (run.code, run.out) == (69, "")
    assert run.err == "ops: MongoDB is out of reach (ServerSelectionTimeoutError).\n"


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    """It is named, and left as it is."""
    installation = on_sqlite(tmp_path / "data")
    file = installation.directory / "giftbot.sqlite"
    file.write_text("not a database, but longer than the header of one, which has a hundred bytes" * 10)
    run = installation.run("stats")
    assert (run.code, run.err) == (69, f"ops: The database {file} is not a SQLite database.\n")


def test_what_nobody_foresaw_goes_to_the_log(sqlite: Installation) -> None:
    """The operator reads a sentence with an id; the traceback is in ops.log under that id, for its owner alone."""
    run = damaged(sqlite).run("inspect", "guilds")
    log = sqlite.directory / "ops.log"
    assert (run.code, run.out) == (1, "")
    reference = run.err.partition("(")[2].partition(")")[0]
    assert run.err == f"ops: Something went wrong inside ops ({reference}). The log has the details: {log}\n"
    assert f"ref={reference}" in log.read_text()
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("options", [(["--debug"], "INFO"), ([], "DEBUG")], ids=["option", "setting"])
def test_debugging_shows_the_traceback(sqlite: Installation, options: tuple[list[str], str]) -> None:
    """Where it was asked for, the log goes to standard error instead of the file."""
    given, level = options
    sqlite.environ["LOG_LEVEL"] = level
    run = damaged(sqlite).run(*given, "inspect", "guilds")
    assert run.code == 1
    assert "Traceback" in run.err
    assert run.err.splitlines()[-1].startswith("ops: Something went wrong inside ops (")
    assert not (sqlite.directory / "ops.log").exists()


def test_a_log_that_cannot_be_written(sqlite: Installation) -> None:
    """The sentence then says how to see the details."""
    (sqlite.directory / "ops.log").mkdir()
    run = damaged(sqlite).run("inspect", "guilds")
    assert run.code == 1
    assert run.err.endswith("To see the details: ops --debug ...\n")


def test_a_run_without_events_writes_no_log(sqlite: Installation) -> None:
    """Looking leaves nothing behind; deciding is noted."""
    sqlite.run("stats")
    assert not (sqlite.directory / "ops.log").exists()
    sqlite.run("codes", "release", "HELD1")
    assert "enqueued" in (sqlite.directory / "ops.log").read_text()


def test_the_log_does_not_grow_for_ever(tmp_path: Path) -> None:
    """A large one is put aside once; the one before that is gone."""
    old = tmp_path / "ops.log"
    for number in range(3):
        old.write_bytes(b"%d" % number * (LARGEST + 1))
        with LogFile(tmp_path) as log:
            log.write("new\n")
        assert old.read_text() == "new\n"
        assert (tmp_path / "ops.log.1").read_bytes()[:1] == b"%d" % number
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["ops.log", "ops.log.1"]


async def test_a_reader_that_goes_away(sqlite: Installation) -> None:
    """`ops inspect sent | head` ends without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("ops")),
        "inspect",
        "sent",
        env={**os.environ, **sqlite.environ},
        stdout=writing,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(writing)
    _, err = await process.communicate()
    assert (process.returncode, err) == (1, b"")

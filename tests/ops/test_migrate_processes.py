"""`ops migrate` as a process of its own: interrupted, beside another one, and on a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from giftbot.app import SQLITE_NAME
from giftbot.sandbox.pulse import PATIENCE
from tests.mongod import Mongod
from tests.ops.earlier import count_sent, leave_many, leave_some
from tests.ops.installation import Installation, on_mongo, on_sqlite
from tests.ops.runs import clean_environ, run_ops

ROOT = Path(__file__).parents[2]
SERVERS, CODES = 3000, 100


@pytest.fixture(params=["sqlite", "mongo"])
def made(request: pytest.FixtureRequest, tmp_path: Path, database_name: str) -> Installation:
    """An installation with tables but without data, on each store; what an earlier bot left is beside it."""
    leave_many(tmp_path / "old", SERVERS, CODES)
    if request.param == "sqlite":
        return on_sqlite(tmp_path / "data")
    mongod: Mongod = request.getfixturevalue("replica_set")
    return on_mongo(tmp_path / "data", mongod.uri, database_name)


@asynccontextmanager
async def _migrating(
    made: Installation, errors: int = asyncio.subprocess.PIPE
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ops migrate` at work."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ops", "migrate", "--from", str(made.directory.parent / "old")),
        env={**clean_environ(), "PYTHONPATH": str(ROOT), "TERM": "xterm", **made.environ},
        cwd=made.directory.parent,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=errors,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def _rows(made: Installation) -> int:
    return await made.on_store(count_sent)


async def _begun(made: Installation) -> None:
    """Return once some rows are there."""
    async with asyncio.timeout(PATIENCE):
        while not await _rows(made):  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(0.02)


async def test_ctrl_c_and_on(made: Installation) -> None:
    """One sentence, no traceback, exit code 130; the next run needs no waiting, and everything is there."""
    await made.on_store(count_sent)
    async with _migrating(made) as process:
        await _begun(made)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert err.decode() == "ops: Interrupted. What was taken over so far stays; run it again, and it goes on.\n"
    assert 0 < await _rows(made) < SERVERS * CODES
    run = await run_ops(made.environ, "migrate", "--from", str(made.directory.parent / "old"))
    assert (run.code, run.err) == (0, "")
    assert await _rows(made) == SERVERS * CODES


def _is_free(made: Installation) -> bool:
    """Whether nobody is in the middle of a write transaction."""
    if "MONGO_URI" in made.environ:
        return True
    with closing(sqlite3.connect(made.directory / SQLITE_NAME, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


async def test_a_second_process_waits_for_the_first(made: Installation) -> None:
    """It says so, begins when the first one is through, and finds everything done."""
    await made.on_store(count_sent)
    async with _migrating(made) as first:
        await _begun(made)
        first.send_signal(signal.SIGSTOP)
        while not _is_free(made):
            first.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.005)
            first.send_signal(signal.SIGSTOP)
            await asyncio.sleep(0.02)
        async with _migrating(made) as second:
            assert second.stderr is not None
            async with asyncio.timeout(PATIENCE):
                said = await second.stderr.readline()
            assert said == b"ops: Another migration is at work: waiting for its end.\n"
            first.send_signal(signal.SIGCONT)
            (one, _), (two, rest) = await asyncio.gather(first.communicate(), second.communicate())
    assert (first.returncode, second.returncode, rest) == (0, 0, b"")
    assert "giftcode_state.json done " in " ".join(one.decode().split())
    assert "giftcode_state.json done before " in " ".join(two.decode().split())
    assert await _rows(made) == SERVERS * CODES


async def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """The name of the source, how far it is, rows a second and the time that is left; nothing of it on a pipe."""
    made = on_sqlite(tmp_path / "data")
    leave_many(tmp_path / "old", SERVERS, 2 * CODES)
    mine, theirs = pty.openpty()
    shown: list[bytes] = []
    asyncio.get_running_loop().add_reader(mine, lambda: shown.append(os.read(mine, 1 << 16)))
    try:
        async with _migrating(made, errors=theirs) as process:
            out, _ = await process.communicate()
    finally:
        asyncio.get_running_loop().remove_reader(mine)
        os.close(mine)
        os.close(theirs)
    words = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(shown).decode())
    assert process.returncode == 0
    assert re.search(r"giftcode_state\.json .*\d+% [\d,]+ rows/s \d+:\d\d:\d\d", words), words
    assert "rows/s" not in out.decode()


async def test_a_dry_run_as_users_do_it(tmp_path: Path) -> None:
    """Through `python -m ops`, with its words whole."""
    leave_some(tmp_path / "old")
    made = on_sqlite(tmp_path / "data", LOG_LEVEL="DEBUG", LOG_FORMAT="json")
    run = await run_ops(made.environ, "migrate", "--from", str(tmp_path / "old"), "--dry-run", directory=tmp_path)
    assert run.code == 2
    assert run.out.endswith("Nothing was changed (dry run).\n")
    assert list(made.directory.iterdir()) == []

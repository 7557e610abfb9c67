"""What is particular to the SQLite store: its file, its faults, its query plans, its durability."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from giftbot.errors import StoreError, StoreUnavailableError
from giftbot.models.announcement import AnnouncementState, Attempt, Origin
from giftbot.models.ids import CodeKey, GuildId
from giftbot.stores.sqlite.database import open_database
from giftbot.stores.sqlite.schema import MIGRATIONS
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.stores.build import GUILD, NOW, claim, claim_one, later, mark, prepare, row, states
from tests.stores.processes import process, written_until_killed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "giftbot.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """An open store."""
    async with open_sqlite(path, busy_timeout=0.05) as opened:
        yield opened


@contextmanager
def other_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection of another program."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


def test_the_file_is_for_its_owner_alone(store: SqliteStore, path: Path) -> None:
    """Nobody else on the machine reads it."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_commits_are_synchronous(path: Path) -> None:
    """Write-ahead log, and an fsync for each commit."""
    async with open_database(path, busy_timeout=1) as database, database.transaction() as transaction:
        assert await transaction.rows("PRAGMA journal_mode") == [("wal",)]
        assert await transaction.rows("PRAGMA synchronous") == [(2,)]


async def test_the_schema_version_is_written_with_the_schema(store: SqliteStore, path: Path) -> None:
    """Opening again changes nothing."""
    assert (await store.facts())["schema"] == str(len(MIGRATIONS))
    async with open_sqlite(path) as again:
        assert (await again.facts())["schema"] == str(len(MIGRATIONS))


async def test_several_processes_may_open_a_new_file_at_once(path: Path) -> None:
    """One of them makes the tables, the others find them."""

    async def use(guild: int) -> int:
        async with open_sqlite(path) as store:
            return await store.enqueue([row(guild=guild)])

    assert await asyncio.gather(*map(use, range(1, 6))) == [1] * 5


async def test_a_newer_schema_is_refused_with_a_sentence(path: Path) -> None:
    """An older giftbot must not write what a newer one wrote."""
    async with open_sqlite(path):
        pass
    with other_connection(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match=r"newer giftbot \(schema 99"):
        async with open_sqlite(path):
            pass


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_bytes(b"hello, world" * 1000), "is not a SQLite database"),
        (lambda path: path.mkdir(), "cannot be opened"),
    ],
    ids=["text", "directory"],
)
async def test_a_file_that_is_none_is_a_sentence(path: Path, make: Callable[[Path], object], sentence: str) -> None:
    """So is a directory in its place."""
    make(path)
    with pytest.raises(StoreUnavailableError, match=sentence):
        async with open_sqlite(path):
            pass


async def test_a_busy_database_is_unavailable_for_writing_only(store: SqliteStore, path: Path) -> None:
    """Another process that writes for too long: reads go on, and writes do once it is done."""
    with other_connection(path) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailableError, match="busy"):
            await store.enqueue([row()])
        assert await store.get_sent_codes(GUILD) == set()
        connection.execute("ROLLBACK")
    assert await store.enqueue([row()]) == 1


async def test_a_full_disk_is_unavailable_and_loses_nothing(store: SqliteStore) -> None:
    """The transaction is undone as a whole; what was there stays readable."""
    await store.enqueue([row("KEPT")])
    async with store._database.transaction() as transaction:
        [[pages]] = await transaction.rows("PRAGMA page_count")
        await transaction.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailableError, match="disk is full"):
        await store.enqueue([row(f"CODE{number}") for number in range(500)])
    assert await states(store) == {"KEPT": AnnouncementState.PENDING}
    async with store._database.transaction() as transaction:
        await transaction.rows("PRAGMA max_page_count = 1000000")
    assert await store.enqueue([row("NEXT")]) == 1


async def test_a_closed_store_is_unavailable(path: Path) -> None:
    """A worker that comes late gets an error it knows."""
    async with open_sqlite(path) as store:
        pass
    with pytest.raises(StoreUnavailableError, match="is closed"):
        await store.get_sent_codes(GUILD)
    with pytest.raises(StoreUnavailableError, match="is closed"):
        await store.enqueue([row()])


async def test_a_cancelled_write_leaves_no_transaction_open(store: SqliteStore) -> None:
    """Wherever it is cancelled: it happened as a whole or not at all, and the next write works."""
    for steps in range(12):
        task = asyncio.create_task(store.enqueue([row(f"A{steps:03}"), row(f"B{steps:03}")]))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await store.enqueue([row(f"C{steps:03}")]) == 1
        found = await states(store)
        assert (f"A{steps:03}" in found) == (f"B{steps:03}" in found)


async def test_acknowledged_rows_survive_kill_9(path: Path) -> None:
    """A process that dies in the middle of writing loses nothing that was acknowledged."""
    last = await written_until_killed(str(path), "", 100)
    async with open_sqlite(path) as store:
        found = {item.code for item in await store.list_announcements(guild_id=GUILD, limit=100_000)}
    assert {f"CODE{number}" for number in range(last + 1)} <= found
    assert len(found) <= last + 2


async def test_two_processes_never_claim_the_same_row(path: Path) -> None:
    """An `ops` command beside a bot, or a second bot that should not be there."""
    async with open_sqlite(path) as store:
        await store.enqueue([row(guild=guild) for guild in range(1, 301)])

    async def claimed_by(owner: str) -> list[bytes]:
        async with process(str(path), "", "claim", owner) as (_, output):
            return (await output.read()).split()

    claimed = [line for lines in await asyncio.gather(claimed_by("a"), claimed_by("b")) for line in lines]
    assert len(claimed) == len(set(claimed)) == 300


async def test_no_call_scans_the_history(store: SqliteStore, path: Path) -> None:
    """Every statement of these calls goes through an index."""
    for guild in range(1000, 1020):
        await store.mark_codes_sent(GuildId(guild), [CodeKey(f"CODE{n}") for n in range(50)], Origin.AUTO, NOW)
    await store.enqueue([row("DUE", guild=1000), row("TOO", guild=1000)])
    statements: list[str] = []
    for connection in (store._database._writer, store._database._reader):
        await connection.set_trace_callback(statements.append)
    claimed = await claim_one(store)
    await store.finish([mark(await prepare(store, claimed))])
    await store.batch_check_codes(GuildId(1001), [CodeKey("CODE1"), CodeKey("CODE2")])
    await store.is_code_sent(GuildId(1001), CodeKey("CODE1"))
    await store.get_sent_codes(GuildId(1001))
    await store.find_by_reference(GuildId(1001), "0000-0000")
    await store.release_orphans(NOW)
    await store.expire_leases("x", NOW)
    await store.skip_guild(GuildId(1002), "x", NOW)
    await store.retry_unresolved(GuildId(1002), NOW)
    await store.replay([mark(await prepare_next(store))])
    await store.count_outbox()
    await store.count_outbox(GuildId(1001))
    await store.list_announcements(limit=10)
    await store.list_announcements(states=[AnnouncementState.UNKNOWN])
    await store.list_announcements(guild_id=GuildId(1001))
    await store.get_stats(None, NOW)
    await store.get_stats(GuildId(1001), NOW)
    await store.get_all_sent_codes_global()
    await store.clear_guild_codes(GuildId(1001), before_epoch=1)
    await anext(aiter(store.scan_sent(chunk=10)))
    with other_connection(path) as other:
        for statement in {text for text in statements if "sent_giftcodes" in text}:
            plan = [line[3] for line in other.execute(f"EXPLAIN QUERY PLAN {statement}")]
            scans = [line for line in plan if line.startswith("SCAN sent_giftcodes") and "INDEX" not in line]
            assert not scans, (statement, plan)


async def prepare_next(store: SqliteStore) -> Attempt:
    """A prepared attempt of a new row."""
    await store.enqueue([row("NEXT", now=later(1))])
    return await prepare(store, (await claim(store, now=later(1)))[0], later(1))

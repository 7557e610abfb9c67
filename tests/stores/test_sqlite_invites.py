"""Invites in SQLite: every statement goes through an index, a batch is one transaction, and what is unreadable."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.credit import CreditState
from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Level
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.stores.build import GUILD, NOW, later
from tests.stores.build_invites import CODE, STAFF, batch, credit, event, joined, ledger, link

TABLES = (
    "invite_events",
    "invite_batches",
    "invite_ledgers",
    "invite_joins",
    "staff_links",
    "credits",
    "invite_settings",
    "carried_tables",
)
WHOLE = (
    "SELECT _id FROM invite_ledgers ORDER BY _id",
    "SELECT document FROM invite_settings ORDER BY _id",
    "SELECT _id, document FROM carried_tables ORDER BY _id",
    "SELECT document FROM staff_links",
)
"""How statements begin that are to give all rows there are: a row or a few for each server."""
SORTED = ("taken_at >", "WHERE user_id = 1 ORDER", "INDEXED BY credits_state", "INDEXED BY credits_guild_state")
"""What is in statements that sort the few rows which they find."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "giftbot.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """An open store with some history."""
    async with open_sqlite(path) as opened:
        for guild in range(1000, 1010):
            rows = [joined(user, guild=guild, left_at=later(9) if user % 2 else None) for user in range(20)]
            await opened.commit_batch(batch(1, rows, guild=guild))
            await opened.add_events([event(seq, guild=guild) for seq in range(5)])
            await opened.save_link(link(guild=guild))
            for user in range(10):
                await opened.open_credit(credit(user, guild=guild))
        yield opened


async def test_no_statement_scans_a_table(store: SqliteStore, path: Path) -> None:
    """Every call, with the statements that it really runs; lists come in the order of an index."""
    statements: list[str] = []
    for connection in (store._database._reader, store._database._writer):
        await connection.set_trace_callback(statements.append)
    guild, user = GuildId(1001), UserId(1)
    await store.add_events([event(9, guild=guild)])
    await store.list_events(guild)
    assert await store.commit_batch(batch(2, [joined(1, guild=guild)], guild=guild, events=[9]))
    await store.get_ledger(guild)
    await store.list_batches(guild)
    await store.forget_batches(guild, keep=1)
    assert [page async for page in store.scan_ledgers()]
    assert [page async for page in store.scan_ledgers(later(-5))]
    await store.get_joins([joined(1, guild=guild).join_id])
    await store.open_joins(guild)
    await store.open_joins(guild, [user])
    await store.last_joins(guild, [user, UserId(2)])
    await store.list_joins()
    await store.list_joins(guild)
    await store.list_joins(guild, since=NOW, before=later(5), levels=[Level.COUNTED])
    await store.list_joins(guild, owner_id=STAFF, since=NOW, before=later(5))
    await store.list_joins(owner_id=STAFF)
    await store.list_joins(guild, user_id=user, owner_id=STAFF, code=CODE)
    await store.list_joins(user_id=user)
    await store.list_joins(guild, code=CODE, owner_id=STAFF)
    assert [page async for page in store.scan_joins(guild)]
    assert [page async for page in store.scan_joins()]
    await store.insert_joins([joined(99, guild=guild)])
    assert await store.save_join(joined(99, guild=guild, owner=5), before=joined(99, guild=guild))
    await store.list_links(guild, valid_only=True)
    await store.list_links(guild, staff_id=STAFF)
    await store.list_links()
    await store.save_link(link("x", guild=guild))
    await store.get_credits([credit(guild=guild).credit_id])
    await store.list_credits()
    await store.list_credits(guild)
    await store.list_credits(guild, states=[CreditState.PENDING])
    await store.list_credits(states=[CreditState.PENDING])
    await store.list_credits(guild, staff_id=STAFF, states=[CreditState.PENDING, CreditState.CREDITED])
    await store.list_credits(user_id=user)
    assert await store.save_credit(credit(guild=guild))
    await store.get_invite_settings(guild)
    await store.save_invite_settings(InviteSettings(guild))
    await store.list_invite_settings()
    await store.save_carried({"a": 1})
    await store.get_carried()
    assert len(statements) > 60
    with closing(sqlite3.connect(path)) as other:
        for statement in {text for text in statements if any(table in text for table in TABLES)}:
            plan = [line[3] for line in other.execute(f"EXPLAIN QUERY PLAN {statement}")]
            scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in TABLES]
            in_order = [line for line in scans if "LIMIT" in statement and "USING" in line]
            is_whole = statement.strip().startswith(WHOLE)
            assert scans == in_order or is_whole, (statement, plan)
            is_sorted = any("TEMP B-TREE" in line for line in plan)
            assert not is_sorted or any(part in statement for part in SORTED), (statement, plan)


async def test_a_batch_that_is_cut_off_was_never_there(store: SqliteStore, path: Path) -> None:
    """Its row, its joins, its events and its ledger are written together, or not at all."""
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(
            "CREATE TRIGGER in_the_way BEFORE DELETE ON invite_events BEGIN SELECT RAISE(ABORT, 'cut'); END"
        )
    guild = GuildId(1001)
    with pytest.raises(Exception, match="cut"):
        await store.commit_batch(batch(2, [joined(77, guild=guild)], guild=guild, events=[1]))
    assert [found.number for found in await store.list_batches(guild)] == [1]
    assert await store.get_joins([joined(77, guild=guild).join_id]) == {}
    assert await store.get_ledger(guild) == ledger(1, guild=1001)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("DROP TRIGGER in_the_way")
    assert await store.commit_batch(batch(2, [joined(77, guild=guild)], guild=guild, events=[1]))


async def test_of_two_processes_one_decides(store: SqliteStore, path: Path) -> None:
    """Each has the file open for itself."""
    async with open_sqlite(path) as other:
        results = await asyncio.gather(
            *(place.commit_batch(batch(1, [joined(user)])) for user, place in enumerate([store, other] * 3))
        )
        assert sorted(results) == [False] * 5 + [True]
        [winner] = await other.open_joins(GUILD)
        assert results[winner.user_id]


async def test_a_batch_waits_for_nobody_for_ever(path: Path) -> None:
    """While another process writes, the caller is told, and nothing is written."""
    async with open_sqlite(path, busy_timeout=0.01) as store:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailableError, match="busy"):
                await store.commit_batch(batch(1, [joined(1)]))
            other.execute("ROLLBACK")
        assert await store.list_batches(GUILD) == []
        assert await store.commit_batch(batch(1, [joined(1)]))


async def test_what_cannot_be_read_stops_nobody(store: SqliteStore, path: Path) -> None:
    """A damaged row is not there; a damaged ledger has no baseline, but its number; choices can be made again."""
    guild = GuildId(1001)
    await store.save_invite_settings(InviteSettings(guild))
    with closing(sqlite3.connect(path)) as other, other:
        for table in TABLES:
            other.execute(f"UPDATE {table} SET document = '{{\"guild_id\": []}}'")  # noqa: S608  (ours)
        other.execute("UPDATE staff_links SET document = 'no JSON'")
    assert await store.open_joins(guild) == []
    assert await store.list_events(guild) == []
    assert await store.list_links(guild) == []
    assert await store.list_credits(guild) == []
    assert await store.list_batches(guild) == []
    assert await store.get_ledger(guild) == Ledger(guild, 1)
    assert await store.commit_batch(batch(2, [joined(1, guild=guild)], guild=guild))
    assert await store.get_invite_settings(guild) == InviteSettings(guild, revision=1)
    assert await store.save_invite_settings(InviteSettings(guild, revision=1))
    assert not await store.save_join(joined(2, guild=guild, owner=5), before=joined(2, guild=guild))


async def test_what_a_later_version_added_is_ignored(store: SqliteStore, path: Path) -> None:
    """Fields that this version does not know; what it does not know of a value makes that one unreadable."""
    guild = GuildId(1001)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE invite_joins SET document = json_set(document, '$.mood', 'good')")
        other.execute("UPDATE invite_joins SET document = json_set(document, '$.level', 9) WHERE user_id = 2")
    found = await store.list_joins(guild, code=InviteCode(CODE))
    assert len(found) == 19
    before = joined(4, guild=guild)
    assert await store.save_join(attrs.evolve(before, has_disagreement=True), before=before)

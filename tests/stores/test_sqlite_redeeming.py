"""What redemption costs on SQLite: every statement goes through an index."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from giftbot.models.ids import GuildId, PlayerId, UserId
from giftbot.models.job import JobState
from giftbot.models.player import PlayerState
from giftbot.models.redemption import GRANTED, RedemptionOutcome
from giftbot.stores.sqlite.store import SqliteStore, open_sqlite
from tests.stores.build import CHANNEL, GUILD, MESSAGE, NOW, later
from tests.stores.build_redeeming import FROST, claim_jobs, job, player, redemption, the_job

TABLES = ("players", "auto_redeemed_codes", "redemption_jobs", "leases")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store's file is."""
    return tmp_path / "giftbot.sqlite"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """An open store with some history."""
    async with open_sqlite(path) as opened:
        for guild in range(1000, 1010):
            await opened.insert_players([player(number, guild=guild, owner=number % 5) for number in range(20)])
            rows = [redemption(number, RedemptionOutcome.REDEEMED, guild=guild) for number in range(20)]
            await opened.open_redemptions([*rows, redemption(99, guild=guild)])
            await opened.open_jobs([job(guild=guild)])
        yield opened


async def test_no_call_scans_a_table(store: SqliteStore, path: Path) -> None:
    """Nor sorts more rows than those of one job."""
    statements: list[str] = []
    for connection in (store._database._writer, store._database._reader):
        await connection.set_trace_callback(statements.append)
    guild, one = GuildId(1001), PlayerId("1")
    [held] = await claim_jobs(store, limit=1)
    await store.save_job(attrs.evolve(held, cursor=one))
    await store.save_job(attrs.evolve(held, state=JobState.DONE, due_at=None, lease_until=None))
    await store.open_jobs([job(guild=1001)], reopen=[JobState.DONE])
    await store.wake_job(the_job(guild=1002), NOW)
    await store.set_job_message(the_job(guild=1002), CHANNEL, MESSAGE, NOW)
    await store.stop_job(the_job(guild=1002), "x", NOW)
    await store.resume_job(the_job(guild=1002), NOW)
    await store.get_jobs([the_job(guild=1002)])
    await store.list_jobs()
    await store.list_jobs(guild_id=guild, states=[JobState.OPEN], code=FROST)
    await store.get_players(guild, [one])
    await store.list_owned(guild, UserId(1))
    await store.list_players(guild_id=guild, states=[PlayerState.ACTIVE], after=one)
    await store.list_players(limit=5)
    await store.count_players(guild)
    await store.count_players()
    await store.save_player(player(1, guild=1001))
    await store.granted_players(FROST, [one])
    await store.due_redemptions(guild, FROST, NOW, limit=10)
    await store.next_attempt(guild, FROST)
    await store.count_outcomes(guild, FROST)
    await store.record([redemption(1, guild=1001)])
    await store.list_redemptions(guild_id=guild, code=FROST, outcomes=GRANTED)
    await store.list_redemptions(guild_id=guild, player_id=one)
    await store.list_redemptions(guild_id=guild, limit=10)
    await store.list_redemptions(limit=10)
    await store.close_redemptions(guild, FROST, RedemptionOutcome.EXPIRED, "", NOW)
    await store.remove_player(guild, one)
    await store.take_slot("game", NOW, per_minute=30, earned=0)
    await store.hold_player("p", "a", NOW, later(1))
    await store.release_player("p", "a", later(1))
    assert len(statements) > 40
    with closing(sqlite3.connect(path)) as other:
        for statement in {text for text in statements if any(table in text for table in TABLES)}:
            plan = [line[3] for line in other.execute(f"EXPLAIN QUERY PLAN {statement}")]
            scans = [line for line in plan if line.startswith("SCAN") and line.split()[1] in TABLES]
            in_order = [line for line in scans if "USING" in line and "LIMIT" in statement]
            assert scans == in_order, (statement, plan)


async def test_the_batch_query_reads_an_index_alone(store: SqliteStore, path: Path) -> None:
    """No row is looked up for it."""
    statements: list[str] = []
    await store._database._reader.set_trace_callback(statements.append)
    assert len(await store.granted_players(FROST, [PlayerId(str(number)) for number in range(88)])) == 20
    [statement] = statements
    with closing(sqlite3.connect(path)) as other:
        plan = " ".join(line[3] for line in other.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert "USING COVERING INDEX auto_redeemed_codes_granted (code=? AND fid=?" in plan


async def test_what_a_later_version_noted_is_read_and_left_alone(store: SqliteStore, path: Path) -> None:
    """An outcome that this version does not know counts as unknown, and lets no job be looked at over and over."""
    await store.open_redemptions([redemption(1), redemption(2, now=later(5))])
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE auto_redeemed_codes SET outcome = 'of_tomorrow' WHERE fid = '1'")
    counts = await store.count_outcomes(GUILD, FROST)
    assert counts.by_outcome == {RedemptionOutcome.UNKNOWN: 1, RedemptionOutcome.WAITING: 1}
    listed = await store.list_redemptions(guild_id=GUILD, player_id=PlayerId("1"))
    assert [row.outcome for row in listed] == [RedemptionOutcome.UNKNOWN]
    assert await store.next_attempt(GUILD, FROST) == later(5)
    assert [row.player_id for row in await store.due_redemptions(GUILD, FROST, later(9), limit=1)] == ["2"]

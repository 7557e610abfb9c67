"""Counting round trips behind a store's back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.trips import counting
from giftbot.models.ids import GuildId, JobId
from giftbot.stores.sqlite.store import open_sqlite

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_query_is_a_trip_and_a_transaction_is_one(tmp_path: Path) -> None:
    """However many statements the transaction has."""
    with counting() as trips:
        async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
            before = trips.count
            await store.get_guilds([GuildId(1)])
            assert trips.count == before + 1
            await store.wake_job(JobId("1:FROST"), NOW)  # two statements
            assert trips.count == before + 2
            assert trips.leases == 0


async def test_budgets_and_leases_are_counted_apart(tmp_path: Path) -> None:
    """Both are one trip each, and not among the others."""
    with counting() as trips:
        async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
            before = trips.besides
            await store.take_slot("whiteout", NOW, per_minute=30, earned=0)
            await store.hold_player("whiteout:1", "me", NOW, NOW + timedelta(minutes=1))
            await store.release_player("whiteout:1", "me", NOW)
            assert (trips.leases, trips.besides) == (3, before)

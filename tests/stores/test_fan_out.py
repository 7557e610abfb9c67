"""A code for thousands of servers at once."""

from __future__ import annotations

import pytest

from giftbot.models.announcement import AnnouncementState
from giftbot.services.ports import Store
from tests.stores.build import NOW, claim, row

SERVERS = 10_000


@pytest.mark.mock_lacks("the speed: it works on the event loop")
async def test_ten_thousand_rows_are_enqueued_claimed_counted_and_listed(store: Store) -> None:
    """Every row of a large fan-out is there once, and can be worked on in groups."""
    rows = [row(guild=guild) for guild in range(1, SERVERS + 1)]
    assert await store.enqueue(rows) == SERVERS
    assert await store.enqueue(rows) == 0
    assert len(await claim(store, limit=100)) == 100
    assert (await store.count_outbox()).pending == SERVERS - 100
    assert len(await store.list_announcements(states=[AnnouncementState.PENDING], limit=2000)) == 2000
    assert [chunk async for chunk in store.scan_sent()] == []
    assert await store.expire_leases("x", NOW) == 100

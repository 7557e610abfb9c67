"""Joins of earlier bots: which of several records of one counts."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import attrs

from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.legacy import Membership
from giftbot.services.migration.homes import Homes
from giftbot.services.migration.invites import Joins
from giftbot.stores.sqlite.store import open_sqlite
from tests.fakes import ManualClock

GUILD = GuildId(5)
LOG = Membership(
    GUILD,
    UserId(6),
    datetime(2025, 6, 1, tzinfo=UTC),
    code=InviteCode("zLogged"),
    owner_id=UserId(7),
    is_logged=True,
)
TABLE = attrs.evolve(LOG, code=InviteCode("aTracked"), owner_id=UserId(8), owner_name="Bo", is_logged=False)
BY_HAND = attrs.evolve(TABLE, code=InviteCode("bByHand"), is_manual=True)
NOTHING = attrs.evolve(LOG, code=None, owner_id=None)


async def test_the_log_counts_most_whatever_the_order(tmp_path: Path) -> None:
    """Together or one after the other: what the log names stays, and what names no invite takes nothing away."""
    records = (LOG, TABLE, BY_HAND, NOTHING)
    for number, order in enumerate(itertools.permutations(records)):
        async with open_sqlite(tmp_path / f"{number}.sqlite") as store:
            joins = Joins(store=store, clock=ManualClock(), homes=Homes(store=store))
            await joins.take(order[:2])
            for record in order[2:]:
                await joins.take([record])
            [join] = await store.list_joins(limit=10)
            assert (join.code, join.owner_id, join.owner_name) == ("zLogged", 7, None)
            assert await joins.take(records) == (0, [])


async def test_a_log_that_names_no_invite(tmp_path: Path) -> None:
    """The table tells more; a person's word counts before it."""
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        joins = Joins(store=store, clock=ManualClock(), homes=Homes(store=store))
        await joins.take([NOTHING, TABLE])
        assert [join.code for join in await store.list_joins(limit=10)] == ["aTracked"]
        await joins.take([BY_HAND])
        assert [join.code for join in await store.list_joins(limit=10)] == ["bByHand"]

"""Rows that earlier bots left in the collections are read as what they meant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from pymongo import MongoClient

from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.code import CodeStatus
from giftbot.models.ids import CodeKey, GuildId
from giftbot.stores.mongo.store import MongoStore, open_mongo
from tests.mongod import Mongod
from tests.stores.build import GUILD, NOW, claim, row

FROST = CodeKey("FROST77")
S1 = {
    "_id": f"{GUILD}:FROST77",
    "guild_id": GUILD,
    "code": "FROST77",
    "source": "auto",
    "sent_at": "2025-12-25T10:30:00.123456",
    "updated_at": "2025-12-25T10:30:01.000000",
    "created_at": "2025-12-25T10:29:00",
}
S2 = {
    "_id": str(GUILD),
    "guild_id": GUILD,
    "codes": ["Frost77", "SNOW2025"],
    "last_sent_at": "2025-12-24T10:30:00.123456",
    "updated_at": "2025-12-24T10:30:00",
    "source": "auto",
    "created_at": "2025-12-24T10:30:00",
}


@pytest.fixture
async def store(replica_set: Mongod, database_name: str) -> AsyncIterator[MongoStore]:
    """A store over a database that an earlier bot used."""
    client: MongoClient[dict[str, object]]
    with replica_set.client() as client:
        client[database_name]["sent_giftcodes"].insert_many([dict(S1), dict(S2)])
        client[database_name]["gift_codes"].insert_many(
            [
                {
                    "_id": "FROST77",
                    "date": "2025-12-25",
                    "validation_status": "posted",
                    "giftcode_original": "Frost77",
                },
                {"_id": "OVER99", "validation_status": "expired", "created_at": "2025-11-01T00:00:00.5"},
                {"_id": "Frost77", "validation_status": "pending"},
            ]
        )
    async with open_mongo(replica_set.uri, database_name) as opened:
        yield opened


async def test_a_row_without_a_state_counts_as_sent(store: MongoStore) -> None:
    """By every reader; its moments are texts in UTC."""
    assert await store.get_sent_codes(GUILD) == {FROST}
    assert await store.is_code_sent(GUILD, FROST)
    assert await store.batch_check_codes(GUILD, [FROST]) == {FROST: True}
    assert await store.get_all_sent_codes_global() == {FROST}
    assert [chunk async for chunk in store.scan_sent()] == [[(GUILD, FROST)]]
    [found] = await store.list_announcements(guild_id=GUILD)
    assert [found] == await store.list_announcements(states=[AnnouncementState.SENT])
    assert (found.state, found.source, found.guild_epoch, found.code_epoch) == ("sent", Origin.AUTO, 0, 0)
    assert found.sent_at == datetime(2025, 12, 25, 10, 30, 0, 123000, tzinfo=UTC)


async def test_a_list_of_codes_is_neither_read_nor_claimed(store: MongoStore) -> None:
    """The other shape, one document per server, is the migration's business alone."""
    assert await claim(store) == []
    assert await store.release_orphans(NOW) == 0
    assert await store.expire_leases("me", NOW) == 0
    assert (await store.count_outbox()).pending == 0
    assert await store.clear_guild_codes(GUILD, before_epoch=1) == 1
    assert await store._database["sent_giftcodes"].find({}).to_list(None) == [S2]


async def test_figures_count_earlier_rows(store: MongoStore) -> None:
    """Of a server and of all, in windows of time, too."""
    soon = datetime(2025, 12, 26, tzinfo=UTC)
    for guild in (GUILD, None):
        figures = await store.get_stats(guild, soon)
        assert (figures.total_codes, figures.last_code, figures.sources) == (1, FROST, ("auto",))
        assert (figures.day, figures.week, figures.month) == (1, 1, 1)
        assert (await store.get_stats(guild, NOW)).month == 0


async def test_earlier_rows_are_not_sent_again(store: MongoStore) -> None:
    """Unless a reset or a code that came back says so."""
    assert await store.enqueue([row()]) == 0
    assert await store.mark_codes_sent(GUILD, [FROST], Origin.AUTO, NOW) == 0
    assert await store.enqueue([row(code_epoch=1)]) == 1
    [claimed] = await claim(store)
    assert claimed.anchor.code_epoch == 1


async def test_earlier_codes_are_known(store: MongoStore) -> None:
    """Active unless found otherwise, and nothing new; ids that are no folded codes are passed over."""
    found = await store.get_codes([FROST, CodeKey("OVER99"), CodeKey("Frost77")])
    assert {key: (code.status, code.display) for key, code in found.items()} == {
        "FROST77": (CodeStatus.ACTIVE, "Frost77"),
        "OVER99": (CodeStatus.EXPIRED, "OVER99"),
    }
    assert [code.key for code in await store.list_codes([CodeStatus.ACTIVE])] == [FROST]
    assert await store.list_fan_out() == []
    assert await store.insert_codes([found[FROST]]) == set()


async def test_an_earlier_code_can_be_changed(store: MongoStore) -> None:
    """What this bot does not know of it stays."""
    code = (await store.get_codes([FROST]))[FROST]
    assert await store.replace_code(code.expired(NOW))
    assert (await store.get_codes([FROST]))[FROST].status is CodeStatus.EXPIRED
    kept = await store._database["gift_codes"].find_one({"_id": "FROST77"})
    assert kept is not None
    assert kept["date"] == "2025-12-25"


async def test_an_index_of_an_earlier_bot_is_taken_as_it_is(replica_set: Mongod, database_name: str) -> None:
    """The same keys under another name are no reason not to start."""
    with replica_set.client() as client:
        client[database_name]["sent_giftcodes"].create_index([("code", 1), ("guild_id", 1)], name="theirs")
    async with open_mongo(replica_set.uri, database_name) as store:
        assert await store.get_sent_codes(GuildId(1)) == set()

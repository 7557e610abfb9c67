"""Redemptions that earlier bots left behind, in both shapes, are read as what they meant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from bson import ObjectId
from pymongo import MongoClient

from giftbot.models.ids import CodeKey, PlayerId, RedemptionId
from giftbot.models.redemption import GRANTED, Redemption, RedemptionOutcome
from giftbot.stores.documents import Document
from giftbot.stores.mongo.store import MongoStore, open_mongo
from tests.mongod import Mongod
from tests.stores.build import GUILD, NOW, OTHER_GUILD, later
from tests.stores.build_redeeming import FROST, redemption

R1: Document = {
    "_id": f"{GUILD}:FROST77:123456789",
    "guild_id": GUILD,
    "code": "FROST77",
    "fid": "123456789",
    "status": "success",
    "redeemed_at": "2025-12-25T10:31:02.000001",
    "updated_at": "2025-12-25T10:31:03",
    "created_at": "2025-12-25T10:31:02.5",
}
R2: Document = {
    "_id": ObjectId(),
    "guild_id": GUILD,
    "code": "FROST77",
    "fid": "55",
    "status": "already_redeemed",
    "updated_at": "2025-12-25T10:31:03",
    "created_at": "2025-12-25T10:31:02",
}
MIXED_CASE: Document = {**R2, "_id": ObjectId(), "code": "Snow2025", "fid": "55"}
DIRTY: list[Document] = [
    {"_id": "nothing"},
    {"_id": "list", "guild_id": GUILD, "code": ["FROST77"], "fid": "1"},
    {"_id": "none", "guild_id": GUILD, "code": "FROST77", "fid": "None", "status": "success"},
    {"_id": f"{GUILD}:FROST77:x", "guild_id": GUILD, "code": "FROST77", "fid": {"x": 1}},
    {"_id": f"{GUILD}:FROST77:9", "guild_id": GUILD, "code": "FROST77", "fid": "9", "outcome": "from the future"},
]
FROST_1 = RedemptionId(f"{GUILD}:FROST77:123456789")


@pytest.fixture(params=[True, False], ids=["unique index", "no index"])
async def store(
    request: pytest.FixtureRequest, replica_set: Mongod, database_name: str
) -> AsyncIterator[MongoStore]:
    """A store over a database that earlier bots used, of which one made an index."""
    client: MongoClient[dict[str, object]]
    with replica_set.client() as client:
        collection = client[database_name]["auto_redeemed_codes"]
        collection.insert_many([dict(row) for row in (R1, R2, MIXED_CASE, *DIRTY)])
        if request.param:
            collection.create_index([("guild_id", 1), ("code", 1), ("fid", 1)], unique=True)
            collection.create_index([("guild_id", 1), ("code", 1)])
    async with open_mongo(replica_set.uri, database_name) as opened:
        yield opened


async def test_a_row_without_an_outcome_was_redeemed(store: MongoStore) -> None:
    """Its moments are texts in UTC."""
    assert await store.get_redemptions([FROST_1]) == {
        FROST_1: Redemption(
            GUILD,
            FROST,
            PlayerId("123456789"),
            RedemptionOutcome.REDEEMED,
            created_at=datetime(2025, 12, 25, 10, 31, 2, 500000, tzinfo=UTC),
            updated_at=datetime(2025, 12, 25, 10, 31, 3, tzinfo=UTC),
            redeemed_at=datetime(2025, 12, 25, 10, 31, 2, tzinfo=UTC),
        )
    }
    counts = await store.count_outcomes(GUILD, FROST)
    assert counts.by_outcome[RedemptionOutcome.REDEEMED] >= 2
    assert set(counts.by_outcome) == {RedemptionOutcome.REDEEMED, RedemptionOutcome.UNKNOWN}
    assert counts.by_outcome[RedemptionOutcome.UNKNOWN] == 1


async def test_lists_show_both_shapes_and_leave_out_what_cannot_be_read(store: MongoStore) -> None:
    """By id those of the shape that this bot has, too; newest first all of them."""
    by_id = await store.list_redemptions(guild_id=GUILD, code=FROST)
    assert [(row.player_id, row.outcome) for row in by_id] == [("123456789", "redeemed"), ("9", "unknown")]
    listed = await store.list_redemptions(guild_id=GUILD, outcomes=GRANTED)
    assert sorted((row.code, row.player_id) for row in listed) == [
        ("FROST77", "123456789"),
        ("FROST77", "55"),
        ("SNOW2025", "55"),
    ]
    assert len(await store.list_redemptions(player_id=PlayerId("55"))) == 2
    assert len(await store.list_redemptions()) == 4


async def test_the_batch_query_knows_them(store: MongoStore) -> None:
    """Through any server: the game is not asked again."""
    assert await store.granted_players(FROST, [PlayerId("123456789"), PlayerId("55"), PlayerId("9")]) == {
        "123456789",
        "55",
    }


async def test_they_are_never_overwritten_nor_asked(store: MongoStore) -> None:
    """Neither by new rows, nor by answers, nor when a code is over, nor when the player goes."""
    given = redemption("123456789", RedemptionOutcome.EXPIRED)
    assert await store.open_redemptions([given], revive=True) == 0
    assert await store.record([given]) == 0
    assert await store.close_redemptions(GUILD, FROST, RedemptionOutcome.EXPIRED, "", NOW) == 0
    assert await store.due_redemptions(GUILD, FROST, later(1e6), limit=10) == []
    assert await store.next_attempt(GUILD, FROST) is None
    await store.remove_player(GUILD, PlayerId("123456789"))
    kept = await store._database["auto_redeemed_codes"].find_one({"_id": FROST_1})
    assert kept == R1


async def test_answers_beside_a_row_of_the_other_shape(store: MongoStore) -> None:
    """With the earlier unique index there is no second row; without it there may be one. Nothing fails."""
    known = redemption("55", RedemptionOutcome.ALREADY)
    for _ in range(2):
        await store.record([known, redemption("77", guild=OTHER_GUILD)])
        await store.open_redemptions([known], revive=True)
    assert await store.granted_players(FROST, [PlayerId("55")]) == {"55"}
    assert await store.granted_players(CodeKey("OTHER"), [PlayerId("55")]) == set()


async def test_what_a_later_version_noted_is_read_and_left_alone(store: MongoStore) -> None:
    """An outcome that this version does not know counts as unknown, and lets no job be looked at over and over."""
    code = CodeKey("LATER11")
    await store.open_redemptions([redemption(1, code=code), redemption(2, code=code, now=later(5))])
    rows = store._database["auto_redeemed_codes"]
    await store.open_redemptions([redemption(3, code=code), redemption(4, code=code)])
    await rows.update_many({"code": code, "fid": {"$in": ["1", "3"]}}, {"$set": {"outcome": "of_tomorrow"}})
    await rows.update_many({"code": code, "fid": "4"}, {"$set": {"outcome": "unknown"}})
    counts = await store.count_outcomes(GUILD, code)
    assert counts.by_outcome == {RedemptionOutcome.UNKNOWN: 3, RedemptionOutcome.WAITING: 1}
    assert await store.next_attempt(GUILD, code) == later(5)
    assert [row.player_id for row in await store.due_redemptions(GUILD, code, later(9), limit=1)] == ["2"]

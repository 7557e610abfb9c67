"""A batch on MongoDB, whose server may stand alone: its row is the commit, what follows from it can be repaired."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.models.ids import UserId
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Level, Method
from giftbot.stores.mongo.store import MongoStore, open_mongo
from tests.mongod import Mongod
from tests.stores.build import GUILD, later
from tests.stores.build_invites import CODE, batch, event, joined, ledger

PROJECTIONS = ("invite_joins", "invite_events", "invite_ledgers")


@pytest.fixture
async def store(standalone: Mongod, database_name: str) -> AsyncIterator[MongoStore]:
    """A store on a server without transactions."""
    async with open_mongo(standalone.uri, database_name) as opened:
        yield opened


class Place:
    """What a test does behind the store's back."""

    def __init__(self, mongod: Mongod, name: str) -> None:
        self._mongod, self._name = mongod, name

    def keep(self, names: tuple[str, ...]) -> dict[str, list[dict[str, object]]]:
        """The rows of these collections."""
        with self._mongod.client() as client:
            return {name: list(client[self._name][name].find()) for name in names}

    def put_back(self, kept: dict[str, list[dict[str, object]]]) -> None:
        """Make the collections as they were."""
        with self._mongod.client() as client:
            for name, rows in kept.items():
                client[self._name][name].delete_many({})
                if rows:
                    client[self._name][name].insert_many(rows)

    def spoil(self, name: str, row_id: object, field: str, value: object = "no JSON") -> None:
        """Make a field unreadable."""
        with self._mongod.client() as client:
            client[self._name][name].update_one({"_id": row_id}, {"$set": {field: value}})


@pytest.fixture
def place(standalone: Mongod, database_name: str) -> Place:
    """The database itself."""
    return Place(standalone, database_name)


async def decided(store: MongoStore, place: Place, undone: tuple[str, ...]) -> list[Join]:
    """Decide a batch of which only its row, and what is not to be undone, is written; how its joins are."""
    await store.insert_joins([joined(1)])
    await store.add_events([event(1), event(2), event(3)])
    assert await store.commit_batch(batch(1))
    before = place.keep(undone)
    joins = [joined(1, left_at=later(5)), joined(2)]
    assert await store.commit_batch(batch(2, joins, events=(1, 2)))
    place.put_back(before)
    return joins


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_a_batch_whose_rest_is_missing_is_made_whole(store: MongoStore, place: Place, count: int) -> None:
    """Wherever it was interrupted: before its joins, its events or its ledger."""
    joins = await decided(store, place, PROJECTIONS[-count:])
    assert await store.get_ledger(GUILD) == ledger(1)
    assert await store.repair_batches(GUILD) == 1
    assert await store.get_joins([join.join_id for join in joins]) == {join.join_id: join for join in joins}
    assert await store.list_events(GUILD) == [event(3)]
    assert await store.get_ledger(GUILD) == ledger(2)
    assert await store.repair_batches(GUILD) == 0


async def test_whoever_finds_the_number_taken_finds_the_batch_whole(store: MongoStore, place: Place) -> None:
    """So that it can decide again at once, also when the other one died."""
    joins = await decided(store, place, PROJECTIONS)
    assert not await store.commit_batch(batch(2, [joined(9)]))
    assert await store.get_ledger(GUILD) == ledger(2)
    assert await store.open_joins(GUILD) == [joins[1]]
    assert await store.commit_batch(batch(3, [joined(9)]))


async def test_a_repair_goes_over_nothing_newer(store: MongoStore, place: Place) -> None:
    """Neither over what a later batch wrote, nor over an admin's word on what was written."""
    await store.commit_batch(batch(1, [joined(1, level=Level.UNKNOWN), joined(2)]))
    old = place.keep(("invite_ledgers",))
    word = attrs.evolve(joined(2), owner_id=UserId(9), level=Level.CONFIRMED, method=Method.MANUAL)
    assert await store.save_join(word, before=joined(2))
    assert await store.commit_batch(batch(2, [joined(1)]))
    kept = place.keep(("invite_joins",))
    place.put_back({"invite_ledgers": []})
    assert await store.repair_batches(GUILD) == 2
    assert place.keep(("invite_joins",)) == kept
    assert await store.get_ledger(GUILD) == ledger(2)
    place.put_back(old)
    assert await store.repair_batches(GUILD) == 1
    assert place.keep(("invite_joins",)) == kept


async def test_a_batch_that_cannot_be_read_stops_nobody(store: MongoStore, place: Place) -> None:
    """What it said is lost, and the next look begins anew; its number stays taken."""
    await decided(store, place, PROJECTIONS)
    place.spoil("invite_batches", batch(2).batch_id, "document")
    assert await store.repair_batches(GUILD) == 1
    assert await store.get_ledger(GUILD) == Ledger(GUILD, 2)
    assert [found.number for found in await store.list_batches(GUILD)] == [1]
    assert await store.commit_batch(batch(3, [joined(7)]))
    assert await store.get_ledger(GUILD) == ledger(3)


async def test_what_cannot_be_read_is_not_there(store: MongoStore, place: Place) -> None:
    """A join, a packed text, a ledger: each alone."""
    await store.commit_batch(batch(1, [joined(1), joined(2)]))
    place.spoil("invite_joins", joined(1).join_id, "document")
    place.spoil("invite_ledgers", GUILD, "document")
    assert await store.open_joins(GUILD) == [joined(2)]
    assert not await store.save_join(joined(1, owner=None), before=joined(1))
    assert await store.get_ledger(GUILD) == Ledger(GUILD, 1)
    place.spoil("invite_batches", batch(1).batch_id, "joins", b"not packed")
    with capture_logs() as logs:
        assert await store.list_batches(GUILD) == [attrs.evolve(batch(1), deltas={CODE: 2})]
    assert [line["event"] for line in logs] == ["packed text cannot be read"]

"""A MongoDB store whose commands are noted."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from giftbot.stores.mongo.driver import MongoDatabase, open_client
from giftbot.stores.mongo.schema import ensure_indexes
from giftbot.stores.mongo.store import MongoStore
from tests.mongod import Mongod
from tests.stores.listening import Listener


@pytest.fixture
def listener() -> Listener:
    """Hears every command of the store under test."""
    return Listener()


@pytest.fixture
async def database(replica_set: Mongod, database_name: str, listener: Listener) -> AsyncIterator[MongoDatabase]:
    """A database whose commands are noted."""
    async with open_client(replica_set.uri, database_name, listeners=[listener]) as opened:
        await ensure_indexes(opened)
        listener.take()
        yield opened


@pytest.fixture
def store(database: MongoDatabase) -> MongoStore:
    """A store over the database whose commands are noted."""
    return MongoStore(database)

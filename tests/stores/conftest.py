"""The stores to test: each test of a contract runs on all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import cast

import pytest
from mongomock_motor import AsyncMongoMockClient

from giftbot.services.ports import Store
from giftbot.stores.mongo.driver import MongoDatabase
from giftbot.stores.mongo.store import MongoStore, open_mongo
from giftbot.stores.sqlite.store import open_sqlite
from tests.mongod import Mongod

OpenStore = Callable[[], Awaitable[Store]]
BACKENDS = ("sqlite", "mock", "replica_set", "standalone")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known with which a test names what mongomock-motor lacks."""
    config.addinivalue_line(
        "markers", "mock_lacks(what): mongomock-motor lacks this; the test runs on real servers"
    )


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the store under test."""
    name: str = request.param
    lacking = request.node.get_closest_marker("mock_lacks")
    if name == "mock" and lacking is not None:
        pytest.skip(f"mongomock-motor lacks {lacking.args[0]}")
    return name


@pytest.fixture
async def open_store(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path, database_name: str
) -> AsyncIterator[OpenStore]:
    """Opens the store under test, each time with connections of its own, on the same data."""
    mock: AsyncMongoMockClient[dict[str, object]] = AsyncMongoMockClient()

    async with AsyncExitStack() as stack:

        async def open_one() -> Store:
            if backend == "sqlite":
                return await stack.enter_async_context(open_sqlite(tmp_path / "giftbot.sqlite"))
            if backend == "mock":
                return MongoStore(cast("MongoDatabase", mock[database_name]))
            mongod: Mongod = request.getfixturevalue(backend)
            return await stack.enter_async_context(open_mongo(mongod.uri, database_name))

        yield open_one


@pytest.fixture
async def store(open_store: OpenStore) -> Store:
    """The store under test."""
    return await open_store()

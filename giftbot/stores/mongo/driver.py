"""The client: the only module that opens one, and what the rest of this package needs of it.

motor is past its end of life, so nothing else names it: a move to PyMongo's own asynchronous client is this module.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Protocol, Self, cast

import structlog
from pymongo import IndexModel
from pymongo.monitoring import CommandListener
from pymongo.results import BulkWriteResult, DeleteResult, InsertManyResult, UpdateResult

from giftbot.stores.documents import Document, read_moment
from giftbot.stores.mongo.faults import translated, unusable

_log = structlog.get_logger(__name__)

TIMEOUT_MS = 3000
"""Milliseconds in which every operation ends, choosing a server and repeating it included."""

_WORKERS = "64"
"""Threads of motor. Its default of five per core is used up by a few calls to a server that hangs."""

Filter = Mapping[str, object]
Update = Mapping[str, object]
Sort = Sequence[tuple[str, int]]


class Rows(Protocol):
    """A cursor."""

    def sort(self, keys: Sort) -> Self:
        """Order the rows."""
        ...

    def limit(self, limit: int) -> Self:
        """Give at most so many."""
        ...

    def batch_size(self, size: int) -> Self:
        """Fetch so many per round trip."""
        ...

    async def to_list(self, length: int | None = None) -> list[Document]:
        """All rows."""
        ...


class Collection(Protocol):
    """What this package uses of a collection."""

    def find(self, query: Filter, projection: Mapping[str, int] | None = None) -> Rows:
        """Rows that match."""
        ...

    def aggregate(self, pipeline: Sequence[Mapping[str, object]]) -> Rows:
        """The result of a pipeline."""
        ...

    async def find_one(self, query: Filter, projection: Mapping[str, int] | None = None) -> Document | None:
        """One row that matches."""
        ...

    async def find_one_and_update(
        self,
        query: Filter,
        update: Update | Sequence[Update],
        *,
        upsert: bool = False,
        return_document: bool = False,
    ) -> Document | None:
        """Change one row, perhaps by a pipeline; the row before or after (`return_document`) it."""
        ...

    async def insert_many(self, documents: Sequence[Document], *, ordered: bool = True) -> InsertManyResult:
        """Insert rows."""
        ...

    async def update_one(self, query: Filter, update: Update, *, upsert: bool = False) -> UpdateResult:
        """Change one row."""
        ...

    async def update_many(self, query: Filter, update: Update) -> UpdateResult:
        """Change all rows that match."""
        ...

    async def bulk_write(self, requests: Sequence[object], *, ordered: bool = True) -> BulkWriteResult:
        """Many writes in one round trip."""
        ...

    async def delete_one(self, query: Filter) -> DeleteResult:
        """Remove one row."""
        ...

    async def delete_many(self, query: Filter) -> DeleteResult:
        """Remove all rows that match."""
        ...

    async def count_documents(self, query: Filter) -> int:
        """How many rows match."""
        ...

    async def estimated_document_count(self) -> int:
        """About how many rows there are, without counting them."""
        ...

    async def create_indexes(self, indexes: Sequence[IndexModel]) -> list[str]:
        """Create indexes that are not there yet."""
        ...


class MongoDatabase(Protocol):
    """What this package uses of a database: motor's, or anything that behaves like it."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    def __getitem__(self, name: str) -> Collection:
        """A collection."""
        ...

    async def command(self, command: str) -> Document:
        """Run a command of the server."""
        ...

    async def list_collection_names(self) -> list[str]:
        """Its collections."""
        ...


class _Client(Protocol):
    def __getitem__(self, name: str) -> MongoDatabase: ...

    def close(self) -> None: ...


def _load_motor() -> ModuleType:
    os.environ.setdefault("MOTOR_MAX_WORKERS", _WORKERS)  # motor reads it once, on import
    return importlib.import_module("motor.motor_asyncio")


def _client(
    motor: ModuleType, uri: str, appname: str, listeners: Sequence[CommandListener], *, takes_anything: bool
) -> _Client:
    lenient = {"datetime_conversion": "DATETIME_AUTO", "unicode_decode_error_handler": "replace"}
    client: object = motor.AsyncIOMotorClient(
        uri,
        w="majority",
        journal=True,
        retryWrites=True,
        timeoutMS=TIMEOUT_MS,
        serverSelectionTimeoutMS=2000,
        tz_aware=True,
        appname=appname,
        event_listeners=list(listeners),
        **(lenient if takes_anything else {}),
    )
    return cast("_Client", client)


@asynccontextmanager
async def open_client(
    uri: str, database: str, *, appname: str = "giftbot", listeners: Sequence[CommandListener] = ()
) -> AsyncIterator[MongoDatabase]:
    """Open a client and check that a server answers it.

    Raises `StoreUnavailableError` when none does, `StoreError` when the URI or the login is wrong; no message holds
    the password. Logs one warning when the server is no replica set. `listeners` hear every command.
    """
    async with open_databases(uri, [database], appname=appname, listeners=listeners) as [opened]:
        with translated():
            hello = await opened.command("hello")
        if topology(hello) == "standalone":
            _log.warning(
                "MongoDB runs as a standalone server: a write that is interrupted is not repeated by itself;"
                " a replica set, even of one server, is safer"
            )
        yield opened


@asynccontextmanager
async def open_databases(
    uri: str,
    names: Sequence[str],
    *,
    appname: str = "giftbot",
    listeners: Sequence[CommandListener] = (),
    takes_anything: bool = False,
) -> AsyncIterator[list[MongoDatabase]]:
    """Open a client, and databases of its server. Raises as `open_client` does, but asks nothing yet.

    With `takes_anything` a row of which a text or a moment cannot be read is given all the same.
    """
    motor = await asyncio.to_thread(_load_motor)  # some 50 ms, in which the event loop goes on
    try:
        with translated():
            client = _client(motor, uri, appname, listeners, takes_anything=takes_anything)
    except (ValueError, TypeError) as error:  # what PyMongo raises for some wrong URIs
        raise unusable(error) from None
    try:
        yield [client[name] for name in names]
    finally:
        client.close()


def topology(hello: Document) -> str:
    """What kind of server answered `hello`: `replica set NAME`, `sharded cluster` or `standalone`."""
    if hello.get("setName"):
        return f"replica set {hello['setName']}"
    return "sharded cluster" if hello.get("msg") == "isdbgrid" else "standalone"


async def measure_clock_offset(database: MongoDatabase) -> timedelta:
    """The server's time minus this machine's; of three round trips the shortest counts, half of it taken off."""
    samples: list[tuple[timedelta, timedelta]] = []
    for _ in range(3):
        before = datetime.now(UTC)
        with translated():
            hello = await database.command("hello")
        trip = datetime.now(UTC) - before
        server = read_moment(hello.get("localTime"))
        if server is not None:
            samples.append((trip, server - (before + trip / 2)))
    return min(samples)[1] if samples else timedelta()

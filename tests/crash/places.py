"""Where the data of one case lie: a directory, and with MongoDB a database."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs

from giftbot.app import SQLITE_NAME
from giftbot.services.ports import Store
from giftbot.stores.mongo.store import open_mongo
from giftbot.stores.sqlite.store import open_sqlite


@attrs.frozen
class Place:
    """A place that survives the processes which work on it."""

    directory: Path
    mongo_uri: str | None = None
    database: str = attrs.field(factory=lambda: f"crash-{uuid.uuid4().hex}")

    @property
    def data(self) -> Path:
        """The bot's data directory."""
        return self.directory / "data"

    @property
    def environ(self) -> dict[str, str]:
        """The settings that lead here."""
        mongo = {"MONGO_URI": self.mongo_uri, "MONGO_DB_NAME": self.database} if self.mongo_uri else {}
        return {"GIFTBOT_DATA_DIR": str(self.data), **mongo}

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Store]:
        """The store, for a test that prepares it or looks into it beside running bots."""
        if self.mongo_uri is not None:
            async with open_mongo(self.mongo_uri, self.database, appname="tests") as mongo:
                yield mongo
        else:
            self.data.mkdir(parents=True, exist_ok=True)
            async with open_sqlite(self.data / SQLITE_NAME) as sqlite:
                yield sqlite

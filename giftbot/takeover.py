"""Opens what earlier bots left, for `ops migrate` and for the bot's first start."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

import typed_settings as ts

from giftbot.errors import InvalidInputError, LegacyError
from giftbot.legacy.shelf import DirectoryShelf
from giftbot.models.legacy import Skip
from giftbot.outside import Legacy
from giftbot.services.migration.ports import LegacySource
from giftbot.settings import Settings
from giftbot.stores.state_file import read_envelope

DATABASES = ("reminderbot", "discord_bot")
"""Names of databases that earlier bots used, whatever their settings said."""
MONGO = "mongo"
"""What `ops migrate --from` calls the databases of MONGO_URI."""


@asynccontextmanager
async def open_legacy(settings: Settings, places: Sequence[str] = ()) -> AsyncIterator[list[LegacySource]]:
    """What earlier bots left in these places: directories, files, `mongo`.

    Without any: in the data directory and in the databases of MONGO_URI. Raises `LegacyError`, or
    `InvalidInputError` for a place that is not there.
    """
    async with AsyncExitStack() as stack:
        sources: list[LegacySource] = []
        for place in places or (str(settings.giftbot_data_dir), MONGO):
            if place == MONGO:
                for uri in filter(None, map(_revealed, (settings.mongo_uri, settings.mongo_uri_fallback))):
                    sources += await _in_mongo(stack, settings, uri)
            else:
                path = Path(place)
                if places and not await asyncio.to_thread(path.exists):
                    raise InvalidInputError(f"{place} is not there.")
                sources += await DirectoryShelf(path, is_ours=_is_ours).find()
        yield sources


async def _in_mongo(stack: AsyncExitStack, settings: Settings, uri: str) -> list[LegacySource]:
    from giftbot.stores.mongo.driver import open_databases  # noqa: PLC0415 - 6 MB that SQLite has no use for
    from giftbot.stores.mongo.legacy import DatabasesShelf  # noqa: PLC0415

    own = settings.mongo_db_name if uri == _revealed(settings.mongo_uri) else ""
    named = (settings.mongo_db_name, settings.mongo_db_wos, settings.mongo_db_reminders, *DATABASES)
    names = list(dict.fromkeys(filter(None, named)))
    databases = await stack.enter_async_context(open_databases(uri, names, appname="giftbot migration"))
    return await DatabasesShelf(databases, own=own, directory=settings.giftbot_data_dir).find()


def _revealed(secret: ts.Secret[str]) -> str:
    return secret.get_secret_value()


def _is_ours(path: Path) -> bool:
    return read_envelope(path) is not None


def legacy_of(settings: Settings) -> Legacy:
    """What is there for the bot itself."""
    return Legacy(lambda: open_legacy(settings), lambda: _open_report(settings))


def report_path(settings: Settings) -> Path:
    """Where the rows are listed that a run of now cannot use."""
    return settings.giftbot_data_dir / f"migration-{datetime.now(UTC):%Y%m%d-%H%M%S}.jsonl"


@asynccontextmanager
async def _open_report(settings: Settings) -> AsyncIterator[ReportFile]:
    with ReportFile(report_path(settings)) as report:
        yield report


class ReportFile:
    """The report of a migration: every row that is not taken over, one JSON object a line.

    Makes the file when there is something to write; `path` None writes none.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.written: Path | None = None
        """The file, once something is in it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Write rows down. Raises `LegacyError` when the disk does not take them: none is lost silently."""
        if not skips or self._path is None:
            return
        try:
            if self._file is None:
                self._file = self._path.open("a", encoding="utf-8")
            for one in skips:
                row = {"source": source.name, "where": one.where, "reason": one.reason, "raw": one.raw}
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
            self._file.flush()
        except OSError as error:
            raise LegacyError(f"The report {self._path} cannot be written: {error.strerror}.") from error
        self.written = self._path

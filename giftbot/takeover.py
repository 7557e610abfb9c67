"""Opens what earlier bots left, for `ops migrate` and for the bot's first start."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self, TextIO

import typed_settings as ts
from yarl import URL

from giftbot.errors import CopyError, InvalidInputError, LegacyError, StoreError
from giftbot.legacy.broken import BrokenSource
from giftbot.legacy.shelf import NAMES, DirectoryShelf
from giftbot.models.legacy import Skip
from giftbot.outside import Legacy
from giftbot.services.invites.payload import ENVELOPE
from giftbot.services.migration.ports import LegacySource
from giftbot.settings import Settings
from giftbot.stores.state_file import read_envelope

DATABASES = ("reminderbot", "discord_bot")
"""Names of databases that earlier bots used, whatever their settings said."""
MONGO = "mongo"
"""What `ops migrate --from` calls the databases of MONGO_URI."""
CLOUD_FILE = "discord_data_backup.json"
"""The kind of what the cloud service gives."""
COPY_ENVELOPE = f'"{ENVELOPE}":'.encode()
"""With which our own copies of invites begin."""
_HEAD = 200


@asynccontextmanager
async def open_legacy(
    settings: Settings, places: Sequence[str] = (), *, zone: tzinfo | None = None
) -> AsyncIterator[list[LegacySource]]:
    """What earlier bots left in these places: directories, files, `mongo`, `cloud`.

    Without any: in the data directory and in the databases of MONGO_URI. `zone` is that of moments which an earlier
    bot took from its own clock without saying where it ran; None is this machine's. A part that cannot be looked
    into is a source that fails. Raises `InvalidInputError` for a place that is not there, or is nothing known.
    """
    async with AsyncExitStack() as stack:
        sources: list[LegacySource] = []
        for place in places or (str(settings.giftbot_data_dir), MONGO):
            match place:
                case "mongo":
                    sources += await _in_databases(stack, settings, is_asked=bool(places))
                case "cloud":
                    sources += await _in_cloud(stack, settings, zone)
                case _:
                    path = Path(place)
                    if places:
                        await asyncio.to_thread(_look_for, path)
                    sources += await DirectoryShelf(path, is_ours=_is_ours, zone=zone).find()
        yield sources


def _look_for(path: Path) -> None:
    """Raises `InvalidInputError`."""
    try:
        is_there = path.exists()
    except OSError as error:
        name = str(path) if len(str(path)) < _HEAD else f"{str(path)[:_HEAD]}…"
        raise InvalidInputError(f"{name} cannot be looked for: {error.strerror or error}.") from error
    if not is_there:
        raise InvalidInputError(f"{path} is not there.")


async def _in_databases(stack: AsyncExitStack, settings: Settings, *, is_asked: bool) -> list[LegacySource]:
    uris = [("MONGO_URI", settings.mongo_uri), ("MONGO_URI_FALLBACK", settings.mongo_uri_fallback)]
    given = [(name, uri) for name, secret in uris if (uri := _revealed(secret))]
    if is_asked and not given:
        raise InvalidInputError("There is no MongoDB to look into: set MONGO_URI.")
    found: list[LegacySource] = []
    for name, uri in given:
        try:
            found += await _in_mongo(stack, settings, uri)
        except (LegacyError, StoreError) as error:
            problem = f"{name} cannot be looked into: {error}"
            holds = partial(_is_on, _server_of(settings, uri))
            found.append(BrokenSource(name, f"the databases of {name}", problem, holds=holds, cause=error))
    return found


async def _in_cloud(stack: AsyncExitStack, settings: Settings, zone: tzinfo | None) -> list[LegacySource]:
    """What the service of CLOUD_API_URL keeps, if it is not ours. It is fetched once, as a file of its own."""
    if not settings.cloud_api_url:
        raise InvalidInputError("There is no cloud service to look into: set CLOUD_API_URL.")
    from giftbot.cloud.client import CloudClient  # noqa: PLC0415 - aiohttp, for those who have a service
    from giftbot.legacy.kinds import open_file  # noqa: PLC0415 - as in `DirectoryShelf`

    url = URL(settings.cloud_api_url)
    name, title = f"cloud:{url.host}", f"the cloud service {url.host}"
    client = CloudClient(
        url, token=settings.cloud_token, aside=None, allow_private=settings.giftbot_allow_private_urls
    )
    try:
        body = await client.fetch()
    except CopyError as error:
        problem = f"The cloud cannot be looked into: {error}"
        return [BrokenSource(name, title, problem, has_posts=False, has_servers=False)]
    finally:
        await client.aclose()
    if body is None or COPY_ENVELOPE in body[:_HEAD]:
        return []
    path = Path(stack.enter_context(TemporaryDirectory(prefix="giftbot-legacy-"))) / CLOUD_FILE
    await asyncio.to_thread(path.write_bytes, body)
    return [open_file(path, CLOUD_FILE, name=name, rank=NAMES.index(CLOUD_FILE), zone=zone, title=title)]


async def _in_mongo(stack: AsyncExitStack, settings: Settings, uri: str) -> list[LegacySource]:
    from giftbot.stores.mongo.driver import open_databases  # noqa: PLC0415 - 6 MB that SQLite has no use for
    from giftbot.stores.mongo.legacy import DatabasesShelf, server_mark  # noqa: PLC0415

    is_ours = uri == _revealed(settings.mongo_uri)
    named = (settings.mongo_db_name, settings.mongo_db_wos, settings.mongo_db_reminders, *DATABASES)
    names = list(dict.fromkeys(filter(None, named)))
    databases = await stack.enter_async_context(
        open_databases(uri, names, appname="giftbot migration", takes_anything=True)
    )
    own, server = (settings.mongo_db_name, "") if is_ours else ("", server_mark(uri))
    return await DatabasesShelf(databases, own=own, directory=settings.giftbot_data_dir, server=server).find()


def _server_of(settings: Settings, uri: str) -> str:
    """What the names of collections of this server end with; nothing for the one with our own database."""
    from giftbot.stores.mongo.legacy import server_mark  # noqa: PLC0415 - as in `_in_mongo`

    return "" if uri == _revealed(settings.mongo_uri) else server_mark(uri)


def _is_on(server: str, name: str) -> bool:
    """Whether a source of that name is a collection of this server."""
    return name.startswith("mongodb:") and name.partition("@")[2] == server


def _revealed(secret: ts.Secret[str]) -> str:
    return secret.get_secret_value()


def _is_ours(path: Path) -> bool:
    """Whether this bot wrote a file: its copies are no source, whole or not. Raises `OSError`."""
    with path.open("rb") as file:
        return COPY_ENVELOPE in file.read(_HEAD) or read_envelope(path) is not None


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

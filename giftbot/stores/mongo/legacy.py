"""Collections of earlier bots as sources: read in order of their ids, never altered, with one exception.

Where the database is our own, too, rows of both lie in the same collections. Then what the earlier bot left is
first written to a file, and rows that stand in the way of ours are removed; an interrupted run goes on from there.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from itertools import chain, islice
from pathlib import Path

import attrs
import pymongo
import structlog
from bson import ObjectId, json_util
from bson.errors import BSONError
from pymongo import UpdateOne
from pymongo.errors import OperationFailure

from giftbot.errors import LegacyError, StoreError
from giftbot.legacy import gift_rows, state_file
from giftbot.models.ids import announcement_id
from giftbot.models.legacy import Chunk, Found, SentCode
from giftbot.services.migration.ports import LegacySource
from giftbot.stores.documents import Document
from giftbot.stores.mongo.driver import Filter, MongoDatabase
from giftbot.stores.mongo.faults import FORBIDDEN, translated
from giftbot.stores.mongo.migrations import noted_document

_log = structlog.get_logger(__name__)

CHUNK = 500
"""Values that are handed on together, and rows that come in one round trip."""

_LOOK_SECONDS = 600.0
"""A large collection of an earlier bot, which has not our indexes, is looked through for longer than an ordinary
operation may take."""

ReadRow = Callable[[Mapping[str, object], str, tzinfo | None], Iterator[Found]]


@attrs.frozen
class Kind:
    """A collection of earlier bots."""

    name: str
    read: ReadRow
    has_posts: bool = False
    theirs: Filter = attrs.Factory(dict)
    """What tells their rows from ours, where both lie in the same collection; ours have an index for it."""
    page: int = CHUNK
    """Rows that come in one round trip: some hold whole lists, of up to 16 MB."""


def _read_state(row: Mapping[str, object], where: str, zone: tzinfo | None) -> Iterator[Found]:
    yield from state_file.read_document(row)


_ABSENT: Filter = {"$exists": False}
KINDS = (
    # Codes are kept before anything that names them changes them. The history comes before the channels: a server
    # without one is taken for a new server.
    Kind("gift_codes", gift_rows.read_code, theirs={"status": _ABSENT}),
    Kind("sent_giftcodes", gift_rows.read_sent, has_posts=True, theirs={"state": _ABSENT}),
    Kind("giftcode_state", _read_state, has_posts=True),
    Kind("auto_redeemed_codes", gift_rows.read_redeemed, theirs={"outcome": None}),
    Kind("giftcode_redemptions", gift_rows.read_attempts, page=4),
    Kind("auto_redeem_members", gift_rows.read_member, page=100),
    Kind("auto_redeem_settings", gift_rows.read_settings),
    Kind("auto_redeem_channels", gift_rows.read_redeem_channel),
)


class CollectionSource:
    """`LegacySource` of one collection; with `kept` of one that is shared with this bot."""

    has_servers = True
    is_fallback = False

    def __init__(self, database: MongoDatabase, kind: Kind, *, kept: Path | None = None, server: str = "") -> None:
        """Take `kept`, the file to which rows are written before anything of a shared collection is changed.

        `server` tells servers apart; the one with our own database has none.
        """
        self._database = database
        self._rows = database[kind.name]
        self._kind = kind
        self._kept = kept
        self._query = kind.theirs  # everywhere: the same server may be reached by two addresses
        self.name = f"mongodb:{database.name}.{kind.name}" + (f"@{server}" if server else "")
        on = f" on the server {server}" if server else ""
        self.title = f"collection {kind.name} of the MongoDB database {database.name}{on}"
        self.has_posts = kind.has_posts
        self.rank = KINDS.index(kind) - 2

    def covers(self, name: str) -> bool:
        """Itself alone."""
        return name == self.name

    async def fingerprint(self) -> str:
        """How many rows there are, and when the last one was changed."""
        newest: list[Document] = [
            {"$match": self._query},
            {"$group": {"_id": None, "count": {"$sum": 1}, "last": {"$max": "$updated_at"}}},
        ]
        with self._looking():
            found = await self._rows.aggregate(newest).to_list(None)
        counted = " ".join(f"{row.get('count')} rows until {row.get('last')}" for row in found)
        return f"{self.name}: {counted or 'nothing'}"

    async def is_empty(self) -> bool:
        """Whether there is no row of theirs."""
        with self._looking():
            return await self._rows.find_one(self._query, {"_id": 1}) is None

    async def size(self) -> int:
        """Rows."""
        with self._looking():
            # The estimate is there at once, but after a crash of the server it may be 0 though there are rows.
            if not self._query and (estimate := await self._rows.estimated_document_count()):
                return estimate
            return await self._rows.count_documents(self._query)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """All rows; first those that an interrupted run has removed or changed, out of the file."""
        done = 0
        if self._kept is not None and self._kind.theirs:
            async for rows in _kept_rows(self._kept):
                for found in self._found(rows):
                    yield Chunk(found, done)
        async for rows in self._pages():
            done += len(rows)
            if self._kept is not None and not dry_run:
                await asyncio.to_thread(_keep, self._kept, rows)
                await self._make_room(rows)
            for found in self._found(rows):
                yield Chunk(found, done)

    @contextmanager
    def _looking(self) -> Iterator[None]:
        with _legible(self.title), pymongo.timeout(_LOOK_SECONDS):
            yield

    def _found(self, rows: Iterable[Document]) -> Iterator[tuple[Found, ...]]:
        read, name = self._kind.read, self._kind.name
        values = chain.from_iterable(read(row, f"{name}, {row.get('_id')}", UTC) for row in rows)
        while found := tuple(islice(values, CHUNK)):
            yield found

    async def _pages(self) -> AsyncIterator[list[Document]]:
        # Ids of different types are ordered by type: `$gt` alone would stay within the type of the last one.
        query = self._query
        while True:
            with self._looking():
                rows = await self._rows.find(query).sort([("_id", 1)]).limit(self._kind.page).to_list(None)
            if not rows:
                return
            query = {**self._query, "$expr": {"$gt": ["$_id", {"$literal": rows[-1]["_id"]}]}}
            yield rows

    async def _make_room(self, rows: Sequence[Document]) -> None:
        """Give rows that were kept our form, or remove them: they are where ours are to be."""
        if self._kind.name == "sent_giftcodes":
            await self._convert(rows)
        # An earlier bot's unique index keeps our rows out beside those whose ids are not of our form.
        elif self._kind.name == "auto_redeemed_codes" and (ids := [row["_id"] for row in rows if _is_odd(row)]):
            with _legible(self.title), translated():
                await self._rows.delete_many({"_id": {"$in": ids}})

    async def _convert(self, rows: Sequence[Document]) -> None:
        now = datetime.now(UTC)
        writes: list[UpdateOne] = []
        for row in rows:
            for sent in gift_rows.read_sent(row, "", UTC):
                if isinstance(sent, SentCode) and row["_id"] == announcement_id(sent.guild_id, sent.key):
                    query = {"_id": row["_id"], **self._kind.theirs}
                    writes.append(UpdateOne(query, {"$set": noted_document(sent, now)}))
        if writes:
            with _legible(self.title), translated():
                await self._rows.bulk_write(writes, ordered=False)


def _is_odd(row: Document) -> bool:
    return isinstance(row["_id"], ObjectId)


@contextmanager
def _legible(title: str) -> Iterator[None]:
    """Turn what the driver raises into what is said of a source."""
    try:
        with translated():
            yield
    except StoreError as error:
        raise LegacyError(f"The {title} cannot be read: {error}") from error


class DatabasesShelf:
    """`LegacyShelf` of the databases of one server in which earlier bots kept their collections."""

    def __init__(self, databases: Sequence[MongoDatabase], *, own: str, directory: Path, server: str = "") -> None:
        """Take `own`, the name of this bot's database, and the directory for the file of what lies in it.

        `server` is the `server_mark` of a server that is not the one with our own database.
        """
        self._databases = databases
        self._own = own
        self._directory = directory
        self._server = server

    async def find(self) -> list[LegacySource]:
        """The collections that are there."""
        found: list[LegacySource] = []
        for database in self._databases:
            try:
                found += await self._in(database)
            except LegacyError as error:
                if not _is_forbidden(error):
                    raise
                _log.info("database not looked into: this user may not", database=database.name)
        return sorted(found, key=lambda source: source.rank)

    async def _in(self, database: MongoDatabase) -> list[LegacySource]:
        found: list[LegacySource] = []
        with _legible(f"MongoDB database {database.name}"), translated():
            names = set(await database.list_collection_names())
        for kind in KINDS:
            if kind.name not in names:
                continue
            kept = self._directory / f"earlier-{database.name}-{kind.name}.jsonl"
            is_own = database.name == self._own
            source = CollectionSource(database, kind, kept=kept if is_own else None, server=self._server)
            if (is_own and kept.exists()) or not await source.is_empty():
                found.append(source)
        return found


def server_mark(uri: str) -> str:
    """What tells a server from others: eight characters made of its hosts alone, without login or options."""
    address = uri.partition("://")[2].partition("/")[0].partition("?")[0]
    hosts = sorted(address.rpartition("@")[2].lower().split(","))
    return hashlib.sha256(",".join(hosts).encode()).hexdigest()[:8]


def _is_forbidden(error: LegacyError) -> bool:
    """Whether the server said that this user has no rights there: what an earlier bot left there is not ours."""
    cause = error.__cause__
    while cause is not None and not isinstance(cause, OperationFailure):
        cause = cause.__cause__
    return cause is not None and cause.code in FORBIDDEN


def _keep(path: Path, rows: Sequence[Document]) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json_util.dumps(row) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LegacyError(f"{path} cannot be written, so nothing is changed: {error.strerror}.") from error


async def _kept_rows(path: Path) -> AsyncIterator[list[Document]]:
    try:
        file = await asyncio.to_thread(path.open, encoding="utf-8")
    except FileNotFoundError:
        return
    with file:
        while rows := await asyncio.to_thread(_some, file):
            yield rows


def _some(lines: Iterator[str]) -> list[Document]:
    rows: list[Document] = []
    for line in lines:
        try:
            rows.append(json_util.loads(line))
        except (ValueError, TypeError, BSONError):
            continue  # the last line of a process that died: its row was not removed, and is read again
        if len(rows) == CHUNK:
            break
    return rows

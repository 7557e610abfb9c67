"""All rows of SQLite as archives have them."""

# ruff: noqa: S608  (what is put into statements are our own column lists, never values)

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import cast

from giftbot.models.archive import ArchiveTable, Kind, Page, Row
from giftbot.models.credit import Credit
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink
from giftbot.stores.archive_rows import converted, page_of, settled_migration, unusable_row, value_of
from giftbot.stores.documents import read_moment
from giftbot.stores.invite_documents import from_json, to_json
from giftbot.stores.sqlite.database import Database, Turn, Value
from giftbot.stores.sqlite.invites_rows import (
    CREDITS,
    JOINS,
    LINKS,
    SETTINGS,
    encode_credit,
    encode_join,
    encode_link,
)
from giftbot.stores.sqlite.rows import stored_moment

_FIRST_NUMBER = -(2**63)
_READ: Mapping[Kind, Callable[[object], object]] = {
    Kind.FLAG: bool,
    Kind.TEXTS: from_json,
    Kind.SIGHTINGS: from_json,
    Kind.DOCUMENT: from_json,
}
_WRITTEN: Mapping[Kind, Callable[[object], object]] = {
    Kind.FLAG: lambda value: int(bool(value)),
    Kind.TEXTS: json.dumps,
    Kind.SIGHTINGS: json.dumps,
    Kind.DOCUMENT: to_json,
}
_INVITES: Mapping[str, Sequence[str]] = {
    "invite_joins": JOINS.columns,
    "staff_links": LINKS.columns,
    "credits": CREDITS.columns,
    "invite_settings": SETTINGS.columns,
    "invite_ledgers": ("_id", "number", "taken_at", "document"),
}
"""Tables that have columns beside those of the archive."""
_SETTLES = """
    ON CONFLICT (_id) DO UPDATE SET {assignments}, fence = max(sent_giftcodes.fence, excluded.fence) + 1
    WHERE excluded.state = 'sent' AND +sent_giftcodes.state = 'pending' AND sent_giftcodes.nonce IS NULL
        AND sent_giftcodes.batch IS NULL
        AND (sent_giftcodes.guild_epoch, sent_giftcodes.code_epoch)
            <= (excluded.guild_epoch, excluded.code_epoch)
"""


def _names(table: ArchiveTable) -> Sequence[str]:
    return _INVITES.get(table.name) or tuple(column.name for column in table.columns)


def _insert(table: ArchiveTable) -> str:
    names = _names(table)
    statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    if table.name != "sent_giftcodes":
        return f"{statement} ON CONFLICT (_id) DO NOTHING"
    assignments = ", ".join(f"{name} = excluded.{name}" for name in names if name not in {"_id", "fence"})
    return statement + _SETTLES.format(assignments=assignments)


def _read(table: ArchiveTable, values: Sequence[Value]) -> Row | None:
    names = [column.name for column in table.columns]
    row = converted(table, dict(zip(names, values, strict=True)), _READ)
    if table.name == "migrations" and "document" in row:
        return settled_migration(row)
    return row


def _values(table: ArchiveTable, row: Row) -> Sequence[Value]:
    match value_of(table, row) if table.name in _INVITES and table.name != "invite_ledgers" else None:
        case Join() as join:
            return encode_join(join, to_json(row["document"]))
        case StaffLink() as link:
            return (*encode_link(link)[:-1], to_json(row["document"]))
        case Credit() as credit:
            return (*encode_credit(credit)[:-1], to_json(row["document"]))
        case InviteSettings() as settings:
            return settings.guild_id, settings.revision, to_json(row["document"])
    written = converted(table, row, _WRITTEN)
    if table.name == "invite_ledgers":
        document = from_json(row["document"])
        taken_at = read_moment(document.get("taken_at")) if isinstance(document, dict) else None
        written["taken_at"] = stored_moment(taken_at)
    return [cast("Value", written.get(name)) for name in _names(table)]


class SqliteArchiveStore:
    """`ArchiveStore` on SQLite."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def scan_rows(self, table: ArchiveTable) -> AsyncIterator[Page]:
        """All rows of a table, in pages, by ascending id."""
        names = ", ".join(column.name for column in table.columns)
        statement = f"SELECT {names} FROM {table.name} WHERE _id > ? ORDER BY _id LIMIT {table.page}"
        last: Value = _FIRST_NUMBER if table.has_numbers else ""
        while rows := await self._database.read(statement, [last]):
            last = rows[-1][0]
            yield page_of(table, ((row[0], _read(table, row)) for row in rows))

    async def count_rows(self, table: ArchiveTable) -> int:
        """How many rows a table has."""
        [[count]] = await self._database.read(f"SELECT count(*) FROM {table.name}")
        return int(count or 0)

    async def has_rows(self, table: ArchiveTable) -> bool:
        """Whether there is any."""
        return bool(await self._database.read(f"SELECT 1 FROM {table.name} LIMIT 1"))

    async def present_rows(self, table: ArchiveTable, ids: Collection[object]) -> set[object]:
        """Those of the ids that exist."""
        statement = f"SELECT _id FROM {table.name} WHERE _id IN (SELECT value FROM json_each(?))"
        return {row_id for [row_id] in await self._database.read(statement, [json.dumps(list(ids))])}

    def unusable_row(self, table: ArchiveTable, row: Row) -> str | None:
        """Why a row could not be read again once it was written; None when it could."""
        return unusable_row(table, row)

    async def add_rows(self, table: ArchiveTable, rows: Sequence[Row]) -> int:
        """Insert rows that are absent, and settle posts; how many rows changed."""
        values = [_values(table, row) for row in rows]
        return await self._database.write(partial(Turn.run_many, sql=_insert(table), parameters=values))

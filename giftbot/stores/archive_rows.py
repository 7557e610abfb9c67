"""What both stores know of rows in archives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs

from giftbot.models.archive import ArchiveTable, Kind, Page, Row
from giftbot.models.credit import Credit
from giftbot.models.ids import GuildId
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink
from giftbot.stores.invite_documents import from_json, read_document
from giftbot.stores.migration_documents import migration_document, read_migration

MODELS: Mapping[str, tuple[type[attrs.AttrsInstance], str]] = {
    "invite_joins": (Join, "join_id"),
    "staff_links": (StaffLink, "key"),
    "credits": (Credit, "credit_id"),
    "invite_events": (InviteEvent, "event_id"),
    "invite_settings": (InviteSettings, "guild_id"),
}
"""Tables whose rows are one document each: what that is, and which part of it is the row's id."""
_TEXTS = frozenset({"invite_batches", "invite_ledgers", "carried_tables"})


def value_of(table: ArchiveTable, row: Row) -> attrs.AttrsInstance | None:
    """What a document of `MODELS` is; None when it cannot be read, or is another row's."""
    model, field = MODELS[table.name]
    value = read_document(model, row["document"])
    return value if value is not None and getattr(value, field) == row["_id"] else None


def settled_migration(row: Row) -> Row | None:
    """A row of `migrations` as any store would write it; None when it cannot be read."""
    document = row["document"]
    found = read_migration(str(row["_id"]), document) if isinstance(document, dict) else None
    return None if found is None else {"_id": row["_id"], "document": migration_document(found)}


def unusable_row(table: ArchiveTable, row: Row) -> str | None:
    """Why a row could not be read again once it was written; None when it could."""
    problem = table.problem_with(row)
    if problem is not None:
        return problem
    if table.name in MODELS and value_of(table, row) is None:
        return "its document cannot be read"
    if table.name == "migrations" and settled_migration(row) is None:
        return "its document cannot be read"
    if table.name in _TEXTS and not isinstance(from_json(row["document"]), dict | list):
        return "its document is no JSON"
    if table.name == "invite_batches" and guild_of(row) is None:
        return "_id is no number of a server's batch"
    return None


def guild_of(row: Row) -> GuildId | None:
    """The server in an id that begins with one."""
    guild, _, rest = str(row["_id"]).partition(":")
    return GuildId(int(guild)) if rest.isdecimal() and guild.isdecimal() else None


def page_of(table: ArchiveTable, rows: Iterable[tuple[object, Row | None]]) -> Page:
    """A page of rows, each with its id, in which those are told apart that cannot be used."""
    good: list[Row] = []
    unreadable: list[str] = []
    for row_id, row in rows:
        if row is None or unusable_row(table, row) is not None:
            unreadable.append(str(row_id))
        else:
            good.append(row)
    return Page(good, tuple(unreadable))


def converted(
    table: ArchiveTable, row: Mapping[str, object], conversions: Mapping[Kind, Callable[[object], object]]
) -> Row:
    """The fields of a row that have a value, each as its kind is written."""
    found: Row = {}
    for column in table.columns:
        value = row.get(column.name)
        if value is not None:
            convert = conversions.get(column.kind)
            found[column.name] = value if convert is None else convert(value)
    return found

"""What a copy holds: a server's invites, joins, links, credits and settings, and what earlier bots kept, as JSON.

`discord_data` has a table of ours, `giftbot_invites`, that says everything: server id -> section -> rows. A section
is what changes together: `ledger`, `state` (settings, links, credits), joins of one month, `joins 2026-05`.
Beside it stand the tables that earlier bots read, made from it (`EARLIER`), and the tables that are carried along.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar, cast

import attrs

from giftbot.models.credit import Credit
from giftbot.models.ids import GuildId
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join
from giftbot.models.ledger_document import LedgerDocument
from giftbot.models.staff import StaffLink
from giftbot.services.invites.bounds import LARGEST_ID, Bounds, fits
from giftbot.services.invites.earlier_shape import (
    CACHE_TABLE,
    JOINS_TABLE,
    STAFF_TABLE,
    VIP_TABLE,
    cached_invites,
    state_tables,
)
from giftbot.services.invites.parts import pack, size_of
from giftbot.services.invites.sections import Documents, Section, sections_of, with_joins

OURS = "giftbot_invites"
"""The table that says everything."""
ENVELOPE = "giftbot_copy"
"""The table that says which copy it is."""
MARK = "giftbot_mark"
"""The row of the carried tables that says which copy the tables are in step with."""
EARLIER = frozenset({STAFF_TABLE, JOINS_TABLE, VIP_TABLE, CACHE_TABLE})
"""Tables for earlier bots. They are never read back."""
LEDGER = "ledger"
STATE = "state"
ENTRY_LIMIT = 256 * 1024
"""Bytes of one row as JSON; a longer one is refused. A raid's ledger with its thousand invites is not one row."""
_NESTED = frozenset({dict, list})
_LONGEST_ID = len(str(LARGEST_ID))

V = TypeVar("V", bound=attrs.AttrsInstance)


@attrs.frozen
class Records:
    """What is known of one server."""

    guild_id: GuildId
    ledger: LedgerDocument | None = None
    settings: InviteSettings | None = None
    links: tuple[StaffLink, ...] = ()
    credits: tuple[Credit, ...] = ()
    joins: tuple[Join, ...] = ()


def pack_state(records: Records, documents: Documents) -> Section:
    """The section `state` of a server."""
    write = documents.to_document
    state: dict[str, object] = {
        "links": [write(link) for link in records.links],
        "credits": [write(credit) for credit in records.credits],
    }
    if records.settings is not None:
        state["settings"] = write(records.settings)
    earlier = state_tables(records.links, records.credits)
    return Section(pack(state), {name: pack(value) for name, value in earlier.items() if value})


def pack_ledger(ledger: LedgerDocument) -> Section:
    """The section `ledger` of a server."""
    return Section(pack(ledger.document), {CACHE_TABLE: pack(cached_invites(ledger.document))})


def pack_records(records: Records, documents: Documents) -> dict[str, Section]:
    """All sections of a server."""
    ledger = {} if records.ledger is None else {LEDGER: pack_ledger(records.ledger)}
    joins = sections_of(with_joins({}, records.joins, documents))
    return {**ledger, STATE: pack_state(records, documents), **joins}


class _Reader:
    """Reads one server's sections, entry by entry."""

    def __init__(self, guild_id: GuildId, documents: Documents, now: datetime | None) -> None:
        self.guild_id = guild_id
        self.refused: list[str] = []
        self._bounds = Bounds(now)
        self._documents = documents

    def refuse(self, what: str, why: str) -> None:
        """Note that an entry is not used."""
        self.refused.append(f"server {self.guild_id}, {what}: {why}")

    def rows(self, model: type[V], value: object, what: str) -> Iterator[V]:
        """Those of a list's rows that can be read and belong to this server."""
        if not isinstance(value, list):
            self.refuse(what, "is no list")
            return
        for number, document in enumerate(cast("list[object]", value), start=1):
            row = self.row(model, document, f"{what} {number}")
            if row is not None:
                yield row

    def row(self, model: type[V], document: object, what: str) -> V | None:
        """A row, if it can be read and belongs to this server."""
        if not isinstance(document, dict):
            self.refuse(what, "is no row")
        elif (size := _size_of(document)) is None:
            self.refuse(what, "is nested too deep")
        elif size > ENTRY_LIMIT:
            self.refuse(what, "is too large")
        elif str(document.get("guild_id")) != str(self.guild_id):
            self.refuse(what, "is of another server")
        else:
            row = self._documents.read_document(model, document)
            odd = None if row is None else self._bounds.odd_field(row)
            if odd is None and row is not None:
                return row
            self.refuse(what, "cannot be read" if odd is None else f"has a value that cannot be: {odd}")
        return None

    def ledger(self, document: object) -> LedgerDocument | None:
        """A ledger without those of its invites that cannot be read."""
        if not isinstance(document, dict):
            self.refuse("ledger", "is no row")
            return None
        invites = cast("object", document.get("invites", {}))
        rest = {**document, "invites": {}}
        ledger = self.row(Ledger, rest, "ledger")
        if ledger is None:
            return None
        if not isinstance(invites, dict) or not fits(rest):
            self.refuse("ledger", "cannot be read")
            return None
        kept = {str(code): self._invite(str(code), value) for code, value in invites.items()}
        if None in kept.values():
            kept = {code: invite for code, invite in kept.items() if invite is not None}
        return LedgerDocument(ledger.guild_id, ledger.number, {**document, "invites": kept})

    def _invite(self, code: str, document: object) -> Mapping[str, object] | None:
        is_row = isinstance(document, dict) and (_is_flat(document) or _size_of(document) is not None)
        invite = self._documents.settled_invite(cast("dict[str, object]", document)) if is_row else None
        if invite is None or invite["code"] != code or self._bounds.odd_invite(invite) is not None:
            self.refuse(f"invite {code[:40]}", "cannot be read")
            return None
        return invite


def _is_flat(document: Mapping[str, object]) -> bool:
    """Whether nothing in it has anything in it: that is told in a fraction of the time in which its size is."""
    nested = [value for value in document.values() if type(value) in _NESTED]
    return not any(nested)


def _size_of(document: object) -> int | None:
    try:
        return size_of(document)
    except (TypeError, ValueError, RecursionError):
        return None


def _server_id(text: object) -> int | None:
    is_number = isinstance(text, str) and len(text) <= _LONGEST_ID and text.isascii() and text.isdigit()
    number = int(cast("str", text)) if is_number else 0
    return number if 0 < number <= LARGEST_ID else None


def read_records(
    guild: object, sections: object, documents: Documents, now: datetime | None = None
) -> tuple[Records | None, list[str]]:
    """What a copy says of one server, and which of its entries are refused, with the reasons.

    No moment may be much after `now`, which is this machine's clock unless it is given.
    """
    guild_id = _server_id(guild)
    if guild_id is None:
        told = guild[:40] if isinstance(guild, str) else type(guild).__name__
        return None, [f"{told!r} is no server id"]
    reader = _Reader(GuildId(guild_id), documents, now)
    if not isinstance(sections, Mapping):
        reader.refuse("everything", "is no table")
        return None, reader.refused
    joins: list[Join] = []
    state: Mapping[str, object] = {}
    ledger: LedgerDocument | None = None
    for name, value in sections.items():
        if name == STATE and isinstance(value, Mapping):
            state = value
        elif name == LEDGER:
            ledger = reader.ledger(value)
        elif isinstance(name, str) and name.startswith("joins "):
            joins += reader.rows(Join, value, name[:40])
        else:
            reader.refuse(str(name)[:40], "is not known")
    settings = None if "settings" not in state else reader.row(InviteSettings, state["settings"], "settings")
    records = Records(
        guild_id=reader.guild_id,
        ledger=ledger,
        settings=settings,
        links=tuple(reader.rows(StaffLink, state.get("links", []), "link")),
        credits=tuple(reader.rows(Credit, state.get("credits", []), "credit")),
        joins=tuple(joins),
    )
    return records, reader.refused


def carried_of(data: Mapping[str, object]) -> dict[str, object]:
    """The tables of a copy that are neither ours nor made from ours."""
    return {name: value for name, value in data.items() if name not in EARLIER | {OURS, ENVELOPE, MARK}}


def by_guild(rows: Iterable[V], guild_of: Callable[[V], GuildId]) -> dict[GuildId, tuple[V, ...]]:
    """Rows by their server."""
    ordered = sorted(rows, key=guild_of)
    return {guild_id: tuple(group) for guild_id, group in itertools.groupby(ordered, key=guild_of)}


guild_of: Callable[[Join | StaffLink | Credit], GuildId] = operator.attrgetter("guild_id")
"""A row's server."""

"""The archive of a whole bot: which tables are in it, what a row of each looks like, and what its manifest says.

A row is a plain document, the same for every store: moments are milliseconds since 1970, ids numbers, fields
without a value are left out. Leases are no part of it: they say which process works on what.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property

import attrs

from giftbot.models.announcement import AnnouncementState
from giftbot.models.code import CodeStatus
from giftbot.models.guild import Backfill
from giftbot.models.job import JobState, Trigger
from giftbot.models.notice import NoticeKind
from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome

Row = dict[str, object]
"""A row as plain values."""

FORMAT = 1
"""The version of the file's own shape."""
SCHEMA = 5
"""The version of the tables whose rows are in it, as `ops inspect` and SQLite count it."""
IMPORTED = "archive "
"""How the names begin of those rows of `migrations` that say which archive a store came from; they stay with it."""

_LATEST = 253_402_300_799_999
"""The last moment that can be told, in milliseconds."""
_LARGEST = 2**63 - 1


class Kind(enum.Enum):
    """What a field holds."""

    TEXT = "text"
    WHOLE = "whole number"
    ID = "id"
    """Discord's, of 64 bits."""
    MOMENT = "moment"
    FLAG = "flag"
    TEXTS = "list of texts"
    SIGHTINGS = "list of sightings"
    """Of a code: by source, fields that are moments."""
    DOCUMENT = "JSON object"


_TYPES: Mapping[Kind, type] = {
    Kind.TEXT: str,
    Kind.WHOLE: int,
    Kind.ID: int,
    Kind.MOMENT: int,
    Kind.FLAG: bool,
    Kind.TEXTS: list,
    Kind.SIGHTINGS: dict,
    Kind.DOCUMENT: dict,
}


@attrs.frozen
class Column:
    """A field of a row."""

    name: str
    kind: Kind
    is_required: bool = False
    choices: frozenset[str] = frozenset()
    """The only values it may have; any where there are none."""

    def problem_with(self, value: object) -> str | None:
        """Why it cannot hold this; None when it can."""
        if type(value) is not _TYPES[self.kind]:
            return f"{self.name} is no {self.kind.value}"
        if isinstance(value, int):
            return self._out_of_range(value)
        if self.choices and value not in self.choices:
            return f"{self.name} has an unknown value"
        if self.kind is Kind.TEXTS and not all(isinstance(one, str) for one in _listed(value)):
            return f"{self.name} has something that is no text"
        if self.kind is Kind.SIGHTINGS and not _are_sightings(value):
            return f"{self.name} has something that is no moment"
        return None

    def _out_of_range(self, value: int) -> str | None:
        most = _LATEST if self.kind is Kind.MOMENT else _LARGEST
        return None if -most <= value <= most else f"{self.name} is out of range"


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _are_sightings(value: object) -> bool:
    sightings = value.values() if isinstance(value, Mapping) else ()
    return all(
        isinstance(one, dict) and all(type(moment) is int and abs(moment) <= _LATEST for moment in one.values())
        for one in sightings
    )


@attrs.frozen(slots=False)
class ArchiveTable:
    """A table that is in archives."""

    name: str
    columns: tuple[Column, ...]
    identified_by: tuple[str, ...] = ()
    """The fields that `_id` consists of, where it does."""
    page: int = 1000
    """Rows that are read or written at once."""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Its columns."""
        return {column.name: column for column in self.columns}

    @cached_property
    def required(self) -> frozenset[str]:
        """Fields that every row has."""
        return frozenset(column.name for column in self.columns if column.is_required)

    @property
    def has_numbers(self) -> bool:
        """Whether its ids are numbers."""
        return self.by_name["_id"].kind is Kind.ID

    def problem_with(self, row: Mapping[str, object]) -> str | None:
        """Why this is no row of it; None when it is one."""
        columns = self.by_name
        for name, value in row.items():
            column = columns.get(name)
            if column is None:
                return f"{name} is not known"
            problem = column.problem_with(value)
            if problem is not None:
                return problem
        if not self.required <= row.keys():
            return f"{min(self.required - row.keys())} is missing"
        if self.identified_by and row["_id"] != ":".join(str(row[name]) for name in self.identified_by):
            return "_id is not what it is made of"
        return None


def _columns(text: str, **choices: type[enum.StrEnum]) -> tuple[Column, ...]:
    """Columns from `name KIND` pairs; `!` after the kind means that every row has it."""
    words = text.split()
    return tuple(
        Column(
            name,
            Kind[kind.rstrip("!")],
            kind.endswith("!"),
            frozenset(member.value for member in choices[name]) if name in choices else frozenset(),
        )
        for name, kind in zip(words[::2], words[1::2], strict=True)
    )


_CODES = _columns(
    """_id TEXT! display TEXT! status TEXT! created_at MOMENT! updated_at MOMENT! rewards TEXT expires_at MOMENT
    expired_at MOMENT verified_at MOMENT sources SIGHTINGS! epoch WHOLE! fan_out FLAG! revision WHOLE!
    redeem FLAG!""",
    status=CodeStatus,
)
_GUILDS = _columns(
    """_id ID! channel_id ID ping_role_id ID auto_post FLAG! language TEXT! epoch WHOLE! backfill TEXT
    backfill_at MOMENT disabled_reason TEXT disabled_at MOMENT missing_permissions TEXTS! checked_at MOMENT
    left_at MOMENT updated_at MOMENT revision WHOLE! auto_redeem FLAG! default_kingdom WHOLE redeem_channel_id ID
    register_channel_id ID""",
    backfill=Backfill,
)
_POSTS = _columns(
    """_id TEXT! guild_id ID! code TEXT! source TEXT! state TEXT! created_at MOMENT! updated_at MOMENT!
    guild_epoch WHOLE! code_epoch WHOLE! due_at MOMENT owner TEXT fence WHOLE! lease_until MOMENT batch TEXT
    codes TEXTS channel_id ID nonce TEXT reference TEXT first_attempt_at MOMENT last_attempt_at MOMENT
    window_at MOMENT attempts WHOLE! message_id ID sent_at MOMENT reason TEXT""",
    state=AnnouncementState,
)
_PLAYERS = _columns(
    """_id TEXT! guild_id ID! player_id TEXT! state TEXT! created_at MOMENT! updated_at MOMENT! kingdom WHOLE
    nickname TEXT owner_id ID added_by ID proved_at MOMENT revision WHOLE!""",
    state=PlayerState,
)
_REDEMPTIONS = _columns(
    """_id TEXT! guild_id ID! code TEXT! fid TEXT! outcome TEXT! raw TEXT! attempts WHOLE! created_at MOMENT!
    updated_at MOMENT! redeemed_at MOMENT next_attempt_at MOMENT""",
    outcome=RedemptionOutcome,
)
_JOBS = _columns(
    """_id TEXT! guild_id ID! code TEXT! state TEXT! trigger TEXT! created_at MOMENT! updated_at MOMENT!
    requested_by ID due_at MOMENT fence WHOLE! enrolling FLAG! cursor TEXT channel_id ID message_id ID
    finished_at MOMENT reason TEXT""",
    state=JobState,
    trigger=Trigger,
)
_NOTICES = _columns(
    "_id TEXT! kind TEXT! text TEXT! created_at MOMENT! codes TEXTS! told_at MOMENT", kind=NoticeKind
)
_DOCUMENT = _columns("_id TEXT! document DOCUMENT!")

TABLES: tuple[ArchiveTable, ...] = (
    ArchiveTable("gift_codes", _CODES),
    ArchiveTable("guilds", _GUILDS),
    ArchiveTable("sent_giftcodes", _POSTS, ("guild_id", "code")),
    ArchiveTable("players", _PLAYERS, ("guild_id", "player_id")),
    ArchiveTable("auto_redeemed_codes", _REDEMPTIONS, ("guild_id", "code", "fid")),
    ArchiveTable("redemption_jobs", _JOBS, ("guild_id", "code")),
    ArchiveTable("notices", _NOTICES),
    ArchiveTable("invite_joins", _DOCUMENT),
    ArchiveTable("staff_links", _DOCUMENT),
    ArchiveTable("credits", _DOCUMENT),
    ArchiveTable("invite_settings", _columns("_id ID! document DOCUMENT!")),
    ArchiveTable("invite_batches", _columns("_id TEXT! document TEXT! joins TEXT!"), page=50),
    ArchiveTable("invite_events", _DOCUMENT),
    # After all that follows from it: a server whose ledger is there has the rest, too.
    ArchiveTable("invite_ledgers", _columns("_id ID! number WHOLE! document TEXT!"), page=50),
    ArchiveTable("carried_tables", _columns("_id TEXT! document TEXT!"), page=10),
    ArchiveTable("migrations", _DOCUMENT),
)
"""In the order in which they are written."""


@attrs.frozen
class Page:
    """Rows of a table."""

    rows: list[Row]
    unreadable: tuple[str, ...] = ()
    """The ids of rows that nobody can make anything of, as text."""


@attrs.frozen
class Member:
    """One table of an archive."""

    table: str
    rows: int
    sha256: str
    """Of its lines."""
    left_out: int = 0
    """Rows that could not be read when it was made."""


@attrs.frozen
class Manifest:
    """What an archive says of itself."""

    giftbot: str
    """The version that made it."""
    store: str
    """`SQLite` or `MongoDB`."""
    taken_at: datetime
    members: tuple[Member, ...]
    digest: str = ""
    """The same for archives of the same rows."""

    @property
    def rows(self) -> int:
        """All rows in it."""
        return sum(member.rows for member in self.members)


Progress = Callable[[int, int], None]
"""Called with the rows that are done, and all of them."""

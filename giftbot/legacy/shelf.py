"""What earlier bots left in a directory: every file that has one of their names, as a source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import attrs

from giftbot.errors import LegacyError
from giftbot.legacy import dumps, gift_rows
from giftbot.legacy.files import FileSource
from giftbot.legacy.state_file import read_state
from giftbot.legacy.tables import ReadRow, TablesSource
from giftbot.models.legacy import Found
from giftbot.services.migration.ports import LegacySource


class ReadFile(Protocol):
    """Reads a file as a stream; moments that name no zone are in `zone`."""

    def __call__(self, file: BinaryIO, /, zone: tzinfo | None) -> Iterator[Found]:
        """Everything in it."""
        ...


@attrs.frozen
class Kind:
    """A kind of file: its name, and who reads it."""

    name: str
    read: ReadFile | None = None
    """Who reads it as a stream of bytes; None for tables."""
    tables: Mapping[str, ReadRow] = attrs.Factory(dict)
    """Who reads the rows of which table."""
    has_posts: bool = False
    is_fallback: bool = False


KINDS = (
    Kind("giftcode_state.json", read_state, has_posts=True),
    Kind(
        "giftcode.sqlite",
        tables={
            # `auto_redeem_completed_guilds` tells nothing: it was written after failures, too.
            "gift_codes": gift_rows.read_code,
            "giftcode_channels": gift_rows.read_post_channel,
            "auto_redeem_members": gift_rows.read_member,
            "auto_redeem_channels": gift_rows.read_redeem_channel,
            "auto_redeem_settings": gift_rows.read_settings,
        },
        is_fallback=True,
    ),
    # Copies of the invites tell of which server the rows are that name none: they come first.
    Kind("invite_cache_backup.json", dumps.read_invites),
    Kind("server_management.db", tables=dumps.TABLES),
    Kind("invite_joins.json", dumps.read_joins),
    Kind("invite_joins.csv", dumps.read_join_table),
    Kind("discord_data_backup.json", dumps.read_cloud),
    Kind("staff_config.json", dumps.read_staff_config),
)
FOLDERS = (".", "data", "db", "config", "invite_logs", "cogs")
"""Where earlier bots kept their files, from the directory in which they ran."""

IsOurs = Callable[[Path], bool]


class DirectoryShelf:
    """`LegacyShelf` of a directory, or of one file."""

    def __init__(self, place: Path, *, is_ours: IsOurs, zone: tzinfo | None = None) -> None:
        """Take `is_ours`, which tells our own copies of such a name: they are never a source.

        `zone` is where the earlier bot ran: its tables hold moments of its own clock. None is this machine's.
        """
        self._place = place
        self._zone = zone
        self._is_ours = is_ours

    async def find(self) -> list[LegacySource]:
        """The files that are there, by rank."""
        try:
            found = await asyncio.to_thread(lambda: list(self._find()))
        except OSError as error:
            raise LegacyError(f"{self._place} cannot be read: {error.strerror or error}.") from error
        return sorted(found, key=lambda source: source.rank)

    def _find(self) -> Iterator[LegacySource]:
        if self._place.is_file():
            for kind in KINDS:
                if is_named(self._place.name, kind.name):
                    yield self._source(self._place, kind)
            return
        for folder in FOLDERS:
            place = self._place / folder
            if place.is_dir():
                for path in sorted(place.iterdir()):
                    for kind in KINDS:
                        if path.is_file() and is_named(path.name, kind.name) and not self._is_ours(path):
                            yield self._source(path, kind)

    def _source(self, path: Path, kind: Kind) -> LegacySource:
        try:
            name = path.relative_to(self._place).as_posix()
        except ValueError:
            name = path.name
        name = path.name if name == "." else name
        if kind.read is None:
            return TablesSource(
                path, kind.tables, name=name, zone=self._zone, is_fallback=kind.is_fallback, rank=KINDS.index(kind)
            )
        read = partial(kind.read, zone=self._zone)
        return FileSource(path, read, name=name, has_posts=kind.has_posts, rank=KINDS.index(kind))


def is_named(name: str, kind: str) -> bool:
    """Whether a file has this name, or the one under which a copy of it was set aside (`.legacy`, `.legacy2`)."""
    rest = name.removeprefix(kind)
    return name.startswith(kind) and (not rest or rest.startswith(".legacy"))

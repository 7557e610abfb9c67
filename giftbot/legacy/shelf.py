"""What earlier bots left in a directory: every file that has one of their names, as a source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path

from giftbot.errors import LegacyError
from giftbot.services.migration.ports import LegacySource

NAMES = (
    "giftcode_state.json",
    "giftcode.sqlite",
    "invite_cache_backup.json",
    "server_management.db",
    "invite_joins.json",
    "invite_joins.csv",
    "discord_data_backup.json",
    "staff_config.json",
)
"""The files that are known, in the order in which they are read best."""
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
            paths = [self._place]
        else:
            folders = [place for folder in FOLDERS if (place := self._place / folder).is_dir()]
            paths = [path for place in folders for path in sorted(place.iterdir())]
        for path in paths:
            for name in NAMES:
                if is_named(path.name, name) and path.is_file() and not self._is_ours(path):
                    yield self._source(path, name)

    def _source(self, path: Path, kind: str) -> LegacySource:
        from giftbot.legacy.kinds import open_file  # noqa: PLC0415 - 1 MB that is needed once in a bot's life

        name = path.name if path == self._place else path.relative_to(self._place).as_posix()
        return open_file(path, kind, name=name, rank=NAMES.index(kind), zone=self._zone)


def is_named(name: str, kind: str) -> bool:
    """Whether a file has this name, or the one under which a copy of it was set aside (`.legacy`, `.legacy2`)."""
    rest = name.removeprefix(kind)
    return name.startswith(kind) and (not rest or rest.startswith(".legacy"))

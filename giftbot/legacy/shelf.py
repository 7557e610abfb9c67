"""What earlier bots left in a directory: every file that has one of their names, as a source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path

from giftbot.errors import InvalidInputError
from giftbot.legacy.broken import BrokenSource
from giftbot.services.migration.ports import LegacySource

NAMES = (
    "giftcode_state.json",
    "giftcode.sqlite",
    "invite_cache_backup.json",
    "server_management.db",
    "invite_joins.json",
    "invite_joins.csv",
    "discord_data_backup.json",
    "cloud_backup.json",
    "staff_config.json",
)
"""The files that are known, in the order in which they are read best."""
FOLDERS = (".", "data", "db", "config", "invite_logs", "cogs")
"""Where earlier bots kept their files, from the directory in which they ran."""

WITH_POSTS = frozenset({".", "data", "cogs"})
"""Those of them in which the history of posts may lie; elsewhere no earlier bot wrote it."""

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
        """The files that are there, by rank. A part that cannot be read is a source that fails.

        Raises `InvalidInputError` for a single file that is nothing known.
        """
        return sorted(await asyncio.to_thread(lambda: list(self._find())), key=lambda source: source.rank)

    def _find(self) -> Iterator[LegacySource]:
        try:
            if self._place.is_file():
                yield from self._single()
                return
        except OSError as error:
            yield _broken(self._place, str(self._place), error, has_posts=True)
            return
        for folder in FOLDERS:
            place = self._place / folder
            try:
                paths = sorted(place.iterdir()) if place.is_dir() else []
            except OSError as error:
                yield _broken(place, folder, error, has_posts=folder in WITH_POSTS)
                continue
            for path in paths:
                yield from self._named(path)

    def _single(self) -> Iterator[LegacySource]:
        path = self._place
        if self._is_ours(path):
            return
        kind = next((name for name in NAMES if is_named(path.name, name)), None)
        if kind is None:
            from giftbot.legacy.sniffing import kind_of  # noqa: PLC0415 - as `open_file`

            kind = kind_of(path)
        if kind is None:
            raise InvalidInputError(
                f"{path} is nothing that an earlier bot left: name one of {', '.join(NAMES)}, a copy of one, or the"
                " directory in which they are."
            )
        yield self._source(path, kind)

    def _named(self, path: Path) -> Iterator[LegacySource]:
        for kind in NAMES:
            if is_named(path.name, kind):
                try:
                    is_theirs = path.is_file() and not self._is_ours(path)
                except OSError as error:
                    yield _broken(path, self._name(path), error, has_posts=kind == NAMES[0])
                else:
                    if is_theirs:
                        yield self._source(path, kind)

    def _name(self, path: Path) -> str:
        return path.name if path == self._place else path.relative_to(self._place).as_posix()

    def _source(self, path: Path, kind: str) -> LegacySource:
        from giftbot.legacy.kinds import open_file  # noqa: PLC0415 - 1 MB that is needed once in a bot's life

        return open_file(path, kind, name=self._name(path), rank=NAMES.index(kind), zone=self._zone)


def _broken(path: Path, name: str, error: OSError, *, has_posts: bool) -> LegacySource:
    # Players and settings that are no copies lie in the file with the history alone.
    problem = f"{path} cannot be read: {error.strerror or error}."
    return BrokenSource(
        name, str(path), problem, has_posts=has_posts, has_servers=has_posts, holds=lambda one: _is_in(name, one)
    )


def _is_in(folder: str, name: str) -> bool:
    """Whether a source is a file of a folder; names of what is no file have a colon."""
    return ":" not in name and Path(name).parent == Path(folder)


def is_named(name: str, kind: str) -> bool:
    """Whether a file has this name, or the one under which a copy of it was set aside (`.legacy`, `.legacy2`)."""
    rest = name.removeprefix(kind)
    return name.startswith(kind) and (not rest or rest.startswith(".legacy"))

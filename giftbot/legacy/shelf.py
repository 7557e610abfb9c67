"""What earlier bots left in a directory: every file that has one of their names, as a source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs

from giftbot.errors import LegacyError
from giftbot.legacy.files import FileSource, Read
from giftbot.legacy.state_file import read_state
from giftbot.services.migration.ports import LegacySource


@attrs.frozen
class Kind:
    """A kind of file: its name, and who reads it."""

    name: str
    read: Read
    has_posts: bool = False
    is_fallback: bool = False


STATE = "giftcode_state.json"
KINDS = (Kind(STATE, read_state, has_posts=True),)
FOLDERS = (".", "data", "db", "config", "invite_logs", "cogs")
"""Where earlier bots kept their files, from the directory in which they ran."""

IsOurs = Callable[[Path], bool]


class DirectoryShelf:
    """`LegacyShelf` of a directory, or of one file."""

    def __init__(self, place: Path, *, is_ours: IsOurs) -> None:
        """Take `is_ours`, which tells our own copies of such a name: they are never a source."""
        self._place = place
        self._is_ours = is_ours

    async def find(self) -> list[LegacySource]:
        """The files that are there, sources of posts first."""
        try:
            found = await asyncio.to_thread(lambda: list(self._find()))
        except OSError as error:
            raise LegacyError(f"{self._place} cannot be read: {error.strerror or error}.") from error
        return sorted(found, key=lambda source: not source.has_posts)

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
        return FileSource(
            path,
            kind.read,
            name=path.name if name == "." else name,
            has_posts=kind.has_posts,
            is_fallback=kind.is_fallback,
        )


def is_named(name: str, kind: str) -> bool:
    """Whether a file has this name, or the one under which a copy of it was set aside (`.legacy`, `.legacy2`)."""
    rest = name.removeprefix(kind)
    return name.startswith(kind) and (not rest or rest.startswith(".legacy"))

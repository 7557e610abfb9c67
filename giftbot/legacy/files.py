"""A file of an earlier bot as a source: opened for reading only, read in a thread, chunk by chunk."""

from __future__ import annotations

import asyncio
import codecs
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import ijson

from giftbot.errors import LegacyError
from giftbot.models.legacy import Chunk, Found

DEPTH = 100
"""Levels of a JSON document; nothing that is known has more than eight."""
TOO_DEEP = f"more than {DEPTH} levels"
CHUNK = 500
"""Values that are handed on together."""

Read = Callable[[BinaryIO], Iterator[Found]]


def from_start(file: BinaryIO) -> None:
    """Go to where the text of a file begins: after the mark that some editors put there."""
    file.seek(0)
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)


def parsed(file: BinaryIO) -> Iterator[tuple[str, str, object]]:
    """The events of a JSON document with where each stands, at half the speed of what trusts the document.

    Raises `ijson.JSONError` also for one of more than `DEPTH` levels: the names of where they stand would fill the
    memory.
    """
    return ijson.parse(_shallow(file))  # type: ignore[no-any-return]


def _shallow(file: BinaryIO) -> Iterator[tuple[str, object]]:
    depth = 0
    for event, value in ijson.basic_parse(file, use_float=True):
        if event.startswith("start_"):
            depth += 1
            if depth > DEPTH:
                raise ijson.JSONError(TOO_DEEP)
        elif event.startswith("end_"):
            depth -= 1
        yield event, value


class FileSource:
    """`LegacySource` of one file. `read` raises `LegacyError` or `OSError` where it cannot go on."""

    is_fallback = False

    def __init__(
        self,
        path: Path,
        read: Read,
        *,
        name: str,
        title: str | None = None,
        has_posts: bool = False,
        has_servers: bool = False,
        rank: int = 0,
    ) -> None:
        self._path = path
        self._read = read
        self.name = name
        self.title = title or str(path)
        self.has_posts = has_posts
        self.has_servers = has_servers
        self.rank = rank

    def covers(self, name: str) -> bool:
        """Itself alone."""
        return name == self.name

    async def fingerprint(self) -> str:
        """Size and contents."""
        return await asyncio.to_thread(_fingerprint, self._path)

    async def size(self) -> int:
        """Bytes."""
        try:
            return (await asyncio.to_thread(self._path.stat)).st_size
        except OSError as error:
            raise _unreadable(self._path, error) from error

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """All values, in the order of the file."""
        try:
            file = await asyncio.to_thread(self._path.open, "rb")
        except OSError as error:
            raise _unreadable(self._path, error) from error
        with file:
            values = self._read(file)
            while True:
                try:
                    found = await asyncio.to_thread(_some, values)
                    done = file.tell()
                except OSError as error:
                    raise _unreadable(self._path, error) from error
                if not found:
                    return
                yield Chunk(found, done)


def _some(values: Iterator[Found]) -> tuple[Found, ...]:
    return tuple(islice(values, CHUNK))


def _fingerprint(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> LegacyError:
    return LegacyError(f"{path} cannot be read: {error.strerror or error}.")

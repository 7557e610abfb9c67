"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO


def sync_directory(directory: Path) -> None:
    """Bring the names in a directory to disk."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path`, on disk, once the block is left; an error leaves `path` as it is."""
    draft = path.with_name(f"{path.name}.tmp")
    try:
        with draft.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


@asynccontextmanager
async def replacing_aside(path: Path) -> AsyncIterator[BinaryIO]:
    """`replacing`, with its own work done in threads; the block writes in threads, too."""
    context = replacing(path)
    file = await asyncio.to_thread(context.__enter__)
    try:
        yield file
    except BaseException as error:
        await asyncio.to_thread(context.__exit__, type(error), error, error.__traceback__)
        raise
    await asyncio.to_thread(context.__exit__, None, None, None)


def keep_one_before(path: Path, backup: Path) -> None:
    """Let `backup` be what `path` is now, before that is replaced; nothing if there is none.

    It is the same file under a second name, or a copy of it on a disk that has no such links. Raises `OSError`.
    """
    backup.unlink(missing_ok=True)
    if not path.exists():
        return
    try:
        os.link(path, backup)
    except OSError:
        shutil.copyfile(path, backup)


def set_aside(path: Path, body: bytes, suffix: str) -> Path:
    """Keep what was in `path` as `<name>.<suffix>`, or with a number behind that; the same content once.

    Raises `OSError`.
    """
    first = path.with_name(f"{path.name}.{suffix}")
    numbered = (first.with_name(f"{first.name}.{number}") for number in itertools.count(2))
    for kept in itertools.chain([first], numbered):
        if not kept.exists():
            with replacing(kept) as file:
                file.write(body)
            return kept
        if kept.stat().st_size == len(body) and kept.read_bytes() == body:
            return kept
    raise AssertionError("numbers do not end")

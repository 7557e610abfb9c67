"""Reads what lies somewhere, as the migration does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from giftbot.legacy.shelf import DirectoryShelf
from giftbot.models.legacy import Found, Skip
from giftbot.services.migration.ports import LegacySource

T = TypeVar("T")


def nobodys(path: Path) -> bool:
    """No file is ours."""
    return False


async def sources_of(place: Path, is_ours: Callable[[Path], bool] = nobodys) -> list[LegacySource]:
    """What a directory or a file holds; moments without a zone are in UTC."""
    return await DirectoryShelf(place, is_ours=is_ours, zone=UTC).find()


async def read(source: LegacySource) -> list[Found]:
    """Everything in a source, whose size and fingerprint can be had, too."""
    assert await source.fingerprint() == await source.fingerprint()
    found: list[Found] = []
    size, done = await source.size(), 0
    async for chunk in source.read():
        assert chunk.done >= done
        found += chunk.found
        done = chunk.done
    assert done <= size + 1 or not found
    return found


async def found_in(path: Path) -> list[Found]:
    """Everything in one file."""
    [source] = await sources_of(path)
    return await read(source)


def of(kind: type[T], found: Sequence[object]) -> list[T]:
    """The values of a kind."""
    return [one for one in found if isinstance(one, kind)]


def reasons(found: Sequence[Found]) -> list[str]:
    """Why rows are skipped."""
    return [one.reason for one in of(Skip, found)]


def utc(*parts: int) -> datetime:
    """A moment."""
    year, month, day, *rest = parts
    hour, minute, second = (*rest, 0, 0, 0)[:3]
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)

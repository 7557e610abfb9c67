"""A place of earlier bots that cannot be looked into: a source that fails, beside others that do not."""

from __future__ import annotations

from collections.abc import AsyncIterator

from giftbot.errors import LegacyError
from giftbot.models.legacy import Chunk


class BrokenSource:
    """`LegacySource` of which nothing can be read, and nobody knows what would be in it."""

    has_posts = True
    is_fallback = False
    rank = 0

    def __init__(self, name: str, title: str, problem: str) -> None:
        """Take `problem`, one sentence that says why."""
        self.name = name
        self.title = title
        self._problem = problem

    async def fingerprint(self) -> str:
        """Raises `LegacyError`."""
        raise LegacyError(self._problem)

    async def size(self) -> int:
        """Raises `LegacyError`."""
        raise LegacyError(self._problem)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """Raises `LegacyError`."""
        raise LegacyError(self._problem)
        yield  # a generator, as those of other sources are

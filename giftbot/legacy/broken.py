"""A place of earlier bots that cannot be looked into: a source that fails, beside others that do not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from giftbot.errors import LegacyError
from giftbot.models.legacy import Chunk


class BrokenSource:
    """`LegacySource` of which nothing can be read, and nobody knows what would be in it."""

    is_fallback = False
    rank = 0

    def __init__(
        self,
        name: str,
        title: str,
        problem: str,
        *,
        has_posts: bool = True,
        has_servers: bool = True,
        holds: Callable[[str], bool] = lambda name: False,
        cause: Exception | None = None,
    ) -> None:
        """Take `problem`, one sentence that says why, and what may be there.

        `holds` tells the names of the sources that are found there when it can be looked into. `cause` is what
        the `LegacyError` comes from.
        """
        self.name = name
        self.title = title
        self.has_posts = has_posts
        self.has_servers = has_servers
        self._problem = problem
        self._holds = holds
        self._cause = cause

    def covers(self, name: str) -> bool:
        """Itself, and all that is found there."""
        return name == self.name or self._holds(name)

    async def fingerprint(self) -> str:
        """Raises `LegacyError`."""
        raise LegacyError(self._problem) from self._cause

    async def size(self) -> int:
        """Raises `LegacyError`."""
        raise LegacyError(self._problem) from self._cause

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """Raises `LegacyError`."""
        raise LegacyError(self._problem) from self._cause
        yield  # a generator, as those of other sources are

"""What a migration needs from outside: readers of what earlier bots left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from giftbot.models.legacy import Chunk


class LegacySource(Protocol):
    """One file, table, collection or payload of an earlier bot. It is read, never altered."""

    @property
    def name(self) -> str:
        """What it is remembered by: the same from start to start, without secrets."""
        ...

    @property
    def title(self) -> str:
        """Where it is, for people, without secrets."""
        ...

    @property
    def has_posts(self) -> bool:
        """Whether it may hold what was posted where: until it was read, a code may be posted twice."""
        ...

    @property
    def has_servers(self) -> bool:
        """Whether it may hold players or settings of servers: before it was read no fallback is."""
        ...

    @property
    def is_fallback(self) -> bool:
        """Whether what it says of players and settings counts only in servers of which no other source knows.

        Earlier bots kept such copies beside MongoDB; players who were removed there are still in them.
        """
        ...

    @property
    def rank(self) -> int:
        """Sources of a lower rank are read first: some tell of which server the rows of others are."""
        ...

    def covers(self, name: str) -> bool:
        """Whether a source of that name is this one or, for a place that cannot be looked into, was found there."""
        ...

    async def fingerprint(self) -> str:
        """The same for the same contents only, of whichever source. Raises `LegacyError`."""
        ...

    async def size(self) -> int:
        """How much there is to read, in units of its own (bytes, rows)."""
        ...

    def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """Everything in it, in chunks of at most about 500 values. Raises `LegacyError` when it cannot go on.

        Without `dry_run` the reader may prepare a place that it shares with this bot.
        """
        ...


class LegacyShelf(Protocol):
    """A place in which earlier bots left something."""

    async def find(self) -> list[LegacySource]:
        """What is there, sources of posts first. Raises `LegacyError` when the place cannot be read."""
        ...

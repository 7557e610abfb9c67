"""Sources of earlier bots' data that do what a test tells them, and a report that is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import attrs

from giftbot.errors import LegacyError
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.legacy import Chunk, Found, SentCode, Skip
from giftbot.services.migration.ports import LegacySource


async def _nothing() -> None:
    """Happens between two chunks, unless a test says otherwise."""


def sent(number: int, code: str) -> SentCode:
    """A code that was posted in a server."""
    return SentCode(GuildId(number), CodeKey(code), code, None)


@attrs.define
class ScriptedLegacy:
    """A source; each value is a chunk."""

    name: str = "giftcode_state.json"
    values: Sequence[Found] = ()
    has_posts: bool = True
    has_servers: bool = True
    is_fallback: bool = False
    rank: int = 0
    failures: int = 0
    """How often it cannot be read to its end."""
    place: str = ""
    """What the names of sources begin with that lie where it does."""
    away: int = 0
    """How often it cannot even be looked at."""
    why: Exception | None = None
    """What that comes from."""
    mistake: Exception | None = None
    """What it raises once, though no source should."""
    between: Callable[[], Awaitable[None]] = _nothing
    """Happens after each chunk."""
    reads: int = 0
    """How often it was read."""

    @property
    def title(self) -> str:
        """Where it is."""
        return f"{self.place or '/earlier/'}{self.name}"

    def covers(self, name: str) -> bool:
        """Itself, and all of its place."""
        return name == self.name or bool(self.place and name.startswith(self.place))

    async def fingerprint(self) -> str:
        """The same for the same values."""
        if self.away:
            self.away -= 1
            raise LegacyError(f"{self.title} cannot be looked at.") from self.why
        return f"{self.name}: {self.values!r}"

    async def size(self) -> int:
        """How many values."""
        return len(self.values)

    async def read(self, *, dry_run: bool = False) -> AsyncIterator[Chunk]:
        """The values, and after them what it fails with."""
        self.reads += 1
        for done, value in enumerate(self.values, start=1):
            yield Chunk((value,), done)
            await self.between()
        if self.mistake is not None:
            mistake, self.mistake = self.mistake, None
            raise mistake
        if self.failures:
            self.failures -= 1
            raise LegacyError(f"{self.title} cannot be read: the disk is away.")


@attrs.define
class KeptReport:
    """The rows that were skipped."""

    rows: list[tuple[str, Skip]] = attrs.Factory(list)

    def skip(self, source: LegacySource, skips: Sequence[Skip]) -> None:
        """Keep them."""
        self.rows += [(source.name, one) for one in skips]

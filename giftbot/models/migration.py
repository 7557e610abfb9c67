"""What was taken over of earlier bots' data, by source."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime

import attrs

from giftbot.models.ids import GuildId

ELSEWHERE = "known from elsewhere"
"""Why a copy's row is not taken over in a server of which another source tells."""
ANOTHER_REQUEST = "another request of the same member"
"""Why a VIP request is not taken over: a member has one credit."""
NEEDLESS = frozenset({ELSEWHERE, ANOTHER_REQUEST})
"""Reasons of rows that could be used, but are not needed."""


class MigrationState(enum.StrEnum):
    """How far a source is."""

    RUNNING = "running"
    """Begun; what a crash left is begun again."""
    DONE = "done"
    """All of it was read: each row was taken over, or is in the report."""
    FAILED = "failed"
    """It could not be read to its end."""
    GIVEN_UP = "given up"
    """It failed, and somebody decided to go on without it."""


@attrs.frozen
class Counts:
    """What became of the rows of a source."""

    found: Mapping[str, int] = attrs.Factory(dict)
    """Rows that could be used, by what they are (`sent codes`, `players`, ...)."""
    changed: int = 0
    """Rows of this bot that were written; what was there already is not among them."""
    skipped: Mapping[str, int] = attrs.Factory(dict)
    """Rows that were not taken over, by reason."""

    @property
    def total(self) -> int:
        """All rows that could be used."""
        return sum(self.found.values())

    @property
    def skips(self) -> int:
        """All rows that were not taken over."""
        return sum(self.skipped.values())

    @property
    def unusable(self) -> int:
        """Those of them with which something is wrong."""
        return sum(count for reason, count in self.skipped.items() if reason not in NEEDLESS)


@attrs.frozen
class Migration:
    """A row of `migrations`: what became of one source."""

    name: str
    """The source's name; it stays the same from start to start."""
    title: str
    """Where that is, for people."""
    state: MigrationState
    started_at: datetime
    fingerprint: str
    """Differs once the source was changed."""
    version: str
    """Of the giftbot that read it."""
    finished_at: datetime | None = None
    counts: Counts = attrs.Factory(Counts)
    problem: str | None = None
    """Why it failed, one sentence."""
    is_fallback: bool = False
    """Whether it was a copy that counts only where no other source says anything."""
    servers: tuple[GuildId, ...] = ()
    """The servers of whose players or settings it said something."""

    @property
    def is_failed(self) -> bool:
        """Whether it is to be tried again."""
        return self.state is MigrationState.FAILED

    @property
    def is_open(self) -> bool:
        """Whether it was not read to its end: it failed, or is being read, or a process died meanwhile."""
        return self.state in (MigrationState.FAILED, MigrationState.RUNNING)

    def is_done_with(self, fingerprint: str) -> bool:
        """Whether nothing is left to be taken over of the source as it is now."""
        return self.state is MigrationState.DONE and self.fingerprint == fingerprint

"""Many players at once, a line each: what is read from a table, and what became of every line."""

from __future__ import annotations

import enum
from collections import Counter

import attrs

from giftbot.models.ids import PlayerId

MOST_LINES = 5_000
"""Lines of one import, without the header and empty lines."""
MOST_BYTES = 1024 * 1024
"""Bytes of one import."""


@attrs.frozen
class RosterLine:
    """A line that can be used."""

    number: int
    """As text editors count, from 1."""
    player_id: PlayerId
    kingdom: int | None
    """None when the line names none: the server's default kingdom."""
    nickname: str | None


class LineResult(enum.StrEnum):
    """What became of a line."""

    ADDED = "added"
    UPDATED = "updated"
    """The player was registered already, unproved or with a kingdom that was wrong: kingdom or nickname is new."""
    KNOWN = "known"
    """The player was registered already, and stays as they are."""
    DUPLICATE = "duplicate"
    """An earlier line names the same player; this one was left out."""
    BAD = "bad"
    """It cannot be used; the note says why."""


@attrs.frozen
class LineReport:
    """One line after an import."""

    number: int
    player_id: str
    """The id, or what stands in its place; harmless text."""
    result: LineResult
    note: str = ""
    """What a person should know or do about it, as a sentence."""
    is_refused: bool = False
    """Whether it would have changed a player of a member."""

    @property
    def is_left_out(self) -> bool:
        """Whether nothing came of it that would have changed something: worth a word to whoever imports."""
        return self.is_refused or self.result in (LineResult.BAD, LineResult.DUPLICATE)


@attrs.frozen
class ImportReport:
    """What became of all lines, in their order."""

    lines: tuple[LineReport, ...]
    codes: int
    """How many active codes are redeemed now for those who are new, repaired or were kept from them."""
    halted: str | None = None
    """Why nothing is redeemed now, and what to do, in sentences; None while it is."""

    @property
    def counts(self) -> Counter[LineResult]:
        """How many lines had which result."""
        return Counter(line.result for line in self.lines)

"""What a source of codes answers, and how it fares."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.code import Finding
from giftbot.models.ids import CodeKey


class Trust(enum.StrEnum):
    """What a listing of a source is worth."""

    TRUSTED = "trusted"
    """What it lists is announced."""
    HINT = "hint"
    """What only it lists is held until the game, the owner or a trusted source confirms it."""


@attrs.frozen
class Listing:
    """A source's list of active codes at one moment. Codes that were refused are counted, not kept."""

    findings: tuple[Finding, ...]
    refused: int = 0
    """Entries that were no gift codes; each was logged, escaped."""

    @property
    def keys(self) -> frozenset[CodeKey]:
        """The codes of this listing."""
        return frozenset(finding.key for finding in self.findings)

    @property
    def content(self) -> frozenset[Finding]:
        """What it says, whatever the order."""
        return frozenset(self.findings)


class SourceState(enum.StrEnum):
    """How a source fares."""

    UNASKED = "unasked"
    OK = "ok"
    FAILING = "failing"
    """It did not answer, or with something that cannot be read."""
    SUSPECT = "suspect"
    """It answered, but is suddenly empty or far longer than before: held, neither expires nor floods."""


@attrs.frozen
class SourceHealth:
    """How one source fared so far. Times are aware UTC."""

    name: str
    trust: Trust
    url: str
    """Where it is asked, without credentials."""
    state: SourceState = SourceState.UNASKED
    codes: int = 0
    """How many codes its last accepted listing had."""
    last_ok_at: datetime | None = None
    last_asked_at: datetime | None = None
    failures: int = 0
    """Failed or suspect answers in a row."""
    problem: str | None = None
    """One sentence on what is wrong; None while it is well."""
    next_ask_at: datetime | None = None
    """Not asked again before this; None when it is asked at every check."""

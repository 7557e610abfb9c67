"""From what a source lists to a `Listing`: codes are folded, checked and merged, and refused ones are counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs
import structlog

from giftbot.errors import InvalidCodeError
from giftbot.models.code import Finding, display_form, escaped, fold
from giftbot.models.ids import CodeKey
from giftbot.models.source import Listing
from giftbot.web.faults import UnreadableError

CODE_LIMIT = 500
"""Codes of one listing; a longer one is taken for a fault."""

_ENTRY_LIMIT = 5000
_REMEMBERED = 1000
_LOGGED_AT_ONCE = 20

_PLACEHOLDERS = frozenset({"CODE", "CODES", "EXPIRED", "NONE", "NULL", "TBA", "TBD", "UNDEFINED", "UNKNOWN"})
"""What pages and scripts print where a code would be."""

_log = structlog.get_logger(__name__)


@attrs.frozen
class Entry:
    """One active code as a source lists it, not checked yet."""

    code: str
    rewards: str | None = None
    expires_at: datetime | None = None
    listed_at: datetime | None = None


@attrs.frozen
class Refused:
    """Something that a source lists, and that has not even the form of an entry."""

    value: object


class Collector:
    """Makes listings of one source, and remembers which refused values it logged."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._logged: dict[str, None] = {}

    def collect(self, entries: Iterable[Entry | Refused]) -> Listing:
        """The listing of these entries. Raises `UnreadableError` when they are too many.

        Of entries with the same key the first wins; later ones fill in what it lacks.
        """
        findings: dict[CodeKey, Finding] = {}
        refused: list[object] = []
        for number, entry in enumerate(entries):
            if number >= _ENTRY_LIMIT or len(findings) > CODE_LIMIT:
                raise UnreadableError(f"lists more than {CODE_LIMIT} codes: that is a fault")
            finding = _finding(entry)
            if finding is None:
                refused.append(entry.code if isinstance(entry, Entry) else entry.value)
            else:
                findings[finding.key] = _merged(findings.get(finding.key), finding)
        if len(findings) > CODE_LIMIT:
            raise UnreadableError(f"lists more than {CODE_LIMIT} codes: that is a fault")
        self._log_refused(refused)
        return Listing(tuple(findings.values()), len(refused))

    def _log_refused(self, values: Iterable[object]) -> None:
        """One line per distinct value, not more than some at once; the oldest of many are forgotten."""
        shown = dict.fromkeys(escaped(_shown(value)) for value in values)
        fresh = [value for value in shown if value not in self._logged]
        for value in fresh[:_LOGGED_AT_ONCE]:
            self._logged[value] = None
            _log.warning("code refused", source=self._source, value=value)
        for value in list(self._logged)[:-_REMEMBERED]:
            del self._logged[value]


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value
    return repr(value)[:100] if isinstance(value, int | float | None) else f"({type(value).__name__})"


def _finding(entry: Entry | Refused) -> Finding | None:
    if isinstance(entry, Refused):
        return None
    try:
        key, display = fold(entry.code), display_form(entry.code)
    except InvalidCodeError:
        return None
    if key in _PLACEHOLDERS:
        return None
    return Finding(key, display, entry.rewards, entry.expires_at, entry.listed_at)


def _merged(first: Finding | None, later: Finding) -> Finding:
    if first is None:
        return later
    return attrs.evolve(
        first,
        rewards=first.rewards or later.rewards,
        expires_at=first.expires_at or later.expires_at,
        listed_at=first.listed_at or later.listed_at,
    )

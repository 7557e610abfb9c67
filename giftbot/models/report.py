"""A code that somebody reported by hand, and what became of the report."""

from __future__ import annotations

import enum

import attrs

from giftbot.models.code import GiftCode


class ReportResult(enum.StrEnum):
    """What became of a report."""

    POSTED = "posted"
    """It goes to this server now; it was known and active."""
    POSTED_AND_HELD = "posted_and_held"
    """It goes to this server now; all others wait for the owner or a source."""
    ALREADY_SENT = "already_sent"


@attrs.frozen
class Report:
    """A report and what became of it."""

    code: GiftCode
    result: ReportResult

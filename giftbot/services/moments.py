"""Dates that people type."""

from __future__ import annotations

from datetime import UTC, datetime, time

from giftbot.errors import InvalidInputError
from giftbot.text import answers as texts


def parse_expiry(words: str) -> datetime:
    """A moment in UTC; a date alone means the end of that day. Raises `InvalidInputError`."""
    try:
        moment = datetime.fromisoformat(words.strip())
    except ValueError:
        raise InvalidInputError(texts.BAD_EXPIRY) from None
    if len(words.strip()) <= len("2026-12-31"):
        moment = datetime.combine(moment.date(), time(23, 59, 59))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

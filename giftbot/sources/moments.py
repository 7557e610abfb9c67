"""Moments as the sources write them. What cannot be read is None: an expiry is never guessed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from email.utils import parsedate_to_datetime

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)? ?([Zz]|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_DOTTED = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})(?: (\d{2}:\d{2}(?::\d{2})?))?", re.ASCII)
_UNIX = re.compile(r"\d{9,13}", re.ASCII)
_ZONE = re.compile(r"\s*\b(?:UTC|GMT)$", re.IGNORECASE)

_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Beyond these a moment is a placeholder (0, 1970, 9999), not a fact."""

_MILLIS_FROM = 100_000_000_000
"""A number from here on counts milliseconds: as seconds it would be the year 5138."""

_LAST_SECOND = time(23, 59, 59)


def parse_expiry(raw: object) -> datetime | None:
    """When something ends, aware UTC; a date without a time ends with that day (23:59:59 UTC)."""
    return _parse(raw, _LAST_SECOND)


def parse_listed(raw: object) -> datetime | None:
    """When something was listed, aware UTC; a date without a time is its first moment."""
    return _parse(raw, time())


def parse_mail_date(raw: object) -> datetime | None:
    """The moment of an RFC 5322 date, as RSS has it; without a zone it is UTC."""
    if not isinstance(raw, str) or len(raw) > 100:
        return None
    try:
        return _checked(parsedate_to_datetime(raw.strip()))
    except (TypeError, ValueError, OverflowError):
        return None


def _parse(raw: object, time_of_date: time) -> datetime | None:
    try:
        match raw:
            case bool():
                return None
            case int() | float():
                return _of_number(raw)
            case str() if len(raw) <= 100:
                return _of_text(_ZONE.sub("", raw.strip()), time_of_date)
            case _:
                return None
    except (ValueError, OverflowError, OSError):
        return None


def _of_number(number: float) -> datetime | None:
    return _checked(datetime.fromtimestamp(number / 1000 if number >= _MILLIS_FROM else number, UTC))


def _of_text(text: str, time_of_date: time) -> datetime | None:
    if _DATE.fullmatch(text):
        return _checked(datetime.combine(datetime.fromisoformat(text), time_of_date))
    if _ISO.fullmatch(text):
        return _checked(datetime.fromisoformat(text.upper().replace(",", ".").replace(" Z", "Z")))
    if dotted := _DOTTED.fullmatch(text):
        day, month, year, clock = dotted.groups()
        date = datetime.fromisoformat(f"{year}-{month}-{day}")
        return _checked(datetime.combine(date, time.fromisoformat(clock) if clock else time_of_date))
    if _UNIX.fullmatch(text):
        return _of_number(int(text))
    return None


def _checked(moment: datetime) -> datetime | None:
    """`moment` in UTC (naive means UTC) and cut to milliseconds; None when it is implausible."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if not _EARLIEST <= moment < _LATEST:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

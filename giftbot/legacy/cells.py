"""Single values as earlier bots wrote them: ids as text, codes in any casing, moments in several forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from giftbot.errors import InvalidCodeError
from giftbot.models.code import display_form
from giftbot.models.ids import CodeKey, PlayerId
from giftbot.models.legacy import Skip
from giftbot.models.player import parse_nickname

_SNOWFLAKE = re.compile(r"[0-9]{15,20}", re.ASCII)
_PLAYER = re.compile(r"[0-9]{1,20}", re.ASCII)
_OBJECT_ID = re.compile(r"[0-9a-f]{24}", re.ASCII | re.IGNORECASE)
_DIGITS = re.compile(r"[0-9]{1,10}", re.ASCII)
_LOWEST = 10**14
"""The smallest number of 15 digits."""
_HIGHEST = 2**63
_SHOWN = 200
"""Characters of a row that a report shows."""
FIXTURES = frozenset({"123456789", "987654321"})
"""Ids of tests that were shipped as data: no snowflake of Discord is so short."""


class UnusableError(ValueError):
    """A value that cannot be used; `str()` is the reason, the same for all values of this kind."""


def snowflake(value: object, what: str) -> int:
    """A Discord id, given as a number or as text. Raises `UnusableError`."""
    if type(value) is int and _LOWEST <= value < _HIGHEST:  # as nearly all of a million rows
        return value
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise UnusableError(f"no {what}")
    text = value.strip() if isinstance(value, str) else f"{min(value, _HIGHEST)}"
    if text in FIXTURES:
        raise UnusableError(f"the {what} is a test's")
    if not _SNOWFLAKE.fullmatch(text) or int(text) >= _HIGHEST:
        raise UnusableError(f"the {what} is no Discord id")
    return int(text)


def optional_snowflake(value: object) -> int | None:
    """A Discord id, or None when there is none that can be used."""
    try:
        return snowflake(value, "id")
    except UnusableError:
        return None


def code(value: object) -> tuple[CodeKey, str]:
    """A gift code's key and its display form, given in any casing. Raises `UnusableError`."""
    if not isinstance(value, str):
        raise UnusableError("no gift code")
    return _code(value)


@lru_cache(maxsize=4096)  # the same few hundred codes in every server
def _code(value: str) -> tuple[CodeKey, str]:
    if _OBJECT_ID.fullmatch(value.strip()):
        raise UnusableError("an ObjectId of MongoDB where a gift code belongs")
    try:
        display = display_form(value)
    except InvalidCodeError:
        raise UnusableError("no gift code") from None
    return CodeKey(display.upper()), display


def player_id(value: object) -> PlayerId:
    """A player's id in the game, given as text or as a number. Raises `UnusableError`."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise UnusableError("no player id")
    text = value.strip() if isinstance(value, str) else f"{min(value, _HIGHEST)}"
    if not _PLAYER.fullmatch(text):
        raise UnusableError("no player id")
    return PlayerId(text)


def nickname(value: object) -> str | None:
    """A player's name; some rows hold a dictionary that has it."""
    if isinstance(value, dict):
        value = value.get("nickname")
    return parse_nickname(value) if isinstance(value, str) else None


def moment(value: object, zone: tzinfo | None = UTC) -> datetime | None:
    """A moment given as a date, as text in one of three forms, or not at all.

    One that names no zone is in `zone` (None: this machine's own). One that cannot be read is None: what happened
    counts all the same.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    if value.tzinfo is None and zone is UTC:
        return value.replace(microsecond=value.microsecond // 1000 * 1000, tzinfo=UTC)
    try:
        if value.tzinfo is None:
            value = value.replace(tzinfo=zone) if zone is not None else value.astimezone()
        value = value.astimezone(UTC)
    except (OverflowError, OSError, ValueError):
        return None
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def whole(value: object) -> int | None:
    """A number from 0 to ten digits, given as one or as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = value.strip() if isinstance(value, str) else f"{min(value, _HIGHEST)}"
    return int(text) if _DIGITS.fullmatch(text) else None


def skip(where: str, reason: str, raw: object = None) -> Skip:
    """A row that is not taken over, with what stands there."""
    return Skip(shown(where), reason, "" if raw is None else shown(repr(raw)))


def shown(text: str) -> str:
    """`text` cut, and without what a terminal would obey."""
    text = text[:_SHOWN]
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")[:_SHOWN]

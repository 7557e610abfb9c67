"""Gift codes from a JSON API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar, TypeVar

from giftbot.sources.documents import parse_json
from giftbot.sources.http import Fetched
from giftbot.sources.listing import Entry, Refused
from giftbot.sources.moments import parse_expiry, parse_listed
from giftbot.sources.polled import PolledSource
from giftbot.web.faults import UnreadableError
from giftbot.web.plain import plain_text

_REWARDS = ("rewards", "reward", "rewardText", "description")
_EXPIRY = ("expiry", "expires", "expiresAt", "expiration", "expirationDate")
_LISTED = ("dateAdded", "createdAt")

_T = TypeVar("_T")


class JsonApiSource(PolledSource):
    """The API of wostools.net: `{"success", "codes": [{"code", "status", "rewards", "expiry", "dateAdded", ...}]}`.

    Also that of kingshot.net: `{"data": {"giftCodes": [{"code", "expiresAt"}]}}`. Only entries whose status is
    `active`, or that have none, are listed.
    """

    source_name: ClassVar[str] = "json"
    accept: ClassVar[str] = "application/json"

    @staticmethod
    def parse(fetched: Fetched) -> Iterator[Entry | Refused]:
        """The active entries. Raises `UnreadableError` when the document has no list of codes."""
        entries = _entries(parse_json(fetched))
        if entries and not any(isinstance(entry, dict) and "code" in entry for entry in entries):
            raise UnreadableError("lists things that have no “code”: its format may have changed")
        return (_entry(entry) for entry in entries if _is_active(entry))


def _entries(document: object) -> list[object]:
    match document:
        case {"success": False}:
            raise UnreadableError("says that the request failed")
        case {"codes": list(entries)} | {"data": {"giftCodes": list(entries)}}:
            return entries
        case _:
            raise UnreadableError("has no list of codes: its format may have changed")


def _is_active(entry: object) -> bool:
    status = entry.get("status") if isinstance(entry, dict) else None
    return status is None or (isinstance(status, str) and status.strip().casefold() == "active")


def _entry(entry: object) -> Entry | Refused:
    if not isinstance(entry, dict) or "code" not in entry:
        return Refused(entry)
    code = entry["code"]
    if not isinstance(code, str):
        return Refused(code)
    return Entry(
        code=code,
        rewards=_first(entry, _REWARDS, _rewards),
        expires_at=_first(entry, _EXPIRY, parse_expiry),
        listed_at=_first(entry, _LISTED, parse_listed),
    )


def _first(
    entry: Mapping[object, object], names: tuple[str, ...], parse: Callable[[object], _T | None]
) -> _T | None:
    """The first of these fields that says something."""
    return next((value for name in names if (value := parse(entry.get(name))) is not None), None)


def _rewards(value: object) -> str | None:
    if isinstance(value, list):
        return plain_text(", ".join(part for part in value[:50] if isinstance(part, str)))
    return plain_text(value)

"""Which values the rows of a copy may have: a copy is a file, and anybody may have written it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import attrs

LARGEST_ID = 2**63 - 1
"""Of Discord's ids, and of whatever a table takes as a number."""
LARGEST_COUNT = 2**31
FIRST = datetime(2015, 1, 1, tzinfo=UTC)
"""Before Discord."""
AHEAD = timedelta(days=1)
"""So much may another machine's clock be ahead."""
LONGEST_LIFE = timedelta(days=3650)
"""So long may an invite still be good for."""

_FIRST = FIRST.isoformat()
_NUMBERS_OF_INVITE = (
    ("uses", LARGEST_COUNT),
    ("max_uses", LARGEST_COUNT),
    ("inviter_id", LARGEST_ID),
    ("channel_id", LARGEST_ID),
)
_IDS = frozenset({"by", "decided_by", "told_staff"})
_SEQS = frozenset({"last_seq", "made"})
_UNLIMITED = (str, bool, type(None))


class Bounds:
    """The limits at one moment."""

    def __init__(self, now: datetime | None = None) -> None:
        """Take the moment; None for this machine's, as whoever reads a file has no other clock."""
        now = datetime.now(UTC) if now is None else now
        self._latest = now + AHEAD
        self._latest_end = now + LONGEST_LIFE
        self._ends_of_moments = (
            ("created_at", self._latest.isoformat()),
            ("expires_at", self._latest_end.isoformat()),
        )
        self._latest_seq = int(self._latest.timestamp() * 1_000_000) * 1024

    def has_moment(self, moment: datetime) -> bool:
        """Whether something can have happened then."""
        return FIRST <= moment <= self._latest

    def odd_field(self, value: attrs.AttrsInstance) -> str | None:
        """The name of the first field, at any depth, whose value cannot be; None when there is none."""
        for field in attrs.fields(type(value)):
            one = getattr(value, field.name)
            if not isinstance(one, _UNLIMITED):
                odd = self._odd(field.name, one)
                if odd is not None:
                    return odd
        return None

    def _odd(self, name: str, value: object) -> str | None:
        if attrs.has(type(value)):
            return self.odd_field(cast("attrs.AttrsInstance", value))
        if isinstance(value, Collection) and not isinstance(value, str):
            items = value.values() if isinstance(value, Mapping) else value
            return next((odd for one in items if (odd := self._odd(name, one)) is not None), None)
        return None if self._can_be(name, value) else name

    def _can_be(self, name: str, value: object) -> bool:
        if isinstance(value, _UNLIMITED):
            return True
        if isinstance(value, int):
            return 0 <= value <= self._largest(name)
        if isinstance(value, datetime):
            return FIRST <= value <= (self._latest_end if name == "expires_at" else self._latest)
        return isinstance(value, float) and 0 <= value <= 1

    def _largest(self, name: str) -> int:
        if name in _IDS or name.endswith(("_id", "_ids")):
            return LARGEST_ID
        return self._latest_seq if name in _SEQS else LARGEST_COUNT

    def odd_invite(self, document: Mapping[str, object]) -> str | None:
        """The same for the dict of an invite, whose fields have the types that they should have."""
        for name, largest in _NUMBERS_OF_INVITE:
            number = document.get(name)
            if number is not None and not 0 <= cast("int", number) <= largest:
                return name
        for name, latest in self._ends_of_moments:
            text = document.get(name)
            if text is not None and not _FIRST <= cast("str", text) <= latest:
                return name
        roles = document.get("role_ids")
        return self._odd("role_ids", roles) if roles else None


def fits(value: object) -> bool:
    """Whether every number in what JSON has is one that tables take."""
    if isinstance(value, int):
        return -LARGEST_ID <= value <= LARGEST_ID
    if isinstance(value, Mapping):
        return all(map(fits, value.values()))
    return not isinstance(value, list) or all(map(fits, value))

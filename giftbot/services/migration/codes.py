"""Codes that earlier bots knew: what they are called, and since when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeAlias

import attrs

from giftbot.errors import StoreError
from giftbot.models.code import TAKEN_OVER, CodeStatus, GiftCode, Sighting
from giftbot.models.ids import CodeKey
from giftbot.models.legacy import Grant, KnownCode, SentCode
from giftbot.services.ports import Clock, CodeStore

_TRIES = 5

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""The moment of a row that has none."""
Named: TypeAlias = KnownCode | SentCode | Grant
"""Whatever names a code, and a moment at which it was known."""


class KnownCodes:
    """Collects codes while a source is read, and stores each once in the end.

    A code that is taken over counts as over until a trusted source lists it: then it is announced where it was not
    posted, in the same epoch. So whatever an earlier bot ever knew neither floods a server nor asks the game.
    """

    def __init__(self, *, store: CodeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[CodeKey, KnownCode] = {}

    def note(self, codes: Iterable[Named]) -> None:
        """Keep what is said of codes. Most of a million rows say nothing new: that is seen without a new value."""
        for code in codes:
            before = self._known.get(code.key)
            if before is None:
                self._known[code.key] = KnownCode(code.key, code.display, code.at)
            elif code.display != before.display or (code.at is not None and code.at != before.at):
                at = _earliest(before.at, code.at)
                self._known[code.key] = KnownCode(code.key, preferred(before.display, code.display), at)

    async def flush(self) -> int:
        """Store what was collected; how many codes changed."""
        codes, self._known = list(self._known.values()), {}
        now = self._clock.now()
        inserted = await self._store.insert_codes([_stored(code, now) for code in codes])
        changed = len(inserted)
        for code in codes:
            if code.key not in inserted:
                changed += await self._merge(code)
        return changed

    async def _merge(self, code: KnownCode) -> bool:
        """Add to a code that is there; whether that changed it. What a source said of it since counts more.

        Raises `StoreError` when somebody else changes it over and over.
        """
        for _ in range(_TRIES):
            stored = (await self._store.get_codes([code.key])).get(code.key)
            if stored is None or stored.sources.keys() - {TAKEN_OVER}:
                return False  # a row that nobody can read stays as it is
            is_earlier = not stored.sources  # in our own database, as the earlier bot wrote it
            over = CodeStatus.EXPIRED if is_earlier and stored.status is CodeStatus.ACTIVE else stored.status
            known = [moment for moment in (stored.created_at, code.at) if moment is not None and moment > EPOCH]
            seen = min(known, default=self._clock.now())
            merged = attrs.evolve(
                stored,
                display=preferred(stored.display, code.display),
                status=over,
                created_at=seen,
                sources={TAKEN_OVER: Sighting(seen, seen)},
            )
            if merged == stored:
                return False
            if await self._store.replace_code(merged):
                return True
        raise StoreError(f"{code.key} is being changed by somebody else over and over. Run the migration again.")


def preferred(one: str, other: str) -> str:
    """The casing to keep of the same code: one with small letters, for only that tells something."""
    return min(one, other, key=lambda display: (display == display.upper(), display))


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _stored(code: KnownCode, now: datetime) -> GiftCode:
    at = code.at or now
    return GiftCode(
        key=code.key,
        display=code.display,
        status=CodeStatus.EXPIRED,
        created_at=at,
        updated_at=at,
        sources={TAKEN_OVER: Sighting(at, at)},
    )

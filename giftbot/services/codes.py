"""Which gift codes there are, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered
from giftbot.models.ids import CodeKey
from giftbot.models.source import Listing, Trust
from giftbot.services.ports import Clock, CodeStore

_log = structlog.get_logger(__name__)

RETURN_AFTER = timedelta(hours=24)
"""A code that is freshly listed this long after it was over counts as valid again."""
ABSENT_FOR = timedelta(hours=24)
"""A code that every healthy source has left out for so long is over."""
_TRIES = 5


@attrs.frozen
class Observation:
    """A new listing of one source, as detection judged it."""

    source: str
    trust: Trust
    listing: Listing
    hold: bool = False
    """Whether its new codes wait for the owner, because the listing looks wrong."""


@attrs.frozen
class Merged:
    """What observations changed."""

    new: tuple[GiftCode, ...] = ()
    """Codes to announce now: found for the first time, confirmed, or valid again."""
    held: tuple[GiftCode, ...] = ()
    """Codes found that wait for a decision."""
    disputed: tuple[GiftCode, ...] = ()
    """Codes that the owner discarded, and that a trusted source lists now."""


class Codes:
    """Merges what sources say by key, with provenance, and decides on each code's status."""

    def __init__(self, *, store: CodeStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.recent: tuple[GiftCode, ...] = ()
        """Active codes as of the last look, newest first; for suggestions that must come at once."""

    async def merge(self, observations: Sequence[Observation]) -> Merged:
        """Take in new listings, trusted ones first; which codes are to be announced, and which are held.

        Raises `StoreError` when others change the same codes over and over.
        """
        merged = Merged()
        for _ in range(_TRIES):
            part, is_whole = await self._merge(observations)
            merged = Merged(
                new=merged.new + part.new, held=merged.held + part.held, disputed=merged.disputed + part.disputed
            )
            if is_whole:
                return merged
        raise StoreError("Codes are being changed by somebody else over and over.")

    async def _merge(self, observations: Sequence[Observation]) -> tuple[Merged, bool]:
        """One try; the second value is whether all of it was stored."""
        known = {code.key: code for code in await self._store.list_codes(tuple(CodeStatus))}
        now = self._clock.now()
        after: dict[CodeKey, GiftCode] = dict(known)
        for seen in sorted(observations, key=lambda seen: (seen.hold, seen.trust is Trust.HINT)):
            for finding in seen.listing.findings:
                after[finding.key] = _with_finding(after.get(finding.key), seen, finding, now)
            for key in after.keys() - seen.listing.keys:
                if not seen.hold:
                    after[key] = after[key].missing(seen.source, now)
        return await self._save(known, after)

    async def _save(
        self,
        known: Mapping[CodeKey, GiftCode],
        after: Mapping[CodeKey, GiftCode],
    ) -> tuple[Merged, bool]:
        fresh = [code for key, code in after.items() if key not in known]
        inserted = await self._store.insert_codes(fresh) if fresh else set()
        changed = [code for key, code in after.items() if key in known and code != known[key]]
        lost = len(inserted) < len(fresh)
        stored = [code for code in fresh if code.key in inserted]
        for code in changed:
            if await self._store.replace_code(code):
                stored.append(attrs.evolve(code, revision=code.revision + 1))
            else:
                lost = True
        merged = Merged(
            new=tuple(code for code in stored if code.fan_out and not _had_fan_out(known.get(code.key), code)),
            held=tuple(code for code in stored if code.status is CodeStatus.HELD and code.key not in known),
            disputed=tuple(
                code
                for code in stored
                if code.status is CodeStatus.INVALID and code.is_confirmed and not known[code.key].is_confirmed
            ),
        )
        return merged, not lost

    async def expire(self, healthy: Collection[str], asked: Collection[str]) -> list[GiftCode]:
        """End the codes that are over by their date, or that every source left out for 24 h while it was healthy.

        `asked` are all sources that are asked at present, `healthy` those of them that answer well.
        """
        now = self._clock.now()
        current = await self._store.list_codes((CodeStatus.ACTIVE, CodeStatus.HELD))
        over = [code for code in current if code.is_over(now) or _is_abandoned(code, healthy, asked, now)]
        ended = [code.expired(now) for code in over]
        for code in ended:
            if await self._store.replace_code(code):
                _log.info("code expired", code=code.key)
        ended_keys = {code.key for code in ended}
        self.recent = tuple(
            code for code in reversed(current) if code.key not in ended_keys and code.status is CodeStatus.ACTIVE
        )
        return ended

    async def active(self) -> list[GiftCode]:
        """The codes that can be used now, as far as is known, newest first."""
        now = self._clock.now()
        codes = await self._store.list_codes((CodeStatus.ACTIVE,))
        return [code for code in reversed(codes) if not code.is_over(now)]

    async def get(self, keys: Collection[CodeKey]) -> dict[CodeKey, GiftCode]:
        """Those of the codes that exist."""
        return await self._store.get_codes(keys)

    async def list_codes(self, statuses: Collection[CodeStatus]) -> list[GiftCode]:
        """All codes in these states, oldest first."""
        return await self._store.list_codes(statuses)

    async def release(self, keys: Collection[CodeKey]) -> list[GiftCode]:
        """Let codes be announced everywhere that were held, or discarded before; those that will be."""
        return await self._decide(keys, _released)

    async def discard(self, keys: Collection[CodeKey]) -> list[GiftCode]:
        """Refuse held codes for good; those that were held."""
        return await self._decide(keys, _discarded)

    async def end(self, key: CodeKey, *, is_known: bool) -> bool:
        """Note that the game gives a code no more, or (`is_known` false) never knew it; whether that was news."""
        ending = _ended if is_known else _refused
        return bool(await self._decide([key], ending))

    async def insert_held(self, code: GiftCode) -> bool:
        """Store a code that waits for a decision; False when it is known already."""
        return bool(await self._store.insert_codes([code]))

    async def _decide(
        self, keys: Collection[CodeKey], decide: Callable[[GiftCode, datetime], GiftCode | None]
    ) -> list[GiftCode]:
        decided = []
        for key in keys:
            for _ in range(_TRIES):
                code = (await self._store.get_codes([key])).get(key)
                changed = decide(code, self._clock.now()) if code is not None else None
                if changed is None:
                    break
                if await self._store.replace_code(changed):
                    decided.append(attrs.evolve(changed, revision=changed.revision + 1))
                    break
            else:
                raise StoreError(f"{key} is being changed by somebody else over and over. Try again.")
        return decided


def _released(code: GiftCode, now: datetime) -> GiftCode | None:
    if code.status is CodeStatus.HELD:
        return code.released(now)
    return code.returned(now) if code.status is CodeStatus.INVALID else None


def _discarded(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.discarded(now) if code.status is CodeStatus.HELD else None


def _ended(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.expired(now) if code.status in (CodeStatus.ACTIVE, CodeStatus.HELD) else None


def _refused(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.discarded(now) if code.status in (CodeStatus.ACTIVE, CodeStatus.HELD) else None


def _with_finding(code: GiftCode | None, seen: Observation, finding: Finding, now: datetime) -> GiftCode:
    """One code after one source listed it; unchanged when that says nothing new."""
    trusted = seen.trust is Trust.TRUSTED and not seen.hold
    if code is None:
        created = discovered(seen.source, finding, CodeStatus.ACTIVE if trusted else CodeStatus.HELD, now)
        return created.expired(now) if created.is_over(now) else created
    if seen.hold:
        return code
    sighting = code.sources.get(seen.source)
    freshly_listed = sighting is None or sighting.absent_since is not None
    tells_more = (finding.rewards and not code.rewards) or (finding.expires_at and not code.expires_at)
    if not trusted:
        return code.seen(seen.source, finding, now) if freshly_listed or tells_more else code
    if not code.is_confirmed:
        return _settled(code.confirmed(seen.source, finding, now), now)
    changed = code.seen(seen.source, finding, now) if freshly_listed or tells_more else code
    changed = changed.prolonged(finding, now)
    is_back = code.expired_at is not None and now - code.expired_at >= RETURN_AFTER and freshly_listed
    if code.status is CodeStatus.EXPIRED and is_back:
        back = attrs.evolve(changed.returned(now), expires_at=finding.expires_at)
        return changed if back.is_over(now) else back
    was_prolonged = changed.expires_at != code.expires_at
    return _settled(changed, now) if code.status is CodeStatus.HELD or was_prolonged else changed


def _settled(code: GiftCode, now: datetime) -> GiftCode:
    """A code that a trusted source vouches for: active unless its time is over, or the owner refused it."""
    if code.status is CodeStatus.INVALID:
        return code
    if code.expires_at is not None and code.expires_at <= now:
        return code if code.status is CodeStatus.EXPIRED else code.expired(now)
    return code if code.status is CodeStatus.ACTIVE else code.released(now)


def _is_abandoned(code: GiftCode, healthy: Collection[str], asked: Collection[str], now: datetime) -> bool:
    """Whether every source that is asked and ever listed it is healthy, and has left it out long enough."""
    views = [(source in healthy, sighting) for source, sighting in code.sources.items() if source in asked]
    return bool(views) and all(
        is_healthy and view.absent_since is not None and now - view.absent_since >= ABSENT_FOR
        for is_healthy, view in views
    )


def _had_fan_out(before: GiftCode | None, after: GiftCode) -> bool:
    return before is not None and before.fan_out and before.epoch == after.epoch

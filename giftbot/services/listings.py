"""What one listing of one source says of one code: the transitions that follow from it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import attrs

from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered
from giftbot.models.source import Listing, Trust

RETURN_AFTER = timedelta(hours=24)
"""A code that is freshly listed this long after it was over counts as valid again."""
ABSENT_FOR = timedelta(hours=24)
"""A code that every healthy source has left out for so long is over."""


@attrs.frozen
class Observation:
    """A new listing of one source, as detection judged it."""

    source: str
    trust: Trust
    listing: Listing
    hold: bool = False
    """Whether its new codes wait for the owner, because the listing looks wrong."""


def with_finding(
    code: GiftCode | None, seen: Observation, finding: Finding, now: datetime, *, verify: bool
) -> GiftCode:
    """One code after one source listed it; unchanged when that says nothing new.

    `verify` is whether the game is asked about a code before it is announced: until then it is held.
    """
    trusted = seen.trust is Trust.TRUSTED and not seen.hold
    if code is None:
        status = CodeStatus.ACTIVE if trusted and not verify else CodeStatus.HELD
        created = discovered(seen.source, finding, status, now, is_doubted=seen.hold)
        return created.expired(now) if created.is_over(now) else created
    if seen.hold:
        return code
    sighting = code.sources.get(seen.source)
    freshly_listed = sighting is None or sighting.absent_since is not None
    tells_more = (finding.rewards and not code.rewards) or (finding.expires_at and not code.expires_at)
    if not trusted:
        return code.seen(seen.source, finding, now) if freshly_listed or tells_more else code
    if not code.is_confirmed:
        return _settled(code.confirmed(seen.source, finding, now), now, verify=verify)
    changed = code.seen(seen.source, finding, now) if freshly_listed or tells_more else code
    changed = changed.prolonged(finding, now)
    is_back = code.expired_at is not None and now - code.expired_at >= RETURN_AFTER and freshly_listed
    if code.status is CodeStatus.EXPIRED and is_back:
        return _returned(changed, finding.expires_at, now, verify=verify)
    was_prolonged = changed.expires_at != code.expires_at
    return _settled(changed, now, verify=verify) if code.status is CodeStatus.HELD or was_prolonged else changed


def _settled(code: GiftCode, now: datetime, *, verify: bool) -> GiftCode:
    """A code that a trusted source vouches for: active, unless its time is over or the owner refused it.

    Where the game is asked first, it is held until then.
    """
    if code.status is CodeStatus.INVALID:
        return code
    if code.expires_at is not None and code.expires_at <= now:
        return code if code.status is CodeStatus.EXPIRED else code.expired(now)
    if code.status is CodeStatus.ACTIVE:
        return code
    if not verify or (code.status is CodeStatus.HELD and code.verified_at is not None):
        return code.released(now)
    return code if code.status is CodeStatus.HELD else code.held_back(now)


def _returned(code: GiftCode, expires_at: datetime | None, now: datetime, *, verify: bool) -> GiftCode:
    """A code that is listed anew long after it was over; as it is, when the listing's own date says so, too."""
    back = attrs.evolve(code.returned(now), expires_at=expires_at)
    if back.is_over(now):
        return code
    return back.held_back(now) if verify else back


def is_abandoned(code: GiftCode, healthy: Collection[str], asked: Collection[str], now: datetime) -> bool:
    """Whether every source that is asked and ever listed it is healthy, and has left it out long enough."""
    views = [(source in healthy, sighting) for source, sighting in code.sources.items() if source in asked]
    return bool(views) and all(
        is_healthy and view.absent_since is not None and now - view.absent_since >= ABSENT_FOR
        for is_healthy, view in views
    )

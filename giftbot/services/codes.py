"""Which gift codes there are, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.models.code import MANUAL, CodeStatus, Finding, GiftCode, discovered
from giftbot.models.ids import CodeKey
from giftbot.models.source import Trust
from giftbot.services.listings import Observation, is_abandoned, with_finding
from giftbot.services.ports import Clock, CodeStore
from giftbot.services.signal import Signal

_log = structlog.get_logger(__name__)

_TRIES = 5


@attrs.frozen
class Merged:
    """What observations changed."""

    new: tuple[GiftCode, ...] = ()
    """Codes to announce now: found for the first time, confirmed, or valid again."""
    held: tuple[GiftCode, ...] = ()
    """Codes found that wait for a decision."""
    unverified: tuple[GiftCode, ...] = ()
    """Codes found that the game is asked about before anything else."""
    disputed: tuple[GiftCode, ...] = ()
    """Codes that the owner discarded, and that a trusted source lists now."""


class Codes:
    """Merges what sources say by key, with provenance, and decides on each code's status."""

    def __init__(self, *, store: CodeStore, clock: Clock, verify: bool = False) -> None:
        """Take `verify`, whether the game is asked about each code before it is announced."""
        self._store = store
        self._clock = clock
        self._verify = verify
        self.recent: tuple[GiftCode, ...] = ()
        """Active codes as of the last look, newest first; for suggestions that must come at once."""
        self.to_verify = Signal()
        """Called when a code came that the game is to be asked about."""

    async def merge(self, observations: Sequence[Observation]) -> Merged:
        """Take in new listings, trusted ones first; which codes are to be announced, and which are held.

        Raises `StoreError` when others change the same codes over and over.
        """
        merged = Merged()
        for _ in range(_TRIES):
            part, is_whole = await self._merge(observations)
            merged = Merged(
                new=merged.new + part.new,
                held=merged.held + part.held,
                unverified=merged.unverified + part.unverified,
                disputed=merged.disputed + part.disputed,
            )
            if is_whole:
                if merged.unverified:
                    self.to_verify.set()
                return merged
        raise StoreError("Codes are being changed by somebody else over and over.")

    async def _merge(self, observations: Sequence[Observation]) -> tuple[Merged, bool]:
        """One try; the second value is whether all of it was stored."""
        known = {code.key: code for code in await self._store.list_codes(tuple(CodeStatus))}
        now = self._clock.now()
        after: dict[CodeKey, GiftCode] = dict(known)
        for seen in sorted(observations, key=lambda seen: (seen.hold, seen.trust is Trust.HINT)):
            for finding in seen.listing.findings:
                after[finding.key] = with_finding(after.get(finding.key), seen, finding, now, verify=self._verify)
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
        held = [code for code in stored if code.status is CodeStatus.HELD and not _was_held(known.get(code.key))]
        merged = Merged(
            new=tuple(code for code in stored if code.fan_out and not _had_fan_out(known.get(code.key), code)),
            held=tuple(code for code in held if code.is_doubted or not self._verify),
            unverified=tuple(code for code in held if self._verify and not code.is_doubted),
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
        over = [code for code in current if code.is_over(now) or is_abandoned(code, healthy, asked, now)]
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
        is_new = bool(await self._store.insert_codes([code]))
        if is_new:
            self.to_verify.set()
        return is_new

    async def affirm(self, finding: Finding) -> GiftCode | None:
        """Announce a code everywhere on the owner's word, a new one or one that was held; None for any other."""
        code = self.affirmed(finding)
        if await self._store.insert_codes([code]):
            return code
        decided = await self._decide([finding.key], lambda held, now: _affirmed(held, finding, now))
        return decided[0] if decided else None

    def affirmed(self, finding: Finding) -> GiftCode:
        """The code that a finding of the owner's makes."""
        return discovered(MANUAL, finding, CodeStatus.ACTIVE, self._clock.now())

    async def renew(self, key: CodeKey) -> list[GiftCode]:
        """Begin a new epoch of a code that was announced before: it is announced once more, everywhere."""
        return await self._decide([key], _renewed)

    async def unverified(self) -> list[GiftCode]:
        """Held codes that the game was not asked about, or did not know what to say of; oldest first."""
        now = self._clock.now()
        held = await self._store.list_codes((CodeStatus.HELD,))
        return [code for code in held if code.verified_at is None and not code.is_over(now)]

    async def awaiting_game(self) -> list[GiftCode]:
        """Codes that are announced once the game says that it knows them; none unless it is asked about codes."""
        return [code for code in await self.unverified() if not code.is_doubted] if self._verify else []

    async def verify(self, key: CodeKey) -> list[GiftCode]:
        """Note that the game knows a held code, and announce it everywhere; which will be.

        One from a listing that looked wrong waits for the owner all the same.
        """
        return [code for code in await self._decide([key], _verified) if code.status is CodeStatus.ACTIVE]

    async def vouch(self, keys: Collection[CodeKey]) -> list[GiftCode]:
        """Announce held codes on the word of the trusted sources that list them; which will be."""
        return await self._decide(keys, _vouched)

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


def _verified(code: GiftCode, now: datetime) -> GiftCode | None:
    if code.status is not CodeStatus.HELD:
        return None
    return attrs.evolve(code if code.is_doubted else code.released(now), verified_at=now, updated_at=now)


def _vouched(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.released(now) if code.status is CodeStatus.HELD and code.is_vouched else None


def _affirmed(code: GiftCode, finding: Finding, now: datetime) -> GiftCode | None:
    if code.status is not CodeStatus.HELD:
        return None
    told = attrs.evolve(
        code.seen(MANUAL, finding, now),
        rewards=finding.rewards or code.rewards,
        expires_at=finding.expires_at or code.expires_at,
    )
    return told.released(now)


def _renewed(code: GiftCode, now: datetime) -> GiftCode | None:
    if code.status is CodeStatus.HELD:
        return None
    if code.is_over(now):
        return code.returned(now)
    return attrs.evolve(code, epoch=code.epoch + 1, fan_out=True, updated_at=now)


def _discarded(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.discarded(now) if code.status is CodeStatus.HELD else None


def _ended(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.expired(now) if code.status in (CodeStatus.ACTIVE, CodeStatus.HELD) else None


def _refused(code: GiftCode, now: datetime) -> GiftCode | None:
    return code.discarded(now) if code.status in (CodeStatus.ACTIVE, CodeStatus.HELD) else None


def _was_held(before: GiftCode | None) -> bool:
    return before is not None and before.status is CodeStatus.HELD


def _had_fan_out(before: GiftCode | None, after: GiftCode) -> bool:
    return before is not None and before.fan_out and before.epoch == after.epoch

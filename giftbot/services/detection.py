"""Finding new codes: all sources are asked together, and what has not changed costs nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta

import attrs
import structlog

from giftbot.errors import SourceError
from giftbot.logs import new_reference
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.notice import NoticeKind
from giftbot.models.source import Listing, SourceHealth, SourceState
from giftbot.services.codes import Codes, Merged
from giftbot.services.listings import Observation
from giftbot.services.notices import Notices, subject_of
from giftbot.services.ports import Clock, Source
from giftbot.text import notices as texts

_log = structlog.get_logger(__name__)

TELL_AFTER = 3
"""Failures in a row before the owner is told of a source."""
LONGEST_PAUSE = 600.0
"""Seconds; a failing source is asked ever more rarely, down to this."""
SUDDEN = 10
"""A listing that brings more than this many new codes, and this many times what was known, is suspect."""


@attrs.frozen
class CheckResult:
    """What one check of the sources gave."""

    asked: int
    failed: int
    found: int
    """Codes that the sources list at present."""
    new: tuple[GiftCode, ...]
    held: tuple[GiftCode, ...]
    unverified: tuple[GiftCode, ...] = ()
    """Codes that are announced once the game says that it knows them."""


class Detection:
    """Asks the sources and passes on what changed. One process runs it."""

    def __init__(
        self, sources: Sequence[Source], *, codes: Codes, notices: Notices, clock: Clock, interval: float
    ) -> None:
        """Take `interval`, the seconds between two checks; failing sources pause for multiples of it."""
        self._sources = sources
        self._codes = codes
        self._notices = notices
        self._clock = clock
        self._interval = interval
        self._health = {
            source.name: SourceHealth(name=source.name, trust=source.trust, url=source.url) for source in sources
        }
        self._latest: dict[str, Listing] = {}
        """Each source's last listing; it answers with one only once."""
        self._accepted: dict[str, Listing] = {}
        """Each source's last listing that was merged; behind `_latest` while one is held, or the store is away."""
        self._held: dict[str, Listing] = {}
        """Each source's last listing whose codes were merged as held."""
        self._one_at_a_time = asyncio.Lock()

    @property
    def health(self) -> list[SourceHealth]:
        """How each source fares."""
        return list(self._health.values())

    @property
    def asked(self) -> frozenset[str]:
        """The names of all sources."""
        return frozenset(self._health)

    @property
    def healthy(self) -> frozenset[str]:
        """The sources whose last answer was fine."""
        return frozenset(name for name, health in self._health.items() if health.state is SourceState.OK)

    async def check(self) -> CheckResult:
        """Ask every source that is due, and take in what changed. One that fails is due ever more rarely.

        With nothing new there is no store operation at all, whatever the number of servers.
        """
        async with self._one_at_a_time:
            now = self._clock.now()
            due = [
                source
                for source in self._sources
                if (pause := self._health[source.name].next_ask_at) is None or pause <= now
            ]
            answers = await asyncio.gather(*map(self._ask, due))
            changed = [observation for observation in answers if observation is not None]
            merged = await self._codes.merge(changed) if changed else Merged()
            for seen in changed:
                (self._held if seen.hold else self._accepted)[seen.source] = seen.listing
        await self._report(merged)
        return self._result(due, merged)

    async def _ask(self, source: Source) -> Observation | None:
        """One source's new listing; None when it has nothing new, or failed."""
        health = attrs.evolve(self._health[source.name], last_asked_at=self._clock.now())
        try:
            listing = await source.fetch()
        except SourceError as error:
            await self._failed(health, SourceState.FAILING, str(error), error.retry_after)
            return None
        except Exception:
            reference = new_reference()
            _log.exception("source broke", source=source.name, ref=reference)
            await self._failed(health, SourceState.FAILING, f"an error in the bot itself, see {reference}", None)
            return None
        if listing is not None:
            self._latest[source.name] = listing
        latest = self._latest.get(source.name)
        if latest is None:
            await self._well(health, health.codes)
            return None
        return await self._judge(source, health, latest)

    async def _judge(self, source: Source, health: SourceHealth, listing: Listing) -> Observation | None:
        """Take a listing as it is, or hold it because it looks wrong; None when it was merged already."""
        if _says_the_same(self._accepted.get(source.name), listing):
            await self._well(health, len(listing.findings))
            return None
        problem = _suspicion(source.name, listing, await self._codes.list_codes(tuple(CodeStatus)))
        if problem is None:
            await self._well(health, len(listing.findings))
            return Observation(source.name, source.trust, listing)
        await self._failed(health, SourceState.SUSPECT, problem, None)
        if not listing.findings or _says_the_same(self._held.get(source.name), listing):
            return None
        return Observation(source.name, source.trust, listing, hold=True)

    async def _well(self, health: SourceHealth, codes: int) -> None:
        if health.failures or health.state is SourceState.UNASKED:
            _log.info("source is well", source=health.name, codes=codes)
            await self._notices.forget(NoticeKind.SOURCE, health.name)
        self._health[health.name] = attrs.evolve(
            health,
            state=SourceState.OK,
            codes=codes,
            last_ok_at=health.last_asked_at,
            failures=0,
            problem=None,
            next_ask_at=None,
        )

    async def _failed(
        self, health: SourceHealth, state: SourceState, problem: str, retry_after: float | None
    ) -> None:
        failures = health.failures + 1
        pause = min(self._interval * 2.0 ** min(failures - 1, 16), LONGEST_PAUSE) * random.uniform(0.9, 1.0)
        pause = max(pause, retry_after or 0.0)
        self._health[health.name] = attrs.evolve(
            health,
            state=state,
            failures=failures,
            problem=problem,
            next_ask_at=self._clock.now() + timedelta(seconds=pause),
        )
        _log.warning("fetch failed", source=health.name, why=problem, failures=failures, again_in=round(pause, 1))
        if failures >= TELL_AFTER or state is SourceState.SUSPECT:
            await self._notices.tell(NoticeKind.SOURCE, health.name, texts.source_notice(health.name, problem))

    async def _report(self, merged: Merged) -> None:
        for code in merged.disputed:
            await self._notices.tell(
                NoticeKind.HELD_CODES,
                subject_of([code.key, "disputed"]),
                texts.disputed_notice(code),
                codes=[code.key],
            )
        if merged.held:
            keys = [code.key for code in merged.held]
            await self._notices.tell(
                NoticeKind.HELD_CODES, subject_of(keys), texts.held_notice(merged.held), codes=keys
            )

    def _result(self, asked: Sequence[Source], merged: Merged) -> CheckResult:
        found = {key for listing in self._accepted.values() for key in listing.keys}
        failed = sum(self._health[source.name].failures > 0 for source in asked)
        if merged.new or merged.held or merged.unverified:
            if failed:
                troubled = [source.name for source in asked if self._health[source.name].failures]
                _log.info("fallback used", failing=troubled)
            _log.info(
                "check done",
                found=len(found),
                new=[code.key for code in merged.new],
                held=[code.key for code in merged.held],
                unverified=[code.key for code in merged.unverified],
            )
        else:
            _log.debug("no new codes", asked=len(asked), failed=failed, found=len(found))
        return CheckResult(len(asked), failed, len(found), merged.new, merged.held, merged.unverified)


def _says_the_same(known: Listing | None, listing: Listing) -> bool:
    return known is listing or (known is not None and known.content == listing.content)


def _suspicion(source: str, listing: Listing, stored: Sequence[GiftCode]) -> str | None:
    """What looks wrong about a listing, as a sentence; None when nothing does."""
    accepted = [code for code in stored if code.status is not CodeStatus.HELD or code.is_vouched]
    listed = [code for code in accepted if (sighting := code.sources.get(source)) and sighting.absent_since is None]
    unknown = listing.keys - {code.key for code in accepted}
    active, before = sum(code.status is CodeStatus.ACTIVE for code in listed), len(listed)
    if active and not listing.findings:
        return f"it listed {active} active codes before and suddenly lists none"
    if before and len(unknown) > SUDDEN and len(listing.findings) >= SUDDEN * before:
        count = len(listing.findings)
        return f"it suddenly lists {count} codes, {len(unknown)} of them new; before, it listed {before}"
    return None

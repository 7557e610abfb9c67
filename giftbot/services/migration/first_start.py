"""What a bot does with earlier bots' data when it starts: it takes it over, once, and says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from giftbot.errors import GiftbotError, LegacyError, StoreError
from giftbot.logs import new_reference
from giftbot.models.migration import Migration, MigrationState
from giftbot.models.notice import NoticeKind
from giftbot.services.migration.migrating import Migrating, Outcome, Report
from giftbot.services.migration.ports import LegacySource
from giftbot.services.notices import Notices, subject_of
from giftbot.services.ports import Clock
from giftbot.text import migration as texts

_log = structlog.get_logger(__name__)

AGAIN = 300.0
"""Seconds after which what failed is tried again."""
SOON = 5.0
"""Seconds after which it is tried again when the store was away."""
SOON_TRIES = 6
"""How often what was out of reach is tried again that soon, before anybody is told of it."""

OpenLegacy = Callable[[], AbstractAsyncContextManager[Sequence[LegacySource]]]
OpenReport = Callable[[], AbstractAsyncContextManager[Report]]


class Waiting(Protocol):
    """What waits for the history: `Posting`, and the copy that would replace an earlier bot's file."""

    def hold(self, why: str) -> None:
        """Do nothing until `let_go`; `why` is a sentence."""
        ...

    def let_go(self) -> None:
        """Go on."""
        ...


class FirstStart:
    """Takes over what is there, beside everything else; until the history of posts is there, nothing is posted."""

    def __init__(
        self,
        *,
        migrating: Migrating,
        open_legacy: OpenLegacy,
        open_report: OpenReport,
        waiting: Sequence[Waiting],
        look: Callable[[], Awaitable[object]],
        notices: Notices,
        clock: Clock,
    ) -> None:
        """Take what waits until the history of posts is there, and `look`, which asks the sources of codes.

        They are asked first: then it is known which codes are active at the moment of the takeover, and not new
        where nothing was ever posted.
        """
        self._migrating = migrating
        self._open_legacy = open_legacy
        self._open_report = open_report
        self._waiting = waiting
        self._look = look
        self._notices = notices
        self._clock = clock
        self._tries = 0

    def begin(self) -> None:
        """Hold what waits; call this before anything is posted."""
        self._hold(texts.HELD)

    async def run(self) -> None:
        """Take everything over. What fails is tried again for as long as this runs."""
        while (pause := await self._try()) is not None:
            await self._clock.sleep(pause)

    async def _try(self) -> float | None:
        """One try; None when nothing is left to be done, else how many seconds to wait."""
        try:
            async with self._open_legacy() as sources, self._open_report() as report:
                if sources:
                    await self._look()
                outcomes = await self._migrating.run(sources, report=report)
            problems, holding = _problems(outcomes, sources)
        except StoreError as error:
            _log.warning("earlier bots' data is not taken over yet", why=str(error))
            return SOON
        except LegacyError as error:
            outcomes, problems, holding = [], [str(error)], []
            self._hold(texts.held(problems))
        except Exception:  # nobody is posted to twice because of a mistake of ours
            reference = new_reference()
            _log.exception("taking over earlier bots' data failed", ref=reference)
            self._hold(texts.held_by_mistake(reference))
            return AGAIN
        else:
            self._go_on(problems, holding)
        self._tries += 1
        if self._tries <= SOON_TRIES and any(outcome.is_passing for outcome in outcomes):
            await self._tell(outcomes, [], [])
            return SOON
        await self._tell(outcomes, problems, holding)
        return AGAIN if problems else None

    def _go_on(self, problems: Sequence[str], holding: Sequence[str]) -> None:
        if holding:
            self._hold(texts.held(problems))
            return
        for one in self._waiting:
            one.let_go()

    def _hold(self, why: str) -> None:
        for one in self._waiting:
            one.hold(why)

    async def _tell(self, outcomes: Sequence[Outcome], problems: Sequence[str], holding: Sequence[str]) -> None:
        fresh = [outcome.migration for outcome in outcomes if not outcome.was_done and _is_told(outcome.migration)]
        try:
            if fresh:
                subject = subject_of([f"{one.name} {one.fingerprint}" for one in fresh])
                await self._notices.tell(NoticeKind.MIGRATION, subject, texts.taken_over(fresh))
            if problems:
                text = texts.not_taken_over(problems, holding)
                await self._notices.tell(NoticeKind.MIGRATION, subject_of(problems), text)
        except GiftbotError as error:
            _log.warning("the owner is not told of earlier bots' data", why=str(error))


def _problems(outcomes: Sequence[Outcome], sources: Sequence[LegacySource]) -> tuple[list[str], list[str]]:
    """Why sources could not be read, and the names of those with posts that nobody knows."""
    failed = [outcome for outcome in outcomes if outcome.migration.is_failed]
    names = {outcome.migration.name for outcome in failed if not outcome.is_known}
    problems = [outcome.migration.problem or "" for outcome in failed]
    return problems, [source.name for source in sources if source.has_posts and source.name in names]


def _is_told(migration: Migration) -> bool:
    return migration.state is MigrationState.DONE and bool(migration.counts.total or migration.counts.skips)

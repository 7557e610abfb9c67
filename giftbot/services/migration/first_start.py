"""What a bot does with earlier bots' data when it starts: it takes it over, once, and says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog

from giftbot.errors import GiftbotError, LegacyError, StoreError
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

OpenLegacy = Callable[[], AbstractAsyncContextManager[Sequence[LegacySource]]]
OpenReport = Callable[[], AbstractAsyncContextManager[Report]]


class Posts(Protocol):
    """What posts: `giftbot.services.posting.Posting`."""

    def hold(self, why: str) -> None:
        """Send nothing until `let_go`."""
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
        posts: Posts,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._migrating = migrating
        self._open_legacy = open_legacy
        self._open_report = open_report
        self._posts = posts
        self._notices = notices
        self._clock = clock

    def begin(self) -> None:
        """Hold what posts; call this before anything is posted."""
        self._posts.hold(texts.HELD)

    async def run(self) -> None:
        """Take everything over. What fails is tried again for as long as this runs."""
        while not await self._try():
            await self._clock.sleep(AGAIN)

    async def _try(self) -> bool:
        """One try; whether nothing is left to be done."""
        try:
            async with self._open_legacy() as sources, self._open_report() as report:
                outcomes = await self._migrating.run(sources, report=report)
            problems, is_held = _problems(outcomes, sources)
        except StoreError as error:
            _log.warning("earlier bots' data is not taken over yet", why=str(error))
            return False
        except LegacyError as error:
            outcomes, problems, is_held = [], [str(error)], True
        if not is_held:
            self._posts.let_go()
        await self._tell(outcomes, problems, is_held=is_held)
        return not problems

    async def _tell(self, outcomes: Sequence[Outcome], problems: Sequence[str], *, is_held: bool) -> None:
        fresh = [outcome.migration for outcome in outcomes if not outcome.was_done and _is_told(outcome.migration)]
        try:
            if fresh:
                subject = subject_of([f"{one.name} {one.fingerprint}" for one in fresh])
                await self._notices.tell(NoticeKind.MIGRATION, subject, texts.taken_over(fresh))
            if problems:
                text = texts.not_taken_over(problems, is_held=is_held)
                await self._notices.tell(NoticeKind.MIGRATION, subject_of(problems), text)
        except GiftbotError as error:
            _log.warning("the owner is not told of earlier bots' data", why=str(error))


def _problems(outcomes: Sequence[Outcome], sources: Sequence[LegacySource]) -> tuple[list[str], bool]:
    """Why sources could not be read, and whether one of them has posts."""
    failed = [outcome.migration for outcome in outcomes if outcome.migration.problem is not None]
    names = {migration.name for migration in failed}
    problems = [migration.problem or "" for migration in failed]
    return problems, any(source.has_posts for source in sources if source.name in names)


def _is_told(migration: Migration) -> bool:
    return migration.state is MigrationState.DONE and bool(migration.counts.total or migration.counts.skips)

"""The rounds that keep everything going: checks of the sources, leftovers of crashes, expiry, copies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.services.announcements import Announcements
from giftbot.services.checks import Checks
from giftbot.services.codes import Codes
from giftbot.services.detection import Detection
from giftbot.services.notices import Notices
from giftbot.services.ports import AnnouncementStore, Clock
from giftbot.services.redemptions import Redemptions
from giftbot.services.rollups import Rollups
from giftbot.services.state_copy import StateCopy

_log = structlog.get_logger(__name__)


class Upkeep:
    """Polls for what is due. Each round is harmless when repeated, so that a crash costs only time."""

    def __init__(
        self,
        *,
        checks: Checks,
        detection: Detection,
        codes: Codes,
        announcements: Announcements,
        redemptions: Redemptions,
        notices: Notices,
        copy: StateCopy,
        rollups: Rollups,
        store: AnnouncementStore,
        clock: Clock,
        interval: float,
        upkeep_interval: float,
    ) -> None:
        """Take `interval`, the seconds between checks, and `upkeep_interval`, those between upkeep rounds."""
        self._checks = checks
        self._detection = detection
        self._codes = codes
        self._announcements = announcements
        self._redemptions = redemptions
        self._notices = notices
        self._copy = copy
        self._rollups = rollups
        self._store = store
        self._clock = clock
        self._interval = interval
        self._upkeep_interval = upkeep_interval

    async def run_checks(self) -> None:
        """Check the sources for ever."""
        await self._for_ever("check", self._check, self._interval)

    async def run_upkeep(self) -> None:
        """Do the rounds of upkeep for ever."""
        await self._for_ever("upkeep", self.tidy, self._upkeep_interval)

    async def run_figures(self) -> None:
        """Keep the figures over everything fresh for ever; nothing else waits for that."""
        await self._for_ever("figures", self._rollups.refresh_if_due, self._upkeep_interval)

    async def tidy(self) -> None:
        """One round: finish what a crash cut short or another process asked for, expire, copy, tell."""
        await self._announcements.backfill_leftovers()
        await self._announcements.fan_out()
        await self._redemptions.fan_out()
        await self._store.release_orphans(self._clock.now())
        await self._codes.expire(self._detection.healthy, self._detection.asked)
        await self._notices.tell_leftovers()
        await self._copy.write_if_due()
        await self._redemptions.make_up_if_due()

    async def _check(self) -> None:
        await self._checks.regular()

    async def _for_ever(self, name: str, work: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await work()
            except StoreError as error:
                _log.warning(f"{name} put off", why=str(error))
            except Exception:
                _log.exception(f"{name} failed", ref=new_reference())
            await self._clock.sleep(pause)

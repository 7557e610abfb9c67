"""What the game's answers teach the governor: to slow down, to leave the game alone, or to stop altogether."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from giftbot.models.notice import NoticeKind
from giftbot.models.pace import BreakerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.breaker import Breaker
from giftbot.services.errands import Errands
from giftbot.services.notices import Notices
from giftbot.services.ports import Clock
from giftbot.services.slots import Slots
from giftbot.text import governor as text

_log = structlog.get_logger(__name__)

THROTTLED = 60.0
"""Seconds without calls after the game said that we are too fast, when it did not say for how long."""
LONGEST_PAUSE = 3600.0
"""Seconds that the game may ask us to wait for; more is not believed."""


class Lessons:
    """Learns from every answer of one game."""

    def __init__(
        self, *, game: str, slots: Slots, breaker: Breaker, errands: Errands, notices: Notices | None, clock: Clock
    ) -> None:
        """Take the game's name."""
        self._game = game
        self._slots = slots
        self._breaker = breaker
        self._errands = errands
        self._notices = notices
        self._clock = clock
        self._was_sound = False
        self.halted: str | None = None
        """Why nobody may be asked until a restart, as a sentence; None while they may."""

    def learn(self, answer: GameAnswer, *, began: datetime, canary: bool) -> None:
        """Draw the conclusions from an answer to a call that began then."""
        turned = self._breaker.judge(broken=answer.broken, canary=canary)
        if turned is BreakerState.OPEN:
            _log.warning("breaker opened", game=self._game, canary_in=self._breaker.wait, raw=answer.raw)
        elif turned is BreakerState.CLOSED:
            _log.info("breaker closed", game=self._game, raw=answer.raw)
        if answer.outcome is RedemptionOutcome.REFUSED_SIGNATURE:
            self._halt(answer)
        elif answer.throttled or answer.retry_after is not None:
            self._slow_down(answer, began)
        elif not answer.broken:
            self._note_sound()

    def _slow_down(self, answer: GameAnswer, began: datetime) -> None:
        """Leave the game alone for as long as it asks, whether we are too fast or it is out of order."""
        seconds = THROTTLED if answer.retry_after is None else min(max(answer.retry_after, 1.0), LONGEST_PAUSE)
        until = self._clock.now() + timedelta(seconds=seconds)
        if self._slots.ease(until, began):
            _log.warning("slowed down", game=self._game, until=until, was=self._slots.rate, raw=answer.raw)
            self._errands.insist(lambda: self._slots.slow_down(until))

    def _halt(self, answer: GameAnswer) -> None:
        if self.halted is not None:
            return
        self.halted = text.REDEEMING_HALTED
        _log.critical("redemption halted", game=self._game, raw=answer.raw)
        if (notices := self._notices) is not None:
            sentence = text.game_halted_notice(self._game, answer.raw)
            self._errands.insist(lambda: notices.tell(NoticeKind.GAME_HALTED, self._game, sentence))

    def _note_sound(self) -> None:
        self._slots.earn()
        if not self._was_sound and (notices := self._notices) is not None:
            self._errands.insist(lambda: notices.forget(NoticeKind.GAME_HALTED, self._game))
        self._was_sound = True

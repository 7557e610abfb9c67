"""What an answer of the game means: for the redemption, for the player, and for the code."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.models.code import GiftCode
from giftbot.models.ids import CodeKey, PlayerId
from giftbot.models.notice import NoticeKind
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import DEAD_CODE, GRANTED, SHOWS_PLAYER, GameAnswer, Redemption, RedemptionOutcome
from giftbot.services.codes import Codes
from giftbot.services.errands import Errands
from giftbot.services.notices import Notices, subject_of
from giftbot.services.ports import Clock, PlayerStore
from giftbot.text import notices as texts

_log = structlog.get_logger(__name__)

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
"""What transient answers wait for: the first pause, doubled each time, up to the longest."""
DAILY = timedelta(days=1)
"""Pause before a player whose level is too low is asked again."""
VOTES = 2
"""Players who have to be told that a code is used up before that is believed of the code."""
TRIES_OF_ONE = 3
"""So often one player alone is asked for a code that is used up, as it may mean that they have it."""

_STATES = {
    RedemptionOutcome.WRONG_KINGDOM: PlayerState.WRONG_KINGDOM,
    RedemptionOutcome.NO_SUCH_PLAYER: PlayerState.NOT_FOUND,
}


class Verdicts:
    """Judges answers, and lets players and codes know."""

    def __init__(
        self, *, store: PlayerStore, codes: Codes, notices: Notices, errands: Errands, clock: Clock
    ) -> None:
        self._store = store
        self._codes = codes
        self._notices = notices
        self._errands = errands
        self._clock = clock
        self._votes: dict[tuple[CodeKey, int], set[PlayerId]] = {}
        """Who was told that a code is used up, by code and epoch. A restart begins anew: those who were told are
        asked again, and the second vote comes a few calls later."""

    async def judge(self, row: Redemption, player: Player, code: GiftCode, answer: GameAnswer) -> Redemption:
        """The row after this answer. The player's state and the code's follow; an unknown answer is reported.

        Nobody waits for the report: the row is to be stored first.
        """
        now = self._clock.now()
        attempts = row.attempts + (answer.outcome is not RedemptionOutcome.REFUSED_SIGNATURE)
        answer = self._counted(row, code, answer)
        await self._note_player(player, answer.outcome)
        if answer.outcome in DEAD_CODE:
            await self._codes.end(code.key, is_known=answer.outcome is not RedemptionOutcome.NOT_FOUND)
            self._votes.pop((code.key, code.epoch), None)
        elif answer.outcome is RedemptionOutcome.UNKNOWN:
            subject, sentence = subject_of([answer.raw]), texts.unknown_answer_notice(answer.raw)
            self._errands.insist(lambda: self._notices.tell(NoticeKind.UNKNOWN_ANSWER, subject, sentence))
        return attrs.evolve(
            row,
            outcome=answer.outcome,
            raw=answer.raw,
            attempts=attempts,
            redeemed_at=now if answer.outcome in GRANTED else row.redeemed_at,
            next_attempt_at=next_attempt(answer, attempts, now),
            updated_at=now,
        )

    def _counted(self, row: Redemption, code: GiftCode, answer: GameAnswer) -> GameAnswer:
        """“Used up” may mean the code or the player: it is a vote, and the player is asked again.

        A refused signature says nothing of the player either, and is no attempt; the governor halts for it.
        """
        if answer.outcome is RedemptionOutcome.REFUSED_SIGNATURE:
            return attrs.evolve(answer, outcome=RedemptionOutcome.RETRY)
        if answer.outcome is not RedemptionOutcome.EXHAUSTED:
            return answer
        votes = self._votes.setdefault((code.key, code.epoch), set())
        votes.add(row.player_id)
        if len(votes) >= VOTES:
            return answer
        outcome = RedemptionOutcome.RETRY if row.attempts + 1 < TRIES_OF_ONE else RedemptionOutcome.UNKNOWN
        return attrs.evolve(answer, outcome=outcome)

    async def _note_player(self, player: Player, outcome: RedemptionOutcome) -> None:
        state = PlayerState.ACTIVE if outcome in SHOWS_PLAYER else _STATES.get(outcome)
        if state is None or state is player.state or player.state is PlayerState.PAUSED:
            return
        if await self._store.save_player(player.seen_as(state, self._clock.now())):
            _log.debug("player seen", guild=player.guild_id, player=player.player_id, state=state)


def next_attempt(answer: GameAnswer, attempts: int, now: datetime) -> datetime | None:
    """When the game is asked again after the answer to attempt number `attempts`; None when it is not."""
    if answer.outcome is RedemptionOutcome.INELIGIBLE:
        return now + DAILY
    if answer.outcome is not RedemptionOutcome.RETRY:
        return None
    doubled: int = 2 ** min(max(attempts - 1, 0), 10)
    pause = min(FIRST_PAUSE * doubled, LONGEST_PAUSE)
    return now + max(pause, timedelta(seconds=answer.retry_after or 0.0))

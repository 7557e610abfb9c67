"""One question to the game: who has the code is not asked, and what was answered is stored before the next one."""

from __future__ import annotations

import asyncio

import attrs
import structlog

from giftbot.models.code import GiftCode
from giftbot.models.redemption import GameAnswer, Redemption, RedemptionOutcome
from giftbot.services.enrolment import KNOWN_BEFORE
from giftbot.services.governor import Governor
from giftbot.services.holders import Holders
from giftbot.services.ports import Clock, Store
from giftbot.services.questions import Question
from giftbot.services.records import Records
from giftbot.services.subjects import Subject, Subjects, not_asked, subject_of
from giftbot.services.verdicts import Verdicts, next_attempt

_log = structlog.get_logger(__name__)

FRESH = 5.0
"""Seconds for which what was read of a player holds. Whoever waits longer for a turn, up to an hour in a pause,
is looked up again right before the call."""


class Asking:
    """Redeems one code for one player. Whoever else wants the same waits, and finds it done."""

    def __init__(
        self, *, governor: Governor, store: Store, records: Records, verdicts: Verdicts, clock: Clock
    ) -> None:
        self._governor = governor
        self._holders = Holders(store)
        self._subjects = Subjects(store)
        self._clock = clock
        self._records = records
        self._verdicts = verdicts

    async def redeem(
        self,
        row: Redemption,
        subject: Subject,
        code: GiftCode,
        *,
        urgent: bool = False,
        again: bool = True,
    ) -> Redemption:
        """The answer to a question, see `begin`.

        Cancelled while the game is being asked, it ends once the answer is stored; a second time, at once.
        """
        question = self.begin(row, subject, code, urgent=urgent, again=again)
        try:
            return await asyncio.shield(question.task)
        except asyncio.CancelledError:
            if question.is_begun:
                await asyncio.gather(question.task, return_exceptions=True)
            raise
        finally:
            question.task.cancel()

    def begin(
        self,
        row: Redemption,
        subject: Subject,
        code: GiftCode,
        *,
        urgent: bool = False,
        again: bool = True,
    ) -> Question:
        """Ask in a task, whose result is the row as it is stored: as answered, or granted meanwhile.

        Both look-up and record happen while nobody else may ask for this player, so that one who has the code is
        never asked for it again, whichever server, process or button wants it. Who has waited for long is looked up
        anew: a player who was paused or removed meanwhile is not asked for. The task raises `GameHaltedError`
        when nothing is asked at present, and `StoreError`: then the answer may be lost, and the game asked again.
        Without `again` what the game did not decide rests, instead of being asked again by a job. Who is not asked,
        because the game seems broken, keeps what is stored of them, unless that is nothing yet.
        """
        question = Question(row)
        question.task = asyncio.create_task(self._ask(question, subject, code, urgent=urgent, again=again))
        return question

    async def _ask(
        self, question: Question, subject: Subject, code: GiftCode, *, urgent: bool, again: bool
    ) -> Redemption:
        row = judged = question.row
        read_at, is_needless = self._clock.monotonic(), False

        async def known() -> GameAnswer | int | None:
            nonlocal subject, read_at, judged, is_needless
            if self._clock.monotonic() - read_at > FRESH:
                player, guild = await self._subjects.read(row.guild_id, row.player_id)
                found = subject_of(player, guild, besides=subject.player.state)
                if found is None:
                    judged, is_needless = not_asked(row, player, self._clock.now()), True
                    return GameAnswer(judged.outcome, judged.raw)
                subject, read_at = found, self._clock.monotonic()
            if await self._holders.has(row.player_id, code.key):
                answer = GameAnswer(RedemptionOutcome.ALREADY, KNOWN_BEFORE)
                # nothing is known of this server's kingdom for the player
                judged = attrs.evolve(row, outcome=answer.outcome, raw=answer.raw, next_attempt_at=None)
                is_needless = True
                return answer
            return subject.kingdom

        async def note(answer: GameAnswer) -> None:
            nonlocal judged
            if question.is_begun:
                judged = await self._verdicts.judge(row, subject.player, code, answer)
            elif not is_needless:
                if not _is_undecided(row):
                    judged = attrs.evolve(row, outcome=answer.outcome, raw=answer.raw)
                    return
                now = self._clock.now()
                due = next_attempt(answer, row.attempts, now)
                judged = attrs.evolve(
                    row, outcome=answer.outcome, raw=answer.raw, next_attempt_at=due, updated_at=now
                )
            if not again:
                judged = attrs.evolve(judged, next_attempt_at=None)
            await self._records.write(judged)

        await self._governor.ask(
            guild_id=row.guild_id,
            player_id=row.player_id,
            kingdom=subject.kingdom,
            code=code,
            urgent=urgent,
            before=known,
            begun=question.begin,
            after=note,
        )
        _log.info(
            "player redeemed" if question.is_begun or judged.is_granted else "player not asked",
            guild=row.guild_id,
            code=row.code,
            player=row.player_id,
            outcome=judged.outcome,
            raw=judged.raw,
            attempt=judged.attempts,
        )
        return judged


def _is_undecided(row: Redemption) -> bool:
    """Whether nothing is known of a row yet, and no job is to ask for it."""
    return row.outcome in (RedemptionOutcome.WAITING, RedemptionOutcome.RETRY) and row.next_attempt_at is None

"""One question to the game: who has the code is not asked, and what was answered is stored before the next one."""

from __future__ import annotations

import asyncio

import attrs
import structlog

from giftbot.models.code import GiftCode
from giftbot.models.player import Player
from giftbot.models.redemption import GameAnswer, Redemption, RedemptionOutcome
from giftbot.services.enrolment import KNOWN_BEFORE
from giftbot.services.governor import Governor
from giftbot.services.holders import Holders
from giftbot.services.ports import RedemptionStore
from giftbot.services.questions import Question
from giftbot.services.records import Records
from giftbot.services.verdicts import Verdicts

_log = structlog.get_logger(__name__)


class Asking:
    """Redeems one code for one player. Whoever else wants the same waits, and finds it done."""

    def __init__(self, *, governor: Governor, store: RedemptionStore, records: Records, verdicts: Verdicts) -> None:
        self._governor = governor
        self._holders = Holders(store)
        self._records = records
        self._verdicts = verdicts

    async def redeem(
        self,
        row: Redemption,
        player: Player,
        kingdom: int,
        code: GiftCode,
        *,
        urgent: bool = False,
        again: bool = True,
    ) -> Redemption:
        """The answer to a question, see `begin`.

        Cancelled while the game is being asked, it ends once the answer is stored; a second time, at once.
        """
        question = self.begin(row, player, kingdom, code, urgent=urgent, again=again)
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
        player: Player,
        kingdom: int,
        code: GiftCode,
        *,
        urgent: bool = False,
        again: bool = True,
    ) -> Question:
        """Ask in a task, whose result is the row as it is stored: as answered, or granted meanwhile.

        Both look-up and record happen while nobody else may ask for this player, so that one who has the code is
        never asked for it again, whichever server, process or button wants it. The task raises `GameHaltedError`
        when nothing is asked at present, and `StoreError`: then the answer may be lost, and the game asked again.
        Without `again` what the game did not decide rests, instead of being asked again by a job.
        """
        question = Question(row)
        question.task = asyncio.create_task(self._ask(question, player, kingdom, code, urgent=urgent, again=again))
        return question

    async def _ask(
        self, question: Question, player: Player, kingdom: int, code: GiftCode, *, urgent: bool, again: bool
    ) -> Redemption:
        row = judged = question.row
        has_it = False

        async def known() -> GameAnswer | None:
            nonlocal has_it
            has_it = await self._holders.has(player.player_id, code.key)
            return GameAnswer(RedemptionOutcome.ALREADY, KNOWN_BEFORE) if has_it else None

        async def note(answer: GameAnswer) -> None:
            nonlocal judged
            if has_it:  # the game was not asked: nothing is known of this server's kingdom for the player
                judged = attrs.evolve(row, outcome=answer.outcome, raw=answer.raw, next_attempt_at=None)
            else:
                judged = await self._verdicts.judge(row, player, code, answer)
            if not again:
                judged = attrs.evolve(judged, next_attempt_at=None)
            await self._records.write(judged)

        await self._governor.ask(
            guild_id=row.guild_id,
            player_id=player.player_id,
            kingdom=kingdom,
            code=code,
            urgent=urgent,
            before=known,
            begun=question.begin,
            after=note,
        )
        _log.info(
            "player redeemed",
            guild=row.guild_id,
            code=row.code,
            player=row.player_id,
            outcome=judged.outcome,
            raw=judged.raw,
            attempt=judged.attempts,
        )
        return judged

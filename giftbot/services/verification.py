"""Asking the game about each new code before it is announced, with the player of GAME_VERIFY_PLAYER."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import attrs
import structlog

from giftbot.errors import GameHaltedError, StoreError
from giftbot.logs import new_reference
from giftbot.models.code import GiftCode
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.notice import NoticeKind
from giftbot.models.redemption import GRANTED, SHOWS_PLAYER, GameAnswer, RedemptionOutcome
from giftbot.services.codes import Codes
from giftbot.services.notices import Notices, subject_of
from giftbot.services.ports import Clock
from giftbot.services.proving import AsksGame
from giftbot.services.verdicts import next_attempt
from giftbot.text import verification as text

_log = structlog.get_logger(__name__)

NOWHERE = GuildId(0)
"""In whose name the game is asked: no server's."""
AT_ONCE = 10
"""Codes of one round, which are announced together."""
DOUBTED_AT_ONCE = 1
"""Of them those from listings that look wrong, which may be hundreds."""
TELL_AFTER = 3
"""Tries without a decision before the owner is asked."""
VOTES_APART = timedelta(minutes=1)
"""Between two answers that a code is used up. It may mean as well that this one player has it from before."""
HALTED_FOR = timedelta(minutes=1)
"""The game has to be out of bounds for so long before codes are announced without it; a stop is shorter."""

_EXISTS = GRANTED | {RedemptionOutcome.INELIGIBLE}
_WRONG_PLAYER = frozenset({RedemptionOutcome.WRONG_KINGDOM, RedemptionOutcome.NO_SUCH_PLAYER})


class FansOut(Protocol):
    """Where codes go once they may be announced: announcements and redemptions."""

    async def fan_out(self) -> int:
        """Take up what was released."""
        ...


@attrs.define
class _Trial:
    """What was tried with one code. Lost with the process: then it is tried anew."""

    tries: int = 0
    due_at: datetime | None = None
    used_up_at: datetime | None = None
    """When the game first said that it was claimed as often as it may be."""


@attrs.frozen
class _Round:
    """One look at all codes that wait for the game's word."""

    waiting: Sequence[GiftCode]
    decided: list[CodeKey] = attrs.Factory(list)
    """Those that are held no more."""


class Verification:
    """Decides on held codes by what the game says of them. The owner can decide all the while."""

    def __init__(
        self,
        *,
        codes: Codes,
        governor: AsksGame,
        outlets: Sequence[FansOut],
        notices: Notices,
        clock: Clock,
        player: tuple[PlayerId, int],
        poll: float = 10.0,
    ) -> None:
        """Take the player with their kingdom, and the seconds between two looks when nobody calls."""
        self._codes = codes
        self._governor = governor
        self._outlets = outlets
        self._notices = notices
        self._clock = clock
        self._player_id, self._kingdom = player
        self._poll = poll
        self._trials: dict[CodeKey, _Trial] = {}
        self._is_player_sound = False
        self._halted_at: datetime | None = None

    async def run(self) -> None:
        """Decide on codes for ever. A store that is away pauses it, and loses nothing."""
        while True:
            try:
                await self.run_once()
            except StoreError as error:
                _log.warning("verification put off", why=str(error))
            except Exception:
                _log.exception("verification failed", ref=new_reference())
            await self._codes.to_verify.wait(self._poll)

    async def run_once(self) -> int:
        """Ask about the held codes whose turn has come; how many are held no more."""
        waiting = await self._codes.unverified()
        self._trials = {code.key: self._trials.get(code.key) or _Trial() for code in waiting}
        this = _Round(waiting)
        due = self._due(waiting)
        for code in due:
            if not await self._try(code, this):
                break
        else:
            if len(due) >= AT_ONCE:
                self._codes.to_verify.set()
        if this.decided:
            for outlet in self._outlets:
                await outlet.fan_out()
        return len(this.decided)

    async def ask_now(self, code: GiftCode) -> GameAnswer:
        """Ask about one code, held or not, and draw the conclusions at once where the answer says enough.

        One that is not stored is only asked about. Raises `GameHaltedError`.
        """
        answer = await self._governor.ask(
            guild_id=NOWHERE, player_id=self._player_id, kingdom=self._kingdom, code=code, urgent=True
        )
        _log.info("code tried", code=code.key, outcome=answer.outcome, raw=answer.raw)
        if await self._conclude(code, answer):
            for outlet in self._outlets:
                await outlet.fan_out()
        return answer

    def _due(self, waiting: Sequence[GiftCode]) -> list[GiftCode]:
        """Whom to ask about now, newest first; those that look wrong last, and few of them."""
        due = [code for code in reversed(waiting) if self._is_due(code)]
        believed = [code for code in due if not code.is_doubted]
        doubted = [code for code in due if code.is_doubted]
        return [*believed[:AT_ONCE], *doubted[:DOUBTED_AT_ONCE]]

    def _is_due(self, code: GiftCode) -> bool:
        due_at = self._trials[code.key].due_at
        return due_at is None or due_at <= self._clock.now()

    async def _try(self, code: GiftCode, this: _Round) -> bool:
        """Ask about one code, and draw the conclusions; whether it makes sense to ask about others now."""
        try:
            answer = await self._governor.ask(
                guild_id=NOWHERE,
                player_id=self._player_id,
                kingdom=self._kingdom,
                code=code,
                urgent=not code.is_doubted,
            )
        except GameHaltedError as error:
            await self._note_halt(str(error), this)
            return False
        _log.info("code tried", code=code.key, outcome=answer.outcome, raw=answer.raw)
        if answer.outcome is RedemptionOutcome.REFUSED_SIGNATURE:
            await self._note_halt(answer.raw, this)
            return False
        self._halted_at = None
        if answer.outcome in _WRONG_PLAYER:
            await self._note_wrong_player(answer, this)
            return False
        if answer.outcome in SHOWS_PLAYER:
            await self._note_sound_player()
        if await self._decide(code, answer):
            this.decided.append(code.key)
        return True

    async def _decide(self, code: GiftCode, answer: GameAnswer) -> bool:
        """What an answer means for the code; whether it is held no more."""
        concluded = await self._conclude(code, answer)
        if concluded is not None:
            return concluded
        if answer.outcome is RedemptionOutcome.EXHAUSTED:
            return await self._doubt_used_up(code, answer)
        await self._put_off(code, answer)
        return False

    async def _conclude(self, code: GiftCode, answer: GameAnswer) -> bool | None:
        """What an answer says of the code for certain; whether that changed it, None where it says nothing."""
        outcome = answer.outcome
        if outcome in _EXISTS:
            released = await self._codes.verify(code.key)
            _log.info("code verified", code=code.key, outcome=outcome, announced=bool(released))
            return bool(released)
        is_unknown = outcome is RedemptionOutcome.NOT_FOUND and not code.is_vouched
        if outcome is RedemptionOutcome.EXPIRED or is_unknown:
            ended = await self._codes.end(code.key, is_known=not is_unknown)
            _log.info("code refused by the game", code=code.key, outcome=outcome, raw=answer.raw)
            return ended
        return None

    async def _doubt_used_up(self, code: GiftCode, answer: GameAnswer) -> bool:
        """Told a second time that it is used up, decide without the game, which tells only this player's story.

        Others can have it still: what a trusted source vouches for is announced, the rest is for the owner.
        """
        trial, now = self._trials[code.key], self._clock.now()
        if trial.used_up_at is None or now < trial.used_up_at + VOTES_APART:
            trial.used_up_at = trial.used_up_at or now
            trial.due_at = trial.used_up_at + VOTES_APART
            return False
        if code.is_vouched:
            announced = await self._codes.vouch([code.key])
            _log.warning("code announced unverified", code=code.key, raw=answer.raw, announced=bool(announced))
            return bool(announced)
        self._pause(code, answer)
        await self._ask_owner(code, text.used_up(answer.raw))
        return False

    async def _put_off(self, code: GiftCode, answer: GameAnswer) -> None:
        """Ask again later, ever more rarely; the owner is asked when that goes on, or seems to be of no use."""
        trial = self._pause(code, answer)
        if answer.outcome is RedemptionOutcome.NOT_FOUND:
            why = text.NOT_KNOWN_YET
        elif answer.outcome is RedemptionOutcome.RETRY:
            why = text.no_decision(answer.raw)
        else:
            await self._ask_owner(code, text.unknown_answer(answer.raw))
            return
        if trial.tries >= TELL_AFTER:
            await self._ask_owner(code, why)

    async def _note_halt(self, why: str, this: _Round) -> None:
        """The game is not asked at all. When that lasts, codes are announced as if nobody wanted it to be."""
        now = self._clock.now()
        if self._halted_at is None:
            self._halted_at = now
            _log.warning("codes cannot be verified", why=why)
        if now - self._halted_at >= HALTED_FOR:
            await self._do_without(this)

    async def _note_wrong_player(self, answer: GameAnswer, this: _Round) -> None:
        self._is_player_sound = False
        sentence = text.verify_player_notice(self._player_id, self._kingdom, answer.raw)
        await self._notices.tell(NoticeKind.VERIFY_PLAYER, self._subject, sentence)
        await self._do_without(this)

    async def _note_sound_player(self) -> None:
        if not self._is_player_sound:
            await self._notices.forget(NoticeKind.VERIFY_PLAYER, self._subject)
        self._is_player_sound = True

    async def _do_without(self, this: _Round) -> None:
        """Announce what trusted sources vouch for; ask the owner about the rest."""
        announced = await self._codes.vouch([code.key for code in this.waiting if code.is_vouched])
        for code in announced:
            _log.warning("code announced unverified", code=code.key)
        this.decided.extend(code.key for code in announced)
        for code in this.waiting:
            if not code.is_vouched and not code.is_doubted and self._is_due(code):
                self._pause(code, GameAnswer(RedemptionOutcome.RETRY))
                await self._ask_owner(code, text.GAME_NOT_ASKED)

    def _pause(self, code: GiftCode, answer: GameAnswer) -> _Trial:
        trial = self._trials[code.key]
        trial.tries += 1
        undecided = attrs.evolve(answer, outcome=RedemptionOutcome.RETRY)
        trial.due_at = next_attempt(undecided, trial.tries, self._clock.now())
        return trial

    async def _ask_owner(self, code: GiftCode, why: str) -> None:
        """Let the owner decide, once for each time that a code comes up; of doubted ones they know already."""
        if not code.is_doubted:
            subject = subject_of([code.key, f"unverified {code.epoch}"])
            await self._notices.tell(
                NoticeKind.HELD_CODES, subject, text.unverified_notice(code, why), codes=[code.key]
            )

    @property
    def _subject(self) -> str:
        return f"{self._player_id}:{self._kingdom}"

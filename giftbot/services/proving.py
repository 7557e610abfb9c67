"""Whether a player id and a kingdom belong together: the game is asked for a code that cannot exist."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from giftbot.errors import GameHaltedError, InvalidInputError
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.redemption import SHOWS_PLAYER, GameAnswer, RedemptionOutcome
from giftbot.models.registration import Proof
from giftbot.services.ports import Clock
from giftbot.text import players as texts

_log = structlog.get_logger(__name__)

IMPOSSIBLE_CODE = "QZ4W7XH2KV9TB3MJ6RN8PDYC"
"""Of the form of a gift code, but none: the game's real ones are words of at most a dozen characters."""
PATIENCE = 60.0
"""Seconds that a person waits for the game; then the first redemption shows what it would have said."""


class AsksGame(Protocol):
    """The one way to the game, as this needs it: `giftbot.services.governor.Governor`."""

    async def ask(
        self, *, guild_id: GuildId, player_id: PlayerId, kingdom: int, code: GiftCode, urgent: bool = False
    ) -> GameAnswer:
        """Wait for a turn, then ask once. Raises `GameHaltedError` when nothing is asked at present."""
        ...


class Proving:
    """Asks the game who a player is, without giving them anything."""

    def __init__(self, *, governor: AsksGame, clock: Clock, patience: float = PATIENCE) -> None:
        self._governor = governor
        self._clock = clock
        self._patience = patience

    async def prove(
        self, guild_id: GuildId, player_id: PlayerId, kingdom: int, *, is_default: bool = False
    ) -> Proof:
        """What the game says. `is_default` is whether the kingdom is the server's, not the player's own word.

        Raises `InvalidInputError` when the game knows no such player, or not in this kingdom.
        """
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._governor.ask(
                    guild_id=guild_id,
                    player_id=player_id,
                    kingdom=kingdom,
                    code=self._impossible(),
                    urgent=True,
                )
        except GameHaltedError:
            return Proof.HALTED
        except TimeoutError:
            _log.info("player not proved", guild=guild_id, player=player_id, why="no answer in time")
            return Proof.UNANSWERED
        _log.info("player asked for", guild=guild_id, player=player_id, outcome=answer.outcome, raw=answer.raw)
        if answer.outcome is RedemptionOutcome.WRONG_KINGDOM:
            raise InvalidInputError(texts.player_in_other_kingdom(player_id, kingdom, is_default=is_default))
        if answer.outcome is RedemptionOutcome.NO_SUCH_PLAYER:
            raise InvalidInputError(texts.no_such_player(player_id))
        if answer.outcome is RedemptionOutcome.REFUSED_SIGNATURE:
            return Proof.HALTED
        return Proof.PROVED if answer.outcome in SHOWS_PLAYER else Proof.UNANSWERED

    def _impossible(self) -> GiftCode:
        now = self._clock.now()
        return GiftCode(
            key=CodeKey(IMPOSSIBLE_CODE),
            display=IMPOSSIBLE_CODE,
            status=CodeStatus.ACTIVE,
            created_at=now,
            updated_at=now,
        )

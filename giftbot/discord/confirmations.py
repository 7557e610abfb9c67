"""Questions that wait for a yes: for one person, for a minute, remembered in this process only."""

from __future__ import annotations

import secrets

import attrs

from giftbot.errors import NotAllowedError, UserError
from giftbot.models.ids import GuildId, UserId
from giftbot.services.ports import Clock
from giftbot.text import answers as texts

VALID_FOR = 60.0
"""Seconds."""
_MOST = 1000


@attrs.frozen
class _Question:
    user_id: UserId
    guild_id: GuildId
    asked_at: float


class Confirmations:
    """Hands out tokens for buttons. A token is worth one answer, of the person who was asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, _Question] = {}

    def ask(self, user_id: UserId, guild_id: GuildId) -> str:
        """A token for the buttons of a new question."""
        now = self._clock.monotonic()
        fresh = {token: asked for token, asked in self._open.items() if now - asked.asked_at < VALID_FOR}
        self._open = dict(list(fresh.items())[-_MOST:])
        token = secrets.token_urlsafe(12)
        self._open[token] = _Question(user_id, guild_id, now)
        return token

    def take(self, token: str, user_id: UserId) -> GuildId:
        """The server that the question was about; the token is used up.

        Raises `NotAllowedError` for anybody else, and `UserError` when it is too late.
        """
        asked = self._open.get(token)
        if asked is None or self._clock.monotonic() - asked.asked_at >= VALID_FOR:
            raise UserError(texts.TOO_LATE)
        if asked.user_id != user_id:
            raise NotAllowedError(texts.NOT_INVOKER)
        del self._open[token]
        return asked.guild_id

"""How often servers may ask for something that costs others."""

from __future__ import annotations

from giftbot.errors import UserError
from giftbot.models.ids import GuildId
from giftbot.services.ports import Clock
from giftbot.text import panel as texts

_REMEMBERED = 10_000


class Cooldown:
    """Lets a server ask again only after a while, and all servers together only so often."""

    def __init__(self, clock: Clock, *, each: float, together: float) -> None:
        """Take `each`, the seconds between two requests of one server, and `together`, those between any two."""
        self._clock = clock
        self._each = each
        self._together = together
        self._asked: dict[GuildId, float] = {}
        self._last_asked = float("-inf")

    def pass_or_refuse(self, guild_id: GuildId) -> None:
        """Note a request. Raises `UserError` that says how long to wait, when it comes too soon."""
        now = self._clock.monotonic()
        again_at = max(self._asked.get(guild_id, float("-inf")) + self._each, self._last_asked + self._together)
        if now < again_at:
            raise UserError(texts.TOO_SOON.format(seconds=int(again_at - now) + 1))
        if len(self._asked) >= _REMEMBERED:
            self._asked.clear()
        self._asked[guild_id] = self._last_asked = now

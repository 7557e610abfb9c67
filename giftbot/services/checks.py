"""Checking the sources: regularly for all servers, and at once for one."""

from __future__ import annotations

from giftbot import text
from giftbot.errors import UserError
from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId
from giftbot.services.announcements import Announcements
from giftbot.services.detection import CheckResult, Detection
from giftbot.services.ports import Clock

PAUSE = 30.0
"""Seconds between two checks that one server may ask for."""
PAUSE_OF_ALL = 3.0
"""Seconds between two checks that servers ask for, together."""
_REMEMBERED = 10_000


class Checks:
    """Connects finding with announcing."""

    def __init__(self, *, detection: Detection, announcements: Announcements, clock: Clock) -> None:
        self._detection = detection
        self._announcements = announcements
        self._clock = clock
        self._asked: dict[GuildId, float] = {}
        self._last_asked = float("-inf")

    async def regular(self) -> CheckResult:
        """Ask the sources that are due, and announce what is new in every server."""
        result = await self._detection.check()
        if result.new:
            await self._announcements.fan_out()
        return result

    async def now_for(self, guild: GuildSettings) -> tuple[CheckResult, list[GiftCode]]:
        """Ask all sources at once, and post in this server what it has no row for; the result, and what is posted.

        Other servers get new codes with the next regular round. Raises `UserError` when asked too often.
        """
        now = self._clock.monotonic()
        again_at = max(self._asked.get(guild.guild_id, float("-inf")) + PAUSE, self._last_asked + PAUSE_OF_ALL)
        if now < again_at:
            raise UserError(text.TOO_SOON.format(seconds=int(again_at - now) + 1))
        if len(self._asked) >= _REMEMBERED:
            self._asked.clear()
        self._asked[guild.guild_id] = self._last_asked = now
        result = await self._detection.check(eager=True)
        posted = []
        if guild.is_posting:
            unsent = await self._announcements.unsent(guild.guild_id)
            posted = [code for code in unsent if await self._announcements.enqueue(guild, [code])]
        return result, posted

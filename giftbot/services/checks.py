"""Checking the sources: regularly for all servers, and at once for one."""

from __future__ import annotations

from giftbot.models.code import GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.services.announcements import Announcements
from giftbot.services.cooldown import Cooldown
from giftbot.services.detection import CheckResult, Detection
from giftbot.services.ports import Clock
from giftbot.services.redemptions import Redemptions

PAUSE = 30.0
"""Seconds between two checks that one server may ask for."""
PAUSE_OF_ALL = 3.0
"""Seconds between two checks that servers ask for, together."""


class Checks:
    """Connects finding with announcing and redeeming."""

    def __init__(
        self, *, detection: Detection, announcements: Announcements, redemptions: Redemptions, clock: Clock
    ) -> None:
        self._detection = detection
        self._announcements = announcements
        self._redemptions = redemptions
        self._cooldown = Cooldown(clock, each=PAUSE, together=PAUSE_OF_ALL)

    async def regular(self) -> CheckResult:
        """Ask the sources that are due, and announce and redeem what is new in every server."""
        result = await self._detection.check()
        if result.new:
            await self._announcements.fan_out()
            await self._redemptions.fan_out()
        return result

    async def now_for(self, guild: GuildSettings) -> tuple[CheckResult, list[GiftCode]]:
        """Ask the sources at once, and post in this server what is new; the result, and what is posted.

        Other servers get it with the next regular round. Raises `UserError` when asked too often.
        """
        self._cooldown.pass_or_refuse(guild.guild_id)
        result = await self._detection.check()
        posted = list(result.new) if guild.is_posting else []
        await self._announcements.enqueue(guild, posted)
        return result, posted

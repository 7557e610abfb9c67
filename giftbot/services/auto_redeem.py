"""Turning auto-redeem on and off, and what that means for the codes that are active now."""

from __future__ import annotations

from giftbot import text
from giftbot.models.ids import GuildId, UserId
from giftbot.models.job import Trigger
from giftbot.services.guilds import Guilds
from giftbot.services.redemptions import Redemptions


async def turn_on(guilds: Guilds, redemptions: Redemptions, guild_id: GuildId, user_id: UserId) -> str:
    """Redeem new codes from now on, and those that are active now; what to tell the admin.

    Done again it is harmless, and makes up for a crash in between.
    """
    guild = await guilds.turn_redeeming(guild_id, on=True)
    started = await redemptions.start_all(guild_id, Trigger.SWITCHED_ON, user_id)
    return text.auto_redeem_on(started, guild.redeem_channel_id)


async def turn_off(guilds: Guilds, redemptions: Redemptions, guild_id: GuildId) -> str:
    """Redeem nothing by itself any more, what runs included; what to tell the admin."""
    await guilds.turn_redeeming(guild_id, on=False)
    stopped = await redemptions.stop_all(guild_id, text.AUTO_REDEEM_ENDED)
    return text.auto_redeem_off(stopped)

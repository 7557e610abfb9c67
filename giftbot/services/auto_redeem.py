"""What admins switch: auto-redeem on and off, and one job off; and what that means for jobs and their messages."""

from __future__ import annotations

from giftbot.models.ids import CodeKey, GuildId, UserId
from giftbot.models.job import JobState, Trigger
from giftbot.services.guilds import Guilds
from giftbot.services.job_progress import JobProgress
from giftbot.services.redemptions import Redemptions
from giftbot.text import redemptions as texts

_MOST = 100
"""Stopped jobs whose messages are brought up to date together."""


class AutoRedeem:
    """Switches redemption in one server. What it tells is meant for the admin who switched."""

    def __init__(self, *, guilds: Guilds, redemptions: Redemptions, progress: JobProgress) -> None:
        self._guilds = guilds
        self._redemptions = redemptions
        self._progress = progress

    async def turn_on(self, guild_id: GuildId, user_id: UserId) -> str:
        """Redeem new codes from now on, and those that are active now.

        Done again it is harmless, and makes up for a crash in between.
        """
        guild = await self._guilds.turn_redeeming(guild_id, on=True)
        started = await self._redemptions.start_all(guild_id, Trigger.SWITCHED_ON, user_id)
        return texts.auto_redeem_on(started, guild.redeem_channel_id, self._redemptions.halted)

    async def turn_off(self, guild_id: GuildId) -> str:
        """Redeem nothing by itself any more, what runs included."""
        await self._guilds.turn_redeeming(guild_id, on=False)
        stopped = await self._redemptions.stop_all(guild_id, texts.AUTO_REDEEM_ENDED)
        if stopped:
            await self._show_stopped(guild_id, most=min(stopped, _MOST))
        return texts.auto_redeem_off(stopped)

    async def stop(self, guild_id: GuildId, code: CodeKey) -> bool:
        """Stop one job; False when it was not open."""
        stopped = await self._redemptions.stop(guild_id, code)
        if stopped:
            await self._show_stopped(guild_id, code)
        return stopped

    async def _show_stopped(self, guild_id: GuildId, code: CodeKey | None = None, *, most: int = _MOST) -> None:
        """Let the messages of the jobs that were stopped last say so: nobody works on a job that was waiting."""
        for view in await self._redemptions.jobs(guild_id, (JobState.STOPPED,), limit=most):
            if code is None or view.job.code == code:
                self._progress.show(view.job, view.counts, eta=None, final=True)

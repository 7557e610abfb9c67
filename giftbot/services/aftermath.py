"""What follows when Discord does not take a message: whose channel is disabled, and who is told."""

from __future__ import annotations

from giftbot.models.announcement import Announcement
from giftbot.models.notice import NoticeKind
from giftbot.services.guilds import Guilds
from giftbot.services.notices import Notices
from giftbot.text import notices as texts


class Aftermath:
    """Draws the consequences of failed posts."""

    def __init__(self, *, guilds: Guilds, notices: Notices) -> None:
        self._guilds = guilds
        self._notices = notices

    async def refused(self, anchor: Announcement, reason: str) -> None:
        """Stop posting to a channel that refuses messages, and tell the people concerned, once."""
        if anchor.channel_id is not None:
            await self._guilds.disable(anchor.guild_id, anchor.channel_id, reason)

    async def malformed(self, anchor: Announcement, reason: str) -> None:
        """Tell the owner of a post that Discord calls malformed, once."""
        await self._notices.tell(
            NoticeKind.PARKED, anchor.announcement_id, texts.parked_notice(anchor.codes, reason)
        )

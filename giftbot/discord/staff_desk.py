"""Messages about staff links and credits; implements the `StaffDesk` port."""

from __future__ import annotations

from collections.abc import Sequence

import hikari
import structlog
from hikari.api import ComponentBuilder

from giftbot.discord.staff_views import reissue_row
from giftbot.discord.vip_views import decided_embed, review_embed, review_row
from giftbot.models.credit import Credit
from giftbot.models.ids import ChannelId, InviteCode, MessageId, UserId

_log = structlog.get_logger(__name__)


class DiscordStaffDesk:
    """Writes through hikari; nobody is ever mentioned."""

    def __init__(self, rest: hikari.api.RESTClient) -> None:
        self._rest = rest

    async def ask(self, channel_id: ChannelId, credit: Credit) -> MessageId | None:
        """Show a credit on which somebody has to decide; the message's id."""
        return await self._post(channel_id, embed=review_embed(credit), components=[review_row(credit)])

    async def close(self, channel_id: ChannelId, message_id: MessageId, credit: Credit) -> bool:
        """Let the message that asked say where the credit stands instead, without buttons."""
        try:
            await self._rest.edit_message(
                channel_id,
                message_id,
                embed=decided_embed(credit),
                components=[],
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except Exception as error:  # hikari lets through whatever the connection raises
            _log.warning("review not closed", channel=channel_id, message=message_id, why=_brief(error))
            return False
        return True

    async def warn(self, channel_id: ChannelId, words: str, code: InviteCode | None) -> bool:
        """Write to the admins; with a button that issues that link again."""
        rows = [] if code is None else [reissue_row(code)]
        return await self._post(channel_id, words, components=rows) is not None

    async def write(self, user_id: UserId, words: str) -> bool:
        """Write to a staff member."""
        try:
            channel = await self._rest.create_dm_channel(user_id)
        except Exception as error:  # hikari lets through whatever the connection raises
            _log.warning("direct message not sent", user=user_id, why=_brief(error))
            return False
        return await self._post(ChannelId(int(channel.id)), words) is not None

    async def _post(
        self,
        channel_id: ChannelId,
        words: str | hikari.UndefinedType = hikari.UNDEFINED,
        *,
        embed: hikari.Embed | hikari.UndefinedType = hikari.UNDEFINED,
        components: Sequence[ComponentBuilder] = (),
    ) -> MessageId | None:
        try:
            message = await self._rest.create_message(
                channel_id,
                words,
                embed=embed,
                components=components,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except Exception as error:  # hikari lets through whatever the connection raises
            _log.warning("message not sent", channel=channel_id, why=_brief(error))
            return None
        return MessageId(int(message.id))


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]

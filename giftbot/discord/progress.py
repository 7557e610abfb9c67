"""Progress messages through hikari; implements `giftbot.services.ports.ProgressBoard`."""

from __future__ import annotations

import hikari
import structlog

from giftbot.discord.messages import embed_of
from giftbot.models.ids import ChannelId, MessageId
from giftbot.models.post import Page

_log = structlog.get_logger(__name__)


class DiscordProgressBoard:
    """One attempt a call. What does not work is tried again by whoever keeps the states: with the same nonce."""

    def __init__(self, rest: hikari.api.RESTClient) -> None:
        self._rest = rest

    async def post(self, channel_id: ChannelId, page: Page, nonce: str) -> MessageId | None:
        """Send one; None when that did not work. The same nonce within Discord's window gives the same message."""
        try:
            message = await self._rest.create_message(
                channel_id,
                embed=embed_of(page),
                nonce=nonce,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except Exception as error:
            _log.warning("progress message not sent", channel=channel_id, why=_brief(error))
            return None
        return MessageId(int(message.id))

    async def edit(self, channel_id: ChannelId, message_id: MessageId, page: Page) -> bool | None:
        """Change one; False when it is gone or out of reach, None when that did not work."""
        try:
            await self._rest.edit_message(
                channel_id,
                message_id,
                embed=embed_of(page),
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=False,
            )
        except (hikari.NotFoundError, hikari.ForbiddenError) as error:
            _log.info("progress message is gone", channel=channel_id, message=message_id, why=_brief(error))
            return False
        except Exception as error:
            _log.warning("progress message not edited", channel=channel_id, message=message_id, why=_brief(error))
            return None
        return True


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]

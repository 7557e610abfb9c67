"""Sending posts through hikari, with every outcome classified; implements `giftbot.services.ports.Announcer`."""

from __future__ import annotations

import asyncio
from datetime import datetime

import hikari
import structlog

from giftbot.discord.channels import DiscordChannels
from giftbot.discord.messages import embeds_of, mention_of, post_buttons
from giftbot.errors import InvalidInputError
from giftbot.models.ids import ChannelId, GuildId, MessageId
from giftbot.models.post import Delivery, Outcome, Post, Search, SearchResult

_log = structlog.get_logger(__name__)

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MESSAGE = 10003, 10004, 10008
MISSING_ACCESS, MISSING_PERMISSIONS = 50001, 50013
READ_HISTORY = "Read Message History"
FRESH = 1.0
"""Seconds after which a message that waited for another one is not sent any more, but claimed anew."""


class DiscordAnnouncer:
    """One attempt a call. hikari's own retries are off: there is one owner of retries, and it is the outbox."""

    def __init__(self, rest: hikari.api.RESTClient, channels: DiscordChannels, application_id: int) -> None:
        """Take `application_id`, whose messages these are."""
        self._rest = rest
        self._channels = channels
        self._application_id = application_id
        self._first = asyncio.Lock()
        self._knows_route = False

    @property
    def application_id(self) -> int:
        """Whose messages these are."""
        return self._application_id

    async def send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        """Make one attempt, and classify what came of it.

        Until one message was answered, messages go one by one: hikari lets all requests on a route that was never
        used share one bucket, which stalls a fan-out for minutes. Whoever waited for long for that is not sent: the
        process may have slept meanwhile, and the caller's claim be lost.
        """
        if self._knows_route:
            return await self._send(channel_id, post, nonce)
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self._first:
            if loop.time() - asked_at > FRESH:
                return Delivery(Outcome.NOT_SENT, detail="waited for too long")
            return await self._send(channel_id, post, nonce)

    async def _send(self, channel_id: ChannelId, post: Post, nonce: str) -> Delivery:
        try:
            message = await self._rest.create_message(
                channel_id,
                mention_of(post),
                embeds=embeds_of(post.pages),
                components=post_buttons(post.reference) if post.reference else [],
                nonce=nonce,
                mentions_everyone=False,
                user_mentions=False,
                role_mentions=[post.ping_role_id] if post.ping_role_id else False,
            )
        except hikari.HikariError as error:
            return classify(error)
        except Exception as error:
            return Delivery(Outcome.UNKNOWN, detail=f"{type(error).__name__}: {error}"[:200])
        self._knows_route = True
        return Delivery(Outcome.SENT, MessageId(message.id))

    async def search(self, channel_id: ChannelId, reference: str, after: datetime, until: datetime) -> SearchResult:
        """Read the channel's history between two moments for our own message with this reference."""
        try:
            async for message in self._rest.fetch_messages(channel_id, after=after):
                if message.created_at > until:
                    break
                if message.author.id == self._application_id and _shows(message, reference):
                    return SearchResult(Search.FOUND, MessageId(message.id))
            return SearchResult(Search.ABSENT if await self._may_read(channel_id) else Search.UNREADABLE)
        except Exception as error:
            if isinstance(error, hikari.ForbiddenError | hikari.NotFoundError) and is_refusal(error):
                return SearchResult(Search.UNREADABLE)
            _log.warning("history not read", channel=channel_id, why=f"{type(error).__name__}: {error}"[:200])
            return SearchResult(Search.FAILED)

    async def _may_read(self, channel_id: ChannelId) -> bool:
        """Whether an empty history can be believed: without the permission Discord answers with an empty list."""
        channel = await self._rest.fetch_channel(channel_id)
        if not isinstance(channel, hikari.GuildChannel):
            return True
        try:
            missing = await self._channels.missing_permissions(GuildId(channel.guild_id), channel_id)
        except InvalidInputError:
            return False
        return READ_HISTORY not in missing


def classify(error: hikari.HikariError) -> Delivery:
    """What became of a message, by the error that hikari raised for it."""
    match error:
        case hikari.RateLimitTooLongError():
            return Delivery(Outcome.NOT_SENT, detail="rate limit", retry_after=max(error.retry_after, 1.0))
        case hikari.UnauthorizedError():
            return Delivery(Outcome.FATAL, detail="Discord does not accept the bot's token any more.")
        case hikari.NotFoundError(code=code) if code == UNKNOWN_MESSAGE:
            return Delivery(Outcome.DELETED)
        case hikari.ForbiddenError() | hikari.NotFoundError() if is_refusal(error):
            return Delivery(Outcome.REFUSED, detail=f"{error.message or 'forbidden'} ({error.code})")
        case hikari.BadRequestError():
            return Delivery(Outcome.BUG, detail=f"{error.message} {error.errors or ''}"[:500])
        case _:
            return Delivery(Outcome.UNKNOWN, detail=f"{type(error).__name__}: {error}"[:200])


def is_refusal(error: hikari.ForbiddenError | hikari.NotFoundError) -> bool:
    """Whether Discord will not take messages for the channel: a missing permission, or it is gone.

    Any other code is not about the channel, e.g. 40333, which Discord's network gives when it blocks the bot.
    """
    if isinstance(error, hikari.ForbiddenError):
        return error.code in (MISSING_ACCESS, MISSING_PERMISSIONS)
    return error.code in (UNKNOWN_CHANNEL, UNKNOWN_GUILD)


def _shows(message: hikari.Message, reference: str) -> bool:
    return any(embed.footer is not None and reference in (embed.footer.text or "") for embed in message.embeds)

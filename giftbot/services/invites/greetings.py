"""Optional messages when somebody joins or leaves: off until an admin chooses a channel."""

from __future__ import annotations

import asyncio
import enum
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import attrs
import structlog

from giftbot.errors import InvalidInputError
from giftbot.logs import new_reference
from giftbot.models.ids import ChannelId, GuildId, JoinId, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join, Kind, Level, Method, Source
from giftbot.models.notice import NoticeKind
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.templates import filled, parse_template
from giftbot.services.notices import Notices
from giftbot.services.ports import Channels, Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import greetings as texts

_log = structlog.get_logger(__name__)

SINGLY = 10
"""More who join or leave in one batch are told in one message."""
FRESH = timedelta(minutes=15)
"""Older joins and leaves, found out after an outage, are not told any more."""
_NEEDED = ("View Channel", "Send Messages")
_WAITING = 500
_REMEMBERED = 5000
_COUNT = "{count}"
_SURE = (Level.OWNER, Level.COUNTED, Level.CONFIRMED)


class Occasion(enum.StrEnum):
    """What a message is about."""

    JOIN = "join"
    LEAVE = "leave"


class Said(enum.Enum):
    """What became of a message."""

    SENT = enum.auto()
    REFUSED = enum.auto()
    """The channel is gone, or the bot may not write there."""
    FAILED = enum.auto()
    """Logged; it is not tried again."""


class GreetingOutlet(Protocol):
    """Writes such messages."""

    async def say(self, channel_id: ChannelId, words: str, *, mention: UserId | None) -> Said:
        """Send one; nobody but `mention` is notified, whatever it says."""
        ...

    def server_name(self, guild_id: GuildId) -> str:
        """What the server is called; its id as text when that is not known."""
        ...


@attrs.frozen
class _Errand:
    guild_id: GuildId
    occasion: Occasion
    joins: tuple[Join, ...]


class Greetings:
    """Tells of decided joins and of leaves. `on_decided` never waits for Discord; `run` is the worker."""

    def __init__(
        self,
        *,
        store: InviteStore,
        choices: InviteChoices,
        outlet: GreetingOutlet,
        channels: Channels,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._store = store
        self._choices = choices
        self._outlet = outlet
        self._channels = channels
        self._notices = notices
        self._clock = clock
        self._errands: asyncio.Queue[_Errand] = asyncio.Queue()
        self._told: OrderedDict[tuple[JoinId, Occasion], None] = OrderedDict()

    async def get(self, guild_id: GuildId) -> InviteSettings:
        """A server's choices."""
        return await self._choices.get(guild_id)

    async def choose_channel(self, guild_id: GuildId, occasion: Occasion, channel_id: ChannelId) -> None:
        """Tell of it there from now on. Raises `InvalidInputError` when the bot may not write there."""
        lacking = await self._channels.missing_permissions(guild_id, channel_id)
        missing = [name for name in lacking if name in _NEEDED]
        if missing:
            raise InvalidInputError(texts.lacking(channel_id, missing))
        await self._notices.forget(NoticeKind.ADMIN, _subject(guild_id, occasion))
        await self._set(guild_id, occasion, channel_id)

    async def turn_off(self, guild_id: GuildId, occasion: Occasion) -> None:
        """Tell of it nowhere."""
        await self._set(guild_id, occasion, None)

    async def choose_text(self, guild_id: GuildId, occasion: Occasion, typed: str) -> str | None:
        """Use that template from now on; None is the usual one. Raises `InvalidInputError`."""
        words = parse_template(typed)
        await self._choices.change(
            guild_id,
            lambda settings: (
                attrs.evolve(settings, join_template=words)
                if occasion is Occasion.JOIN
                else attrs.evolve(settings, leave_template=words)
            ),
        )
        return words

    async def preview(self, guild_id: GuildId, user_id: UserId, user_name: str) -> str:
        """Both messages, about this user as if they had come by their own invite."""
        settings = await self.get(guild_id)
        example = Join(
            guild_id,
            user_id,
            self._clock.now(),
            user_name=user_name,
            source=Source.INVITE,
            level=Level.COUNTED,
            method=Method.COUNTED,
            code=None,
            owner_id=user_id,
            owner_name=user_name,
        )
        last = await self._store.last_joins(guild_id, [user_id])
        join = last.get(user_id, example)
        join = attrs.evolve(join, user_name=user_name)
        return texts.preview(*[await self._words(settings, occasion, join) for occasion in Occasion])

    async def on_decided(self, batch: InviteBatch) -> None:
        """Note what a batch says of people who came and went."""
        settings = await self.get(batch.guild_id)
        for occasion in Occasion:
            if _channel(settings, occasion) is None:
                continue
            joins = tuple(join for join in batch.joins if self._is_news(join, occasion))
            if not joins:
                continue
            if self._errands.qsize() >= _WAITING:
                _log.warning("greeting dropped", guild=batch.guild_id, why="too many wait", count=len(joins))
                continue
            self._errands.put_nowait(_Errand(batch.guild_id, occasion, joins))

    async def run(self) -> None:
        """Write what was noted, until cancelled."""
        while True:
            errand = await self._errands.get()
            try:
                await self._tell(errand)
            except Exception:
                _log.exception("greeting failed", guild=errand.guild_id, ref=new_reference())
            finally:
                self._errands.task_done()

    async def settled(self) -> None:
        """Return once everything that was noted is written."""
        await self._errands.join()

    def _is_news(self, join: Join, occasion: Occasion) -> bool:
        """Whether it happened just now, and was not told; a join that is decided again is no news."""
        joined = occasion is Occasion.JOIN
        happened = join.joined_at if joined else join.left_at
        if happened is None or joined is not join.is_open or join.kind is Kind.BOT:
            return False
        if self._clock.now() - happened > FRESH:
            return False
        key = (join.join_id, occasion)
        if key in self._told:
            return False
        self._told[key] = None
        while len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True

    async def _tell(self, errand: _Errand) -> None:
        settings = await self.get(errand.guild_id)
        channel_id = _channel(settings, errand.occasion)
        if channel_id is None:
            return
        for words, mention in await self._messages(settings, errand):
            said = await self._outlet.say(channel_id, words, mention=mention)
            if said is Said.REFUSED:
                await self._stop(errand.guild_id, errand.occasion, channel_id)
                return

    async def _messages(self, settings: InviteSettings, errand: _Errand) -> Sequence[tuple[str, UserId | None]]:
        joined = errand.occasion is Occasion.JOIN
        if len(errand.joins) > SINGLY:
            many = texts.many_joined if joined else texts.many_left
            return [(many(len(errand.joins)), None)]
        return [
            (
                await self._words(settings, errand.occasion, join),
                join.user_id if joined else None,
            )
            for join in errand.joins
        ]

    async def _words(self, settings: InviteSettings, occasion: Occasion, join: Join) -> str:
        joined = occasion is Occasion.JOIN
        template = (
            settings.join_template or texts.USUAL_JOIN if joined else settings.leave_template or texts.USUAL_LEAVE
        )
        count = await self._count(join) if _COUNT in template else 0
        server = self._outlet.server_name(join.guild_id)
        return filled(template, texts.values(join, count=count, server=server, mentions=joined))

    async def _count(self, join: Join) -> int:
        """How many the inviter certainly brought, this one included."""
        if join.owner_id is None:
            return 0
        return await self._store.count_joins(join.guild_id, join.owner_id, levels=_SURE)

    async def _stop(self, guild_id: GuildId, occasion: Occasion, channel_id: ChannelId) -> None:
        """The channel refuses messages: none are tried any more, and an admin is told once."""
        _log.warning("permission missing", guild=guild_id, which="Send Messages", channel=channel_id)
        settings = await self.get(guild_id)
        if _channel(settings, occasion) == channel_id:
            await self._set(guild_id, occasion, None)
        words = texts.refused(guild_id, channel_id, joined=occasion is Occasion.JOIN)
        await self._notices.tell(NoticeKind.ADMIN, _subject(guild_id, occasion), words)

    async def _set(self, guild_id: GuildId, occasion: Occasion, channel_id: ChannelId | None) -> None:
        await self._choices.change(
            guild_id,
            lambda settings: (
                attrs.evolve(settings, join_channel_id=channel_id)
                if occasion is Occasion.JOIN
                else attrs.evolve(settings, leave_channel_id=channel_id)
            ),
        )


def _channel(settings: InviteSettings, occasion: Occasion) -> ChannelId | None:
    return settings.join_channel_id if occasion is Occasion.JOIN else settings.leave_channel_id


def _subject(guild_id: GuildId, occasion: Occasion) -> str:
    return f"{guild_id}:greetings:{occasion.value}"

"""Optional messages when somebody joins or leaves: off until an admin chooses a channel."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import attrs
import structlog

from giftbot.errors import InvalidInputError, StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Join, Level, Method, Source
from giftbot.models.notice import NoticeKind
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.news import News, Occasion, Unheard, channel_of, told_of
from giftbot.services.invites.templates import filled, parse_template
from giftbot.services.notices import Notices
from giftbot.services.ports import Channels, Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import greetings as texts

_log = structlog.get_logger(__name__)

SINGLY = 10
"""More who join or leave in one batch are told in one message."""
LATE = timedelta(minutes=10)
"""What was decided before is not told any more, if a crash kept it from being told."""
_NEEDED = ("View Channel", "Send Messages")
_WAITING = 500
_COUNT = "{count}"
_SURE = (Level.OWNER, Level.COUNTED, Level.CONFIRMED)


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
    batch: int | None = None
    """None only to see what was left when the last process ended."""
    news: News = attrs.Factory(dict)


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
        self._unheard = Unheard(clock)
        self._caught_up: set[GuildId] = set()

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
        ledger = await self._store.get_ledger(guild_id)
        await self._mark(guild_id, ledger.number if ledger is not None else 0)
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
        guild_id = batch.guild_id
        try:
            settings = await self.get(guild_id)
        except StoreError:
            self._caught_up.discard(guild_id)  # the next message comes after this one
            raise
        news = self._unheard.take(settings, batch)
        if not told_of(settings, batch):
            return
        if self._errands.qsize() >= _WAITING:
            count = sum(map(len, news.values()))
            _log.warning("greeting dropped", guild=guild_id, why="too many wait", count=count)
            return
        self._errands.put_nowait(_Errand(guild_id, batch.number, news))

    def arrived(self, guild_id: GuildId) -> None:
        """Tell what was decided in this server and not told, because the last process ended before."""
        if guild_id not in self._caught_up:
            self._errands.put_nowait(_Errand(guild_id))

    async def run(self) -> None:
        """Write what was noted, until cancelled."""
        while True:
            errand = await self._errands.get()
            try:
                await self._do(errand)
            except StoreError as error:
                _log.warning("greeting failed", guild=errand.guild_id, why=str(error))
            except Exception:
                _log.exception("greeting failed", guild=errand.guild_id, ref=new_reference())
            finally:
                self._errands.task_done()

    async def settled(self) -> None:
        """Return once everything that was noted is written."""
        await self._errands.join()

    async def _do(self, errand: _Errand) -> None:
        guild_id = errand.guild_id
        if guild_id not in self._caught_up:
            await self._catch_up(guild_id)
            self._caught_up.add(guild_id)
        if errand.batch is not None:
            await self._tell(errand.guild_id, errand.news)
            await self._mark(errand.guild_id, errand.batch)

    async def _catch_up(self, guild_id: GuildId) -> None:
        """Tell what a process before this one did not, once: it counts as told before it is."""
        settings = await self.get(guild_id)
        if all(channel_of(settings, occasion) is None for occasion in Occasion):
            return
        batches = await self._store.list_batches(guild_id)
        left = [batch for batch in batches if batch.number > settings.greeted and told_of(settings, batch)]
        if not left:
            return
        await self._mark(guild_id, left[0].number)
        for batch in reversed(batches):
            news = self._unheard.take(settings, batch)
            if batch not in left:
                continue
            if self._clock.now() - batch.decided_at <= LATE:
                await self._tell(guild_id, news)
            else:
                _log.warning("greeting dropped", guild=guild_id, why="too late", count=told_of(settings, batch))

    async def _mark(self, guild_id: GuildId, batch: int) -> None:
        await self._choices.change(
            guild_id, lambda settings: attrs.evolve(settings, greeted=max(settings.greeted, batch))
        )

    async def _tell(self, guild_id: GuildId, news: News) -> None:
        for occasion, joins in news.items():
            settings = await self.get(guild_id)
            channel_id = channel_of(settings, occasion)
            if channel_id is not None:
                await self._write(settings, occasion, channel_id, joins)

    async def _write(
        self, settings: InviteSettings, occasion: Occasion, channel_id: ChannelId, joins: Sequence[Join]
    ) -> None:
        for words, mention in await self._messages(settings, occasion, joins):
            said = await self._outlet.say(channel_id, words, mention=mention)
            if said is Said.REFUSED:
                await self._stop(settings.guild_id, occasion, channel_id)
                return

    async def _messages(
        self, settings: InviteSettings, occasion: Occasion, joins: Sequence[Join]
    ) -> Sequence[tuple[str, UserId | None]]:
        joined = occasion is Occasion.JOIN
        if len(joins) > SINGLY:
            many = texts.many_joined if joined else texts.many_left
            return [(many(len(joins)), None)]
        return [(await self._words(settings, occasion, join), join.user_id if joined else None) for join in joins]

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
        if channel_of(settings, occasion) == channel_id:
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


def _subject(guild_id: GuildId, occasion: Occasion) -> str:
    return f"{guild_id}:greetings:{occasion.value}"

"""What servers had chosen with earlier bots."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import attrs
import structlog

from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import GuildId
from giftbot.models.legacy import AutoRedeem, PostChannel, RedeemChannel
from giftbot.services.ports import AnnouncementStore, Clock, GuildStore, JobStore

_log = structlog.get_logger(__name__)
_TRIES = 5
TOGETHER = 100
"""Servers whose settings are written at the same time: they share transactions and round trips."""

Setting = PostChannel | RedeemChannel | AutoRedeem


class Choices:
    """Fills in what a server has not chosen here yet; what was chosen here counts more."""

    def __init__(self, *, store: GuildStore, posts: AnnouncementStore, jobs: JobStore, clock: Clock) -> None:
        self._store = store
        self._posts = posts
        self._jobs = jobs
        self._clock = clock
        self._given: dict[GuildId, list[Setting]] = {}
        self._posted: set[GuildId] = set()

    def note(self, settings: Iterable[Setting]) -> None:
        """Keep settings until the source was read: a server posts only once its history is there."""
        for setting in settings:
            self._given.setdefault(setting.guild_id, []).append(setting)

    def note_posted(self, guild_ids: Iterable[GuildId]) -> None:
        """Servers in which something was posted, as is stored already: they need not be looked up."""
        self._posted.update(guild_ids)

    async def flush(self) -> int:
        """Store what was collected; how many servers changed."""
        given, self._given = list(self._given.items()), {}
        changed = 0
        for first in range(0, len(given), TOGETHER):
            some = dict(given[first : first + TOGETHER])
            stored = await self._store.get_guilds(some.keys())
            fills = (
                self._fill(stored.get(guild_id) or GuildSettings(guild_id), settings)
                for guild_id, settings in some.items()
            )
            changed += sum(await asyncio.gather(*fills))
        return changed

    async def _fill(self, stored: GuildSettings, settings: Iterable[Setting]) -> bool:
        guild_id = stored.guild_id
        for _ in range(_TRIES):
            filled = stored
            for setting in sorted(settings, key=repr):
                filled = _with(filled, setting)
            if filled.auto_redeem and await self._jobs.list_jobs(guild_id=guild_id, limit=1):
                filled = attrs.evolve(filled, auto_redeem=stored.auto_redeem)  # somebody turned it off here
            if filled.channel_id != stored.channel_id:
                # Where nothing was ever posted, what is active now is not new; elsewhere it is, unless it was sent.
                choice = Backfill.POST if await self._was_posted_to(guild_id) else Backfill.SKIP
                filled = attrs.evolve(filled, backfill=choice, backfill_at=self._clock.now())
            if filled == stored:
                return False
            if await self._store.save_guild(attrs.evolve(filled, updated_at=self._clock.now())):
                return True
            stored = (await self._store.get_guilds([guild_id])).get(guild_id) or GuildSettings(guild_id)
        _log.warning("settings not taken over: somebody changes them over and over", guild=guild_id)
        return False

    async def _was_posted_to(self, guild_id: GuildId) -> bool:
        return guild_id in self._posted or bool(await self._posts.get_sent_codes(guild_id))


def _with(guild: GuildSettings, setting: Setting) -> GuildSettings:
    match setting:
        case PostChannel() if guild.channel_id is None:
            return attrs.evolve(guild, channel_id=setting.channel_id, auto_post=setting.auto_post)
        case RedeemChannel() if guild.redeem_channel_id is None:
            return attrs.evolve(guild, redeem_channel_id=setting.channel_id)
        case AutoRedeem(is_on=True):
            return attrs.evolve(guild, auto_redeem=True)
        case _:
            return guild

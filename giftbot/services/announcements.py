"""What is to be posted where: one outbox row per server and code, written before anything is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

import attrs
import structlog

from giftbot.models.announcement import (
    REVIVABLE_STATES,
    Announcement,
    AnnouncementState,
    Origin,
    pending,
)
from giftbot.models.code import MANUAL, CodeStatus, GiftCode
from giftbot.models.guild import Backfill, GuildSettings
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.notice import NoticeKind
from giftbot.models.statistics import GuildStatistics
from giftbot.services.notices import Notices, subject_of
from giftbot.services.ports import Clock, Store
from giftbot.services.signal import Signal
from giftbot.text import notices as texts

_log = structlog.get_logger(__name__)

_ORIGINS = {"json": Origin.API, "api": Origin.API, "rss": Origin.RSS, "page": Origin.WEBSITE, MANUAL: Origin.MANUAL}
_ENDED = frozenset(AnnouncementState) - {AnnouncementState.PENDING, AnnouncementState.CLAIMED}
CHUNK = 500
"""Rows written in one round trip, so that the event loop is never held for long."""
SERVERS = 50
"""Servers whose backfills are finished together."""


class Announcements:
    """Writes the outbox. Everything here may be repeated: rows that are there already stay as they are."""

    def __init__(self, *, store: Store, notices: Notices, clock: Clock, wake: Signal) -> None:
        self._store = store
        self._notices = notices
        self._clock = clock
        self._wake = wake
        self._one_at_a_time = asyncio.Lock()

    async def fan_out(self) -> int:
        """Enqueue every code that asks for it in every server that posts, and tell the owner; how many rows.

        What asks for it is stored with the code, so that a crash or another process loses nothing.
        """
        async with self._one_at_a_time:
            codes = await self._store.list_fan_out()
            if not codes:
                return 0
            written = 0
            async for guilds in self._store.scan_guilds(posting_only=True):
                rows = [self._row(guild, code) for guild in guilds for code in codes]
                written += await self._enqueue(rows)
            subject = subject_of([f"{code.key}@{code.epoch}" for code in codes])
            await self._notices.tell(NoticeKind.NEW_CODE, subject, texts.new_codes_notice(codes))
            for code in codes:
                await self._store.replace_code(attrs.evolve(code, fan_out=False))
            _log.info("enqueued", codes=[code.key for code in codes], rows=written)
            return written

    async def enqueue(
        self, guild: GuildSettings, codes: Sequence[GiftCode], *, origin: Origin | None = None, revive: bool = False
    ) -> int:
        """Enqueue codes in one server; how many will now be posted.

        With `revive` codes that failed or were skipped there start over.
        """
        now = self._clock.now()
        rows = [
            pending(
                guild.guild_id,
                code.key,
                origin or origin_of(code),
                now,
                guild_epoch=guild.epoch,
                code_epoch=code.epoch,
            )
            for code in codes
        ]
        return await self._enqueue(rows, revive=REVIVABLE_STATES if revive else ())

    async def backfill(self, guild: GuildSettings) -> int:
        """Post or skip the codes that were active when a server asked for it. While posting is off, it waits."""
        return await self._backfill([guild])

    async def backfill_leftovers(self) -> int:
        """Finish backfills that were asked for elsewhere, or cut short by a crash."""
        written = 0
        waiting = await self._store.list_backfills()
        for start in range(0, len(waiting), SERVERS):
            guilds = waiting[start : start + SERVERS]
            for guild in guilds:
                if guild.epoch:
                    await self._store.clear_guild_codes(guild.guild_id, before_epoch=guild.epoch)
            written += await self._backfill(guilds)
        return written

    async def _backfill(self, guilds: Sequence[GuildSettings]) -> int:
        asked = [
            (guild, asked_at)
            for guild in guilds
            if guild.backfill is not None and (asked_at := guild.backfill_at) is not None and guild.is_posting
        ]
        if not asked:
            return 0
        codes = await self._store.list_codes((CodeStatus.ACTIVE,))
        codes = [code for code in codes if not code.is_over(self._clock.now())]
        written = 0
        for choice, revive in ((Backfill.POST, REVIVABLE_STATES), (Backfill.SKIP, ())):
            rows = [self._row(guild, code) for guild, _ in asked if guild.backfill is choice for code in codes]
            written += await self._enqueue(rows, revive=revive)
        for guild, asked_at in asked:
            await self._store.finish_backfill(guild.guild_id, asked_at)
        _log.info("backfilled", guilds=[guild.guild_id for guild, _ in asked], codes=len(codes), rows=written)
        return written

    async def reset(self, guild_id: GuildId) -> int:
        """Forget what was sent in a server, so that all active codes are sent again; how many will be."""
        guild = await self._store.raise_epoch(guild_id, Backfill.POST, self._clock.now())
        removed = await self._store.clear_guild_codes(guild_id, before_epoch=guild.epoch)
        _log.info("reset", guild=guild_id, epoch=guild.epoch, removed=removed)
        return await self.backfill(guild)

    async def left(self, guild_id: GuildId) -> None:
        """Skip what is still to be posted in a server that the bot was removed from."""
        skipped = await self._store.skip_guild(guild_id, "the server was left", self._clock.now())
        if skipped:
            _log.info("skipped", guild=guild_id, rows=skipped, why="the server was left")

    async def post_again(self, guild_id: GuildId) -> int:
        """Post what nobody can tell whether it was posted (an admin's decision); how many codes."""
        count = await self._store.retry_unresolved(guild_id, self._clock.now())
        self._wake.set()
        return count

    async def post_code_again(self, guild: GuildSettings, code: GiftCode) -> int:
        """Post a code once more in a server, whatever became of it there; 0 when it is on its way already."""
        now = self._clock.now()
        row = pending(
            guild.guild_id, code.key, origin_of(code), now, guild_epoch=guild.epoch, code_epoch=code.epoch
        )
        return await self._enqueue([row], revive=_ENDED)

    async def unsent(self, guild_id: GuildId) -> list[GiftCode]:
        """The active codes that were not sent in a server, oldest first."""
        now = self._clock.now()
        codes = [code for code in await self._store.list_codes((CodeStatus.ACTIVE,)) if not code.is_over(now)]
        sent = await self.batch_check_codes(guild_id, [code.key for code in codes])
        return [code for code in codes if not sent[code.key]]

    # The operations that users of the earlier adapters know; thin on purpose.

    async def mark_codes_sent(
        self, guild_id: GuildId, codes: Collection[CodeKey], source: Origin = Origin.AUTO
    ) -> int:
        """Note codes as sent in a server without sending them; how many were new."""
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        return await self._store.mark_codes_sent(
            guild_id, codes, source, self._clock.now(), guild_epoch=guild.epoch if guild else 0
        )

    async def get_sent_codes(self, guild_id: GuildId) -> set[CodeKey]:
        """The codes that were sent in a server."""
        return await self._store.get_sent_codes(guild_id)

    async def is_code_sent(self, guild_id: GuildId, code: CodeKey) -> bool:
        """Whether this code was sent in this server."""
        return await self._store.is_code_sent(guild_id, code)

    async def batch_check_codes(self, guild_id: GuildId, codes: Collection[CodeKey]) -> dict[CodeKey, bool]:
        """For each code whether it was sent in this server."""
        return await self._store.batch_check_codes(guild_id, codes)

    async def get_all_sent_codes_global(self) -> set[CodeKey]:
        """The codes that were sent in at least one server."""
        return await self._store.get_all_sent_codes_global()

    async def clear_guild_codes(self, guild_id: GuildId) -> int:
        """The earlier adapters' word for `reset`."""
        return await self.reset(guild_id)

    async def get_stats(self, guild_id: GuildId | None = None) -> GuildStatistics:
        """Figures on the codes sent in one server, or in all."""
        return await self._store.get_stats(guild_id, self._clock.now())

    def _row(self, guild: GuildSettings, code: GiftCode) -> Announcement:
        """The row of one code in one server: skipped where "only new ones" was chosen after the code was found."""
        now = self._clock.now()
        row = pending(
            guild.guild_id, code.key, origin_of(code), now, guild_epoch=guild.epoch, code_epoch=code.epoch
        )
        is_old = guild.backfill_at is not None and code.created_at <= guild.backfill_at
        if guild.backfill is Backfill.SKIP and is_old:
            return attrs.evolve(
                row, state=AnnouncementState.SKIPPED, due_at=None, reason="only new codes were asked for"
            )
        return row

    async def _enqueue(self, rows: Sequence[Announcement], *, revive: Collection[AnnouncementState] = ()) -> int:
        written = 0
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            inserted = await self._store.enqueue(chunk, revive=revive)
            if inserted < len(chunk):
                _log.info(
                    "already sent (skipped)", rows=len(chunk) - inserted, codes=sorted({r.code for r in chunk})
                )
            written += inserted
        if written:
            self._wake.set()
        return written


def origin_of(code: GiftCode) -> Origin:
    """What found a code first, in the words of the stored field `source`."""
    first = min(code.sources, key=lambda name: code.sources[name].first_seen, default="")
    return _ORIGINS.get(first, Origin.AUTO)

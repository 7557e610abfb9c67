"""What an operator looks at: servers, codes and posts over the whole installation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import attrs

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.services.ports import Clock, Store


@attrs.frozen
class ServerCounts:
    """How many servers there are, of those that ever chose anything."""

    known: int = 0
    configured: int = 0
    """With a channel, and the bot is still there."""
    posting: int = 0
    disabled: int = 0
    """The bot stopped posting, because the channel refuses it."""


@attrs.frozen
class Figures:
    """What was posted, and what is open."""

    statistics: GuildStatistics
    outbox: OutboxCounts


@attrs.frozen
class Overview:
    """The figures of the whole installation."""

    figures: Figures
    servers: ServerCounts
    codes: Mapping[CodeStatus, int]
    """How many codes there are in each status; every status is there."""


@attrs.frozen
class ResetPreview:
    """What a reset of a server would do."""

    guild: GuildSettings
    sent: int
    """Codes noted as sent, which would be forgotten."""
    active: int
    """Codes that would be posted (again) where the server posts."""


class Inspection:
    """Reads, and changes nothing. It asks the store what the bot's own commands ask it."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def figures(self, guild_id: GuildId | None = None) -> Figures:
        """The figures of one server, or of all."""
        return Figures(
            statistics=await self._store.get_stats(guild_id, self._clock.now()),
            outbox=await self._store.count_outbox(guild_id),
        )

    async def overview(self) -> Overview:
        """The figures of the whole installation."""
        codes = Counter(code.status for code in await self._store.list_codes(tuple(CodeStatus)))
        return Overview(
            figures=await self.figures(),
            servers=await self._count_servers(),
            codes={status: codes[status] for status in CodeStatus},
        )

    async def codes(self, statuses: Collection[CodeStatus] = (), key: CodeKey | None = None) -> list[GiftCode]:
        """Codes in these states (in any when there are none), oldest first; with a key that one, if it matches."""
        wanted = tuple(statuses) or tuple(CodeStatus)
        if key is None:
            return await self._store.list_codes(wanted)
        return [code for code in (await self._store.get_codes([key])).values() if code.status in wanted]

    async def posts(
        self,
        *,
        guild_id: GuildId | None = None,
        states: Collection[AnnouncementState] = (),
        key: CodeKey | None = None,
        limit: int,
    ) -> list[Announcement]:
        """Rows of the outbox that match, the last changed first; at most `limit`."""
        return await self._store.list_announcements(guild_id=guild_id, states=states, code=key, limit=limit)

    async def servers(self, *, guild_id: GuildId | None = None, disabled_only: bool = False) -> list[GuildSettings]:
        """Servers that chose anything, by id."""
        if guild_id is not None:
            found = list((await self._store.get_guilds([guild_id])).values())
        else:
            found = [guild async for chunk in self._store.scan_guilds(posting_only=False) for guild in chunk]
        return [guild for guild in found if guild.disabled_reason is not None or not disabled_only]

    async def preview_reset(self, guild_id: GuildId) -> ResetPreview | None:
        """What a reset would do; None for a server of which nothing is known."""
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        if guild is None and not await self._store.list_announcements(guild_id=guild_id, limit=1):
            return None
        now = self._clock.now()
        active = [code for code in await self._store.list_codes((CodeStatus.ACTIVE,)) if not code.is_over(now)]
        return ResetPreview(
            guild=guild or GuildSettings(guild_id=guild_id),
            sent=len(await self._store.get_sent_codes(guild_id)),
            active=len(active),
        )

    async def _count_servers(self) -> ServerCounts:
        known = configured = posting = disabled = 0
        async for guilds in self._store.scan_guilds(posting_only=False):
            known += len(guilds)
            configured += sum(guild.channel_id is not None and guild.left_at is None for guild in guilds)
            posting += sum(guild.is_posting for guild in guilds)
            disabled += sum(guild.disabled_reason is not None for guild in guilds)
        return ServerCounts(known=known, configured=configured, posting=posting, disabled=disabled)

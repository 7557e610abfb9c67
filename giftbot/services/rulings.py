"""What the bot's operator rules on single codes: they are good, they are over, they are posted again."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta

import attrs
import structlog

from giftbot.errors import InvalidInputError
from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.models.code import CodeStatus, Finding, GiftCode, display_form, fold
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId
from giftbot.services.announcements import Announcements
from giftbot.services.codes import Codes
from giftbot.services.ports import Clock, Store
from giftbot.services.reports import in_one_line
from giftbot.text import rulings as texts

_log = structlog.get_logger(__name__)

REPEATED_AFTER = timedelta(minutes=10)
"""Sooner than this, Discord may take a post for the one before, and show only that."""
COUNTED = 10_000
"""Servers that have a post; more than so many are not told apart."""
_UNDERWAY = (AnnouncementState.PENDING, AnnouncementState.CLAIMED)


class Added(enum.StrEnum):
    """What became of a code that the operator gave."""

    NEW = "new"
    RELEASED = "released"
    """It was held until now."""
    KNOWN = "known"
    """It is active already: nothing changed."""


@attrs.frozen
class Again:
    """What it means to post a code once more."""

    code: GiftCode
    servers: int
    """Those that would get it."""
    had_it: int
    """Servers where it was posted before."""
    guild: GuildSettings | None = None
    """The only server that is meant; None for all that post."""


class Rulings:
    """Carries out what the operator decides. Their word stands above that of sources and game."""

    def __init__(self, *, store: Store, codes: Codes, announcements: Announcements, clock: Clock) -> None:
        self._store = store
        self._codes = codes
        self._announcements = announcements
        self._clock = clock

    async def require_usable(self, raw: str, expires_at: datetime | None = None) -> GiftCode | None:
        """The code, if it is known. Raises `InvalidCodeError`; `InvalidInputError` where it cannot be posted."""
        key, now = fold(raw), self._clock.now()
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError(texts.EXPIRY_IS_PAST)
        code = (await self._codes.get([key])).get(key)
        if code is not None and code.is_over(now):
            raise InvalidInputError(texts.is_over(code))
        return code

    async def add(
        self, raw: str, *, rewards: str | None = None, expires_at: datetime | None = None, dry_run: bool = False
    ) -> tuple[GiftCode, Added]:
        """Announce a code in every server that posts.

        Raises `InvalidCodeError`, and `InvalidInputError` for one that is over.
        """
        known = await self.require_usable(raw, expires_at)
        finding = Finding(fold(raw), display_form(raw), in_one_line(rewards), expires_at)
        if known is not None and known.status is not CodeStatus.HELD:
            return known, Added.KNOWN
        result = Added.NEW if known is None else Added.RELEASED
        if dry_run:
            return known or self._codes.affirmed(finding), result
        announced = await self._codes.affirm(finding)
        await self._announcements.fan_out()
        if announced is None:  # somebody else did it a moment ago
            return (await self._codes.get([finding.key]))[finding.key], Added.KNOWN
        _log.info("code added", code=finding.key, result=result)
        return announced, result

    async def expire(self, raw: str, *, dry_run: bool = False) -> tuple[GiftCode, bool]:
        """End a code: it is neither posted nor redeemed any more; the code, and whether it was not over before.

        Raises `InvalidInputError` for one that is not known.
        """
        code = await self._find(fold(raw))
        is_news = code.status in (CodeStatus.ACTIVE, CodeStatus.HELD)
        if is_news and not dry_run:
            is_news = await self._codes.end(code.key, is_known=True)
        return code, is_news

    async def waiting(self, key: CodeKey) -> int:
        """How many servers wait for a post of a code."""
        return len(await self._store.list_announcements(states=_UNDERWAY, code=key, limit=COUNTED))

    async def preview_again(self, raw: str, guild_id: GuildId | None = None) -> Again:
        """What posting a code again would do. Raises `InvalidInputError` where it is not possible."""
        code = await self._find(fold(raw))
        if code.status is CodeStatus.HELD:
            raise InvalidInputError(texts.is_held(code))
        if guild_id is not None:
            return await self._preview_in(code, guild_id)
        servers = 0
        async for guilds in self._store.scan_guilds(posting_only=True):
            servers += len(guilds)
        posts = await self._store.list_announcements(states=(AnnouncementState.SENT,), code=code.key, limit=COUNTED)
        return Again(code, servers, len(posts))

    async def announce_again(self, again: Again) -> int:
        """Post a code once more, as it was previewed; in how many servers it will be."""
        if again.guild is not None:
            return await self._announcements.post_code_again(again.guild, again.code)
        if not await self._codes.renew(again.code.key):
            return 0
        _log.info("code announced again", code=again.code.key)
        return await self._announcements.fan_out()

    async def _preview_in(self, code: GiftCode, guild_id: GuildId) -> Again:
        if code.is_over(self._clock.now()):
            raise InvalidInputError(texts.is_over_everywhere(code))
        guild = (await self._store.get_guilds([guild_id])).get(guild_id)
        if guild is None or not guild.is_posting:
            raise InvalidInputError(texts.does_not_post(guild_id))
        posts = await self._store.list_announcements(guild_id=guild_id, code=code.key, limit=1)
        for post in posts:
            self._require_past(code, post)
        return Again(code, 1, sum(post.state is AnnouncementState.SENT for post in posts), guild)

    def _require_past(self, code: GiftCode, post: Announcement) -> None:
        """Refuse what would be lost: a post that is on its way, or that Discord still takes for the same one."""
        if post.state in _UNDERWAY:
            raise InvalidInputError(texts.is_underway(code, post.guild_id))
        latest = post.last_attempt_at or post.sent_at
        if latest is not None and (free_at := latest + REPEATED_AFTER) > self._clock.now():
            raise InvalidInputError(texts.is_too_fresh(code, post.guild_id, free_at))

    async def _find(self, key: CodeKey) -> GiftCode:
        code = (await self._codes.get([key])).get(key)
        if code is None:
            raise InvalidInputError(texts.not_known(key))
        return code

"""Codes that people report by hand, and what the owner decides on those that are held."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import structlog

from giftbot.errors import InvalidInputError
from giftbot.models.announcement import Origin
from giftbot.models.code import MANUAL, CodeStatus, Finding, GiftCode, discovered, display_form, fold
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey
from giftbot.models.notice import NoticeKind
from giftbot.models.report import Report, ReportResult
from giftbot.services.announcements import Announcements
from giftbot.services.codes import Codes
from giftbot.services.notices import Notices, subject_of
from giftbot.services.ports import Clock
from giftbot.services.posts import REWARDS_LENGTHS, cut
from giftbot.text import answers as answer_texts
from giftbot.text import notices as notice_texts

_log = structlog.get_logger(__name__)


class Reports:
    """Takes reports and decisions."""

    def __init__(self, *, codes: Codes, announcements: Announcements, notices: Notices, clock: Clock) -> None:
        self._codes = codes
        self._announcements = announcements
        self._notices = notices
        self._clock = clock

    async def report(
        self,
        guild: GuildSettings,
        raw: str,
        *,
        rewards: str | None = None,
        expires_at: datetime | None = None,
        reporter: str,
        dry_run: bool = False,
    ) -> Report:
        """Post a code in one server, on its admin's word. `reporter` is who the owner reads of.

        With `dry_run` nothing is stored: what would become of it.

        Raises `InvalidCodeError` for what is no code, and `InvalidInputError` when it cannot be posted.
        """
        key, now = fold(raw), self._clock.now()
        if guild.channel_id is None or guild.disabled_reason is not None:
            raise InvalidInputError(answer_texts.NO_CHANNEL_YET)
        if expires_at is not None and expires_at <= now:
            raise InvalidInputError(answer_texts.EXPIRY_IS_PAST)
        finding = Finding(key, display_form(raw), in_one_line(rewards), expires_at)
        reported = discovered(MANUAL, finding, CodeStatus.HELD, now)
        is_new = not dry_run and await self._codes.insert_held(reported)
        known = None if is_new else (await self._codes.get([key])).get(key)
        code = known or reported
        if code.is_over(now):
            raise InvalidInputError(answer_texts.code_is_over(code.display, code.expired_at))
        if await self._announcements.is_code_sent(guild.guild_id, key):
            return Report(code, ReportResult.ALREADY_SENT)
        if not dry_run:
            await self._announcements.enqueue(guild, [code], origin=Origin.MANUAL, revive=True)
            _log.info("code reported", code=key, guild=guild.guild_id, known=not is_new)
        if code.status is not CodeStatus.HELD:
            return Report(code, ReportResult.POSTED)
        if is_new:
            await self._notices.tell(
                NoticeKind.HELD_CODES,
                subject_of([key]),
                notice_texts.reported_notice(code, guild.guild_id, reporter),
                codes=[key],
            )
        return Report(code, ReportResult.POSTED_AND_HELD)

    async def release(self, keys: Collection[CodeKey]) -> list[GiftCode]:
        """Announce held codes everywhere; those that were held."""
        released = await self._codes.release(keys)
        await self._announcements.fan_out()
        return released

    async def discard(self, keys: Collection[CodeKey]) -> list[GiftCode]:
        """Refuse held codes; those that were held."""
        return await self._codes.discard(keys)


def in_one_line(words: str | None) -> str | None:
    """What an admin typed, without line breaks and invisible characters, cut to what a post shows."""
    folded = " ".join((words or "").split())
    return cut("".join(char for char in folded if char.isprintable()), REWARDS_LENGTHS[0])

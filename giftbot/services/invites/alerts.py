"""Telling a server once that the bot may not see its invites."""

from __future__ import annotations

import asyncio

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.logs import new_reference
from giftbot.models.ids import GuildId
from giftbot.models.invite import Coverage
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.notice import NoticeKind
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.invites.ports import InviteDirectory
from giftbot.services.notices import Notices
from giftbot.text import invite_debug as texts

_log = structlog.get_logger(__name__)


class Alerts:
    """One notice for a permission that is missing; told again only after it was there in between."""

    def __init__(self, *, directory: InviteDirectory, choices: InviteChoices, notices: Notices) -> None:
        self._directory = directory
        self._choices = choices
        self._notices = notices
        self._open: set[GuildId] = set()
        self._told: set[GuildId] = set()
        self._well: set[GuildId] = set()
        self._queue: asyncio.Queue[GuildId] = asyncio.Queue()

    def complain(self, guild_id: GuildId) -> None:
        """Note that the bot may not look there. Costs nothing when that is known."""
        self._well.discard(guild_id)
        if guild_id not in self._open and guild_id not in self._told:
            self._open.add(guild_id)
            self._queue.put_nowait(guild_id)

    async def on_decided(self, batch: InviteBatch) -> None:
        """A server whose invites are seen (again) may be told anew."""
        guild_id = batch.guild_id
        if guild_id in self._well or self._directory.coverage(guild_id) is Coverage.NONE:
            return
        self._told.discard(guild_id)
        if (await self._choices.get(guild_id)).told_missing:
            await self._notices.forget(NoticeKind.ADMIN, _subject(guild_id))
            await self._choices.change(guild_id, lambda settings: attrs.evolve(settings, told_missing=()))
        self._well.add(guild_id)

    async def run(self) -> None:
        """Tell what was noted, until cancelled."""
        while True:
            guild_id = await self._queue.get()
            try:
                await self.tell(guild_id)
            except StoreError as error:
                self._told.discard(guild_id)
                _log.warning("notice not stored", guild=guild_id, why=str(error))
            except Exception:
                _log.exception("notice not told", guild=guild_id, ref=new_reference())
            finally:
                self._open.discard(guild_id)
                self._queue.task_done()

    async def settled(self) -> None:
        """Return once everything that was noted is told."""
        await self._queue.join()

    async def tell(self, guild_id: GuildId) -> bool:
        """Tell an admin of the server what is missing, unless that was told; whether it was new."""
        missing = self._directory.missing(guild_id)
        settings = await self._choices.get(guild_id)
        if not missing:
            return False
        self._told.add(guild_id)
        if set(missing) <= set(settings.told_missing):
            return False
        _log.warning("permission missing", guild=guild_id, which=", ".join(missing))
        await self._notices.tell(NoticeKind.ADMIN, _subject(guild_id), texts.permission_notice(guild_id, missing))
        await self._choices.change(guild_id, lambda settings: attrs.evolve(settings, told_missing=missing))
        return True


def _subject(guild_id: GuildId) -> str:
    return f"{guild_id}:invites"

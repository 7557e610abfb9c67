"""Looking for a fault in attribution: what is cached, what Discord shows, what the bot may do; and looking anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from giftbot.errors import InviteLookError, StoreError, UserError
from giftbot.models.copy_status import CopyStatus
from giftbot.models.ids import GuildId
from giftbot.models.invite import Coverage, Snapshot
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.invite_health import (
    BlindSpots,
    ChannelLine,
    ChannelPage,
    Difference,
    Health,
    InviteLine,
    InvitePage,
    Refreshed,
    SearchState,
    compare,
)
from giftbot.models.staff import StaffLink
from giftbot.services.invites.ports import InviteDirectory
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import invite_debug as texts

_log = structlog.get_logger(__name__)

LINES = 10
"""Invites on a page."""
CHANNELS = 20
"""Channels on a page."""
PATIENCE = 60.0
"""Seconds that somebody waits for a look."""
_BATCHES = 100


class CopyKeeping(Protocol):
    """The copies, as far as they are shown and made on demand."""

    def status(self) -> tuple[CopyStatus, ...]:
        """The tables first, then each place."""
        ...

    async def back_up(self) -> tuple[CopyStatus, ...]:
        """Copy everything to every place now. Raises `StoreError`."""
        ...


class InviteHealth:
    """Shows how attribution stands, and looks anew on demand."""

    def __init__(
        self,
        *,
        store: InviteStore,
        directory: InviteDirectory,
        refresh: Callable[[GuildId], Awaitable[Ledger]],
        copies: CopyKeeping | None,
        clock: Clock,
        search: Callable[[GuildId], SearchState] | None = None,
    ) -> None:
        """Take `refresh`, which looks and decides (`Actors.refresh`).

        `copies` is None where none are kept, `search` (`Auditor.state`) where the member search is off.
        """
        self._store = store
        self._directory = directory
        self._refresh = refresh
        self._copies = copies
        self._clock = clock
        self._search = search

    async def examine(self, guild_id: GuildId) -> Health:
        """How everything stands; with one look, where the bot may."""
        ledger = await self._store.get_ledger(guild_id) or Ledger(guild_id)
        snapshot, failed = await self._look(guild_id)
        sights = self._directory.sights(guild_id)
        return Health(
            ledger=ledger,
            coverage=self._directory.coverage(guild_id),
            missing=self._directory.missing(guild_id),
            blind=BlindSpots(
                untold=tuple(sight.name for sight in sights if not sight.may_manage),
                uncreatable=tuple(sight.name for sight in sights if not sight.may_create),
                channels=len(sights),
            ),
            comparison=None if snapshot is None else compare(ledger, snapshot),
            look_failed=failed,
            lost=0 if snapshot is None else snapshot.lost,
            links=len(await self._store.list_links(guild_id, valid_only=True)),
            waiting=len(await self._store.list_events(guild_id)),
            copies=() if self._copies is None else self._copies.status(),
            pages=_pages(len(ledger.invites), LINES),
            search=None if self._search is None else self._search(guild_id),
        )

    async def invites(self, guild_id: GuildId, number: int) -> InvitePage:
        """A page of the cached invites; the last one when there are less."""
        ledger = await self._store.get_ledger(guild_id) or Ledger(guild_id)
        now = self._clock.now()
        links: dict[str, StaffLink] = {
            link.code: link
            for link in await self._store.list_links(guild_id, valid_only=True)
            if link.is_valid_at(now)
        }
        found = sorted(ledger.invites.values(), key=lambda invite: (-invite.uses, invite.code))
        pages = _pages(len(found), LINES)
        number = max(0, min(number, pages - 1))
        lines = tuple(
            InviteLine(invite, links.get(invite.code)) for invite in found[number * LINES : (number + 1) * LINES]
        )
        return InvitePage(lines, number, pages, len(found), ledger.taken_at)

    def channels(self, guild_id: GuildId, number: int) -> ChannelPage:
        """A page of the channels that can have invites; the last one when there are less."""
        sights = self._directory.sights(guild_id)
        pages = _pages(len(sights), CHANNELS)
        number = max(0, min(number, pages - 1))
        lines = tuple(
            ChannelLine(sight.channel_id, sight.name, sight.may_manage, sight.may_create, sight.is_public)
            for sight in sights[number * CHANNELS : (number + 1) * CHANNELS]
        )
        return ChannelPage(lines, number, pages, len(sights))

    async def refresh(self, guild_id: GuildId) -> Refreshed:
        """Look, decide, save, copy; what came of it. Raises `UserError` when Discord did not show the invites."""
        before = await self._store.get_ledger(guild_id) or Ledger(guild_id)
        if self._directory.coverage(guild_id) is Coverage.NONE:
            raise UserError(texts.not_permitted(self._directory.missing(guild_id)))
        try:
            async with asyncio.timeout(PATIENCE):
                after = await self._refresh(guild_id)
        except TimeoutError:
            raise UserError(texts.STILL_LOOKING) from None
        except InviteLookError as error:
            _log.warning("invites not refreshed", guild=guild_id, why=str(error))
            raise UserError(texts.look_failed(str(error))) from error
        batches = [
            batch
            for batch in await self._store.list_batches(guild_id, limit=_BATCHES)
            if before.number < batch.number <= after.number
        ]
        return _refreshed(before, after, batches, await self._back_up())

    async def _look(self, guild_id: GuildId) -> tuple[Snapshot | None, str | None]:
        if self._directory.coverage(guild_id) is Coverage.NONE:
            return None, texts.not_permitted(self._directory.missing(guild_id))
        try:
            return await self._directory.look(guild_id), None
        except InviteLookError as error:
            return None, str(error)

    async def _back_up(self) -> tuple[CopyStatus, ...]:
        if self._copies is None:
            return ()
        try:
            return await self._copies.back_up()
        except StoreError as error:
            _log.warning("copy failed", why=str(error))
            return self._copies.status()


def _pages(count: int, most: int) -> int:
    return max(1, -(-count // most))


def _refreshed(
    before: Ledger, after: Ledger, batches: list[InviteBatch], copies: tuple[CopyStatus, ...]
) -> Refreshed:
    moved = [
        Difference(code, before.invites[code].uses, invite.uses)
        for code, invite in sorted(after.invites.items())
        if code in before.invites and before.invites[code].uses != invite.uses
    ]
    vanity = 0
    if before.vanity is not None and after.vanity is not None and before.vanity.code == after.vanity.code:
        vanity = after.vanity.uses - before.vanity.uses
    joins = {join.join_id: join for batch in sorted(batches, key=lambda one: one.number) for join in batch.joins}
    return Refreshed(
        moved=tuple(moved),
        new=tuple(sorted(after.invites.keys() - before.invites.keys())),
        gone=tuple(sorted(before.invites.keys() - after.invites.keys())),
        vanity=vanity,
        joins=tuple(joins.values()),
        invites=len(after.invites),
        copies=copies,
    )

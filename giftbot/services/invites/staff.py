"""Staff links: made by the bot or adopted, issued again, ended. Who a link counted for is never rewritten."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

import attrs
import structlog

from giftbot.errors import InvalidInputError, StoreError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, UserId
from giftbot.models.invite import Invite, Vanity
from giftbot.models.invite_batch import Ledger
from giftbot.models.staff import LinkState, StaffLink
from giftbot.services.invites.invite_codes import parse_code
from giftbot.services.invites.link_making import LinkMade, LinkMaker
from giftbot.services.invites.ports import InviteDirectory
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore
from giftbot.text import staff as texts

_log = structlog.get_logger(__name__)


class StaffLinks:
    """Sets up links and keeps their history."""

    def __init__(
        self,
        *,
        store: InviteStore,
        directory: InviteDirectory,
        clock: Clock,
        refresh: Callable[[GuildId], Awaitable[Ledger]],
        changed: Callable[[GuildId], None] = lambda _guild_id: None,
    ) -> None:
        """Take the ports. `refresh` looks at a server's invites now, `changed` is told of servers with new rows."""
        self._store = store
        self._directory = directory
        self._maker = LinkMaker(directory, self._now)
        self._clock = clock
        self._refresh = refresh
        self._changed = changed
        self._turns: defaultdict[GuildId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def all(self, guild_id: GuildId, staff_id: UserId | None = None) -> list[StaffLink]:
        """A server's links, also those that ended; the newest first."""
        return (await self._store.list_links(guild_id, staff_id=staff_id))[::-1]

    async def is_staff(self, guild_id: GuildId, user_id: UserId) -> bool:
        """Whether somebody has a link that counts now."""
        return bool(await self._store.list_links(guild_id, staff_id=user_id, valid_only=True))

    async def make(
        self,
        guild_id: GuildId,
        staff_id: UserId,
        staff_name: str,
        *,
        channel_id: ChannelId | None = None,
        wants_role: bool = True,
    ) -> LinkMade:
        """Make a link without limits for a staff member; the one they have for that channel, if there is one.

        Raises:
            InvalidInputError: The bot can make none there; the text says what to do.
            InviteLookError: Discord did not answer.
        """
        async with self._turns[guild_id]:
            sight = self._maker.place(guild_id, channel_id)
            for link in await self._store.list_links(guild_id, staff_id=staff_id, valid_only=True):
                if link.is_ours and link.channel_id == sight.channel_id and link.state is LinkState.LIVE:
                    return LinkMade(link, is_new=False)
            made = await self._maker.make(guild_id, sight, staff_id, staff_name, wants_role=wants_role)
            await self._insert(made.link)
            return made

    async def adopt(self, guild_id: GuildId, staff_id: UserId, staff_name: str, typed: str) -> LinkMade:
        """Let a link that exists count for a staff member from now on.

        Raises:
            InvalidInputError: It is not a link of this server, as far as the bot can see.
            InviteLookError: Discord did not show the invites.
        """
        code = parse_code(typed)
        known = await self._known(guild_id, code)
        async with self._turns[guild_id]:
            held = await self._valid(guild_id, code)
            if held is not None and held.staff_id == staff_id:
                return LinkMade(held, is_new=False)
            now = self._now()
            invite = known if isinstance(known, Invite) else None
            link = StaffLink(
                guild_id=guild_id,
                code=code,
                staff_id=staff_id,
                valid_from=now,
                staff_name=staff_name,
                channel_id=invite.channel_id if invite is not None else None,
                is_ours=invite is not None and invite.inviter_id == self._directory.bot_id,
                updated_at=now,
            )
            if held is not None:
                await self._end(held, now)
            await self._insert(link)
            return LinkMade(link, invite=invite, before=held)

    async def reissue(self, guild_id: GuildId, code: InviteCode) -> LinkMade:
        """Make a new link in place of one; joins by the old one keep counting as they did.

        Raises:
            InvalidInputError: There is no such link any more, or the bot can make none.
            InviteLookError: Discord did not answer.
        """
        async with self._turns[guild_id]:
            old = await self._valid(guild_id, code)
            if old is None:
                raise InvalidInputError(texts.no_such_link(code))
            sights = {sight.channel_id: sight for sight in self._directory.sights(guild_id)}
            sight = sights.get(old.channel_id) if old.channel_id is not None else None
            if sight is None or not (sight.is_public and sight.may_create):
                sight = self._maker.place(guild_id, None)
            made = await self._maker.make(
                guild_id,
                sight,
                old.staff_id,
                old.staff_name or str(old.staff_id),
                # Who follows the old link, if it still exists, must not be taken for a member of the new one.
                role_id=old.marker_role_id if old.state is LinkState.VANISHED else None,
            )
            link = attrs.evolve(made.link, replaces=old.code, notes=old.notes)
            await self._insert(link)
            await self._end(old, link.valid_from)
            return attrs.evolve(made, link=link, before=old)

    async def end(self, guild_id: GuildId, code: InviteCode) -> StaffLink:
        """Let a link count for nobody from now on. Raises `InvalidInputError` when it does already."""
        async with self._turns[guild_id]:
            link = await self._valid(guild_id, code)
            if link is None:
                raise InvalidInputError(texts.no_such_link(code))
            return await self._end(link, self._now())

    async def refresh_names(self, guild_id: GuildId) -> tuple[int, int]:
        """Take the staff's names from Discord again: how many rows changed, how many people were not found.

        Who is not found keeps the last known name. Raises `InviteLookError`.
        """
        links, now = await self._store.list_links(guild_id), self._now()
        people = sorted({link.staff_id for link in links})
        names = await self._directory.names(guild_id, people) if people else {}
        changed = 0
        for link in links:
            name = names.get(link.staff_id)
            if name is not None and name != link.staff_name:
                await self._change(link, partial(attrs.evolve, staff_name=name, updated_at=now))
                changed += 1
        return changed, len(people) - len(names)

    async def _known(self, guild_id: GuildId, code: InviteCode) -> Invite | Vanity:
        ledger = await self._store.get_ledger(guild_id)
        found = _find(ledger, code) or _find(await self._refresh(guild_id), code)
        if found is None:
            raise InvalidInputError(texts.unknown_code(code))
        return found

    async def _valid(self, guild_id: GuildId, code: InviteCode) -> StaffLink | None:
        links = await self._store.list_links(guild_id, valid_only=True)
        return next((link for link in links if link.code == code), None)

    async def _insert(self, link: StaffLink) -> None:
        if not await self._store.save_link(link):
            raise StoreError("This link is being set up by somebody else. Look at /staff links.")
        self._changed(link.guild_id)

    async def _end(self, link: StaffLink, moment: datetime) -> StaffLink:
        return await self._change(
            link, lambda link: attrs.evolve(link, valid_to=moment, state=LinkState.ENDED, updated_at=moment)
        )

    async def _change(self, link: StaffLink, transition: Callable[[StaffLink], StaffLink]) -> StaffLink:
        for _ in range(5):
            changed = transition(link)
            if await self._store.save_link(changed):
                self._changed(link.guild_id)
                return attrs.evolve(changed, revision=changed.revision + 1)
            rows = await self._store.list_links(link.guild_id, staff_id=link.staff_id)
            link = next((row for row in rows if row.key == link.key), link)
        raise StoreError("This link is being changed by somebody else over and over. Try again.")

    def _now(self) -> datetime:
        """The present moment as stores keep it."""
        now = self._clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _find(ledger: Ledger | None, code: InviteCode) -> Invite | Vanity | None:
    if ledger is None:
        return None
    if ledger.vanity is not None and ledger.vanity.code == code:
        return ledger.vanity
    return ledger.invites.get(code)

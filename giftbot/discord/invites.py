"""Discord's side of invites; implements the `InviteDirectory` port.

Source: https://docs.discord.com/developers/resources/invite
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import hikari
import structlog

from giftbot.discord import raw
from giftbot.discord.invite_entries import (
    entry_of,
    invite_of,
    last_uses_of,
    member_of,
    number_of,
    vanity_of,
)
from giftbot.discord.invite_rights import MANAGE_SERVER, InviteRights
from giftbot.errors import InviteLookError
from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage, Invite, Snapshot, Vanity
from giftbot.services.invites.ports import ChannelSight, MemberSeen
from giftbot.services.ports import Clock

_log = structlog.get_logger(__name__)

T = TypeVar("T")

_DELETED = 42
_BOT_ADDED = 28
_PAGES = 10
"""Pages of the audit log that are read at most."""
_SKEW = timedelta(seconds=10)
"""How far Discord's clock and ours may be apart."""
_NO_ADDRESS = 50020
_EPOCH_MS = 1_420_070_400_000


class DiscordInvites:
    """Asks through hikari, and only what the bot has the permission for."""

    def __init__(self, rest: hikari.api.RESTClient, rights: InviteRights, clock: Clock) -> None:
        self._rest = rest
        self.rights = rights
        self._clock = clock
        self._empty: dict[GuildId, set[ChannelId]] = {}
        """Channels without invites: their lists are asked for again when an invite is made there."""

    @property
    def bot_id(self) -> UserId:
        """The bot's own user id."""
        return self.rights.user_id

    def coverage(self, guild_id: GuildId) -> Coverage:
        """How much a look would show now."""
        return self.rights.coverage(guild_id)

    def missing(self, guild_id: GuildId) -> tuple[str, ...]:
        """Names of the permissions whose lack makes that less than everything."""
        return self.rights.missing(guild_id)

    def sights(self, guild_id: GuildId) -> list[ChannelSight]:
        """The channels that can have invites."""
        return self.rights.sights(guild_id)

    def has_vanity(self, guild_id: GuildId) -> bool:
        """Whether the server may have an address of its own."""
        return self.rights.has_vanity(guild_id)

    def has_gate(self, guild_id: GuildId) -> bool:
        """Whether members are approved by hand before they join."""
        return self.rights.has_gate(guild_id)

    def may_make_roles(self, guild_id: GuildId) -> bool:
        """Whether the bot may make roles, and have invites give them."""
        return self.rights.may(guild_id, hikari.Permissions.MANAGE_ROLES)

    def note_invite_in(self, guild_id: GuildId, channel_id: ChannelId | None) -> None:
        """An invite was made in that channel; None: in any."""
        if channel_id is None:
            self._empty.pop(guild_id, None)
        else:
            self._empty.get(guild_id, set()).discard(channel_id)

    async def look(self, guild_id: GuildId) -> Snapshot:
        """The invites now, as much as may be seen."""
        coverage = self.coverage(guild_id)
        if coverage is Coverage.NONE:
            raise _not_permitted(MANAGE_SERVER)
        if coverage is Coverage.CHANNELS:
            return await self._look_into_channels(guild_id)
        answer = await _ask(raw.guild_invites(self._rest, guild_id))
        invites, lost = _read(answer, guild_id, counted=coverage is Coverage.FULL)
        return Snapshot(guild_id, self._clock.now(), invites, coverage, lost=lost)

    async def _look_into_channels(self, guild_id: GuildId) -> Snapshot:
        channel_ids = self.rights.countable(guild_id)
        empty = self._empty.setdefault(guild_id, set())
        asked = [channel_id for channel_id in channel_ids if channel_id not in empty]
        empty.update(asked)  # what is told while the answers are on their way takes its channel out again
        try:
            answers = await asyncio.gather(
                *(_ask(raw.channel_invites(self._rest, channel_id)) for channel_id in asked)
            )
        except BaseException:
            empty.difference_update(asked)
            raise
        invites: dict[InviteCode, Invite] = {}
        lost = 0
        for channel_id, answer in zip(asked, answers, strict=True):
            found, unread = _read(answer, guild_id)
            if found or unread:
                empty.discard(channel_id)
            invites |= found
            lost += unread
        return Snapshot(
            guild_id, self._clock.now(), invites, Coverage.CHANNELS, channel_ids=frozenset(channel_ids), lost=lost
        )

    async def vanity(self, guild_id: GuildId) -> Vanity | None:
        """The server's own address; None when Discord says nothing useful."""
        if not self.rights.may(guild_id, hikari.Permissions.MANAGE_GUILD):
            return None
        try:
            return vanity_of(await raw.vanity_url(self._rest, guild_id))
        except hikari.BadRequestError as error:
            if error.code == _NO_ADDRESS:
                return None
            raise _failed(error) from error
        except Exception as error:  # whatever hikari lets through of a broken answer
            raise _failed(error) from error

    async def revoked(self, guild_id: GuildId, since: datetime) -> Mapping[InviteCode, int] | None:
        """Invites that somebody deleted since then, with their last uses; None when that cannot be read."""
        if not self.rights.may(guild_id, hikari.Permissions.VIEW_AUDIT_LOG):
            return None
        first = (int((since - _SKEW).timestamp() * 1_000) - _EPOCH_MS) << 22
        found: dict[InviteCode, int] = {}
        before: int | None = None
        for _ in range(_PAGES):
            entries = _log_entries(await _ask(raw.audit_log(self._rest, guild_id, _DELETED, before=before)))
            for entry_id, entry in entries:
                if entry_id < first:
                    return found
                code, uses = last_uses_of(entry)
                if code is None or uses is None:
                    return None  # it was deleted, and nobody knows after how many uses
                found.setdefault(code, uses)
            if len(entries) < raw.LOG_PAGE:
                return found
            before = entries[-1][0]
        return None

    async def adder(self, guild_id: GuildId, bot_id: UserId) -> UserId | None:
        """Who added a bot, as the audit log says; None when it cannot be known."""
        if not self.rights.may(guild_id, hikari.Permissions.VIEW_AUDIT_LOG):
            return None
        for _, entry in _log_entries(await _ask(raw.audit_log(self._rest, guild_id, _BOT_ADDED))):
            if number_of(entry.get("target_id")) == bot_id:
                user_id = number_of(entry.get("user_id"))
                return None if user_id is None else UserId(user_id)
        return None

    async def members(self, guild_id: GuildId) -> Sequence[MemberSeen]:
        """Everybody who is there now."""
        found: list[MemberSeen] = []
        after = 0
        while True:
            answer = await _ask(raw.members(self._rest, guild_id, after=after))
            if not isinstance(answer, list):
                raise InviteLookError("Discord's list of members is no list.")
            page = [member for entry in answer if (member := member_of(entry)) is not None]
            if len(page) < len(answer):
                _log.warning("members not read", guild=guild_id, count=len(answer) - len(page))
            found += page
            if len(answer) < raw.PAGE or not page:
                return found
            after = max(member.user_id for member in page)

    async def create(
        self, guild_id: GuildId, channel_id: ChannelId, *, role_id: RoleId | None, reason: str
    ) -> Invite:
        """Make a unique invite without limits, which gives that role."""
        made = await _ask(
            self._rest.create_invite(
                channel_id,
                max_age=0,
                max_uses=0,
                unique=True,
                role_ids=hikari.UNDEFINED if role_id is None else [role_id],
                reason=reason,
            )
        )
        self.note_invite_in(guild_id, channel_id)
        return Invite(
            code=InviteCode(made.code),
            uses=made.uses,
            inviter_id=self.bot_id,
            inviter_name=made.inviter.username if made.inviter is not None else None,
            channel_id=channel_id,
            created_at=made.created_at,
            expires_at=made.expires_at,
            role_ids=() if role_id is None else (role_id,),
        )

    async def create_role(self, guild_id: GuildId, name: str, reason: str) -> RoleId:
        """Make a role without permissions, which nobody sees apart."""
        role = await _ask(
            self._rest.create_role(
                guild_id,
                name=name,
                permissions=hikari.Permissions.NONE,
                hoist=False,
                mentionable=False,
                reason=reason,
            )
        )
        return RoleId(int(role.id))

    async def delete_role(self, guild_id: GuildId, role_id: RoleId, reason: str) -> None:
        """Delete a role; one that is gone already is no error."""
        try:
            await self._rest.delete_role(guild_id, role_id, reason=reason)
        except hikari.NotFoundError:
            return
        except hikari.ForbiddenError as error:
            raise _refused(error) from error
        except Exception as error:  # whatever hikari lets through of a broken answer
            raise _failed(error) from error

    async def names(self, guild_id: GuildId, user_ids: Sequence[UserId]) -> dict[UserId, str]:
        """What these users are called now; those who cannot be found are left out."""
        found: dict[UserId, str] = {}
        for user_id in user_ids:
            try:
                user = await self._rest.fetch_user(user_id)
            except hikari.NotFoundError:
                continue
            except Exception as error:  # whatever hikari lets through of a broken answer
                raise _failed(error) from error
            found[user_id] = user.username
        return found


async def _ask(answer: Awaitable[T]) -> T:
    try:
        return await answer
    except hikari.ForbiddenError as error:
        raise _refused(error) from error
    except Exception as error:  # whatever hikari lets through of a broken answer
        raise _failed(error) from error


def _refused(error: hikari.ForbiddenError) -> InviteLookError:
    return InviteLookError(f"Discord says that the bot may not: {error.message}", permitted=False)


def _failed(error: Exception) -> InviteLookError:
    return InviteLookError(f"Discord did not answer: {type(error).__name__}: {error}"[:300])


def _not_permitted(name: str) -> InviteLookError:
    return InviteLookError(f"The bot lacks the permission “{name}”.", permitted=False)


def _read(answer: object, guild_id: GuildId, *, counted: bool = True) -> tuple[dict[InviteCode, Invite], int]:
    """The invites of a list by code, and how many entries could not be read."""
    if not isinstance(answer, list):
        raise InviteLookError("Discord's list of invites is no list.")
    found = [invite for entry in answer if (invite := invite_of(entry, counted=counted)) is not None]
    lost = len(answer) - len(found)
    if lost:
        _log.warning("invites not read", guild=guild_id, count=lost)
    return {invite.code: invite for invite in found}, lost


def _log_entries(answer: object) -> list[tuple[int, Mapping[str, object]]]:
    """The entries of the audit log with their ids, the newest first."""
    rows = (entry_of(answer) or {}).get("audit_log_entries")
    entries = [entry for row in rows if (entry := entry_of(row)) is not None] if isinstance(rows, list) else []
    return [(number, entry) for entry in entries if (number := number_of(entry.get("id"))) is not None]

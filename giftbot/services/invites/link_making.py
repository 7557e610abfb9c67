"""New staff links: the channel they lead to, the invite, and the role that marks who came by it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs
import structlog

from giftbot.errors import InvalidInputError, InviteLookError
from giftbot.models.ids import ChannelId, GuildId, RoleId, UserId
from giftbot.models.invite import Invite
from giftbot.models.staff import StaffLink
from giftbot.services.invites.ports import ChannelSight, InviteDirectory
from giftbot.text import staff as texts

_log = structlog.get_logger(__name__)
_WELCOMING = ("welcome", "start", "rules", "general", "lobby", "main")
"""Channels that newcomers are sent to, by parts of their names; the first that fits."""


@attrs.frozen
class LinkMade:
    """What became of setting up a link."""

    link: StaffLink
    invite: Invite | None = None
    """As Discord shows it; None for the server's own address, or for a link that was there already."""
    before: StaffLink | None = None
    """Whose it was until now, or what it replaces."""
    is_new: bool = True
    refused_role: str | None = None
    """Why it gives no marker role, though one was wanted."""


class LinkMaker:
    """Makes invites that count for staff members; stores nothing."""

    def __init__(self, directory: InviteDirectory, now: Callable[[], datetime]) -> None:
        """Take `now`, which tells the present moment as stores keep it."""
        self._directory = directory
        self._now = now

    def place(self, guild_id: GuildId, channel_id: ChannelId | None) -> ChannelSight:
        """The channel for a new link. Raises `InvalidInputError` when the bot can make none there."""
        sights = self._directory.sights(guild_id)
        if channel_id is not None:
            sight = next((sight for sight in sights if sight.channel_id == channel_id), None)
            if sight is None:
                raise InvalidInputError(texts.not_a_place(channel_id))
            if not sight.may_create:
                raise InvalidInputError(texts.may_not_create(channel_id))
            if not sight.is_public:
                raise InvalidInputError(texts.hidden_place(channel_id))
            return sight
        fit = [sight for sight in sights if sight.may_create and sight.is_public]
        if not fit:
            raise InvalidInputError(texts.NO_PLACE)
        welcoming = (sight for part in _WELCOMING for sight in fit if part in sight.name.casefold())
        return next(welcoming, fit[0])

    async def make(
        self,
        guild_id: GuildId,
        sight: ChannelSight,
        staff_id: UserId,
        staff_name: str,
        *,
        wants_role: bool = True,
        role_id: RoleId | None = None,
    ) -> LinkMade:
        """A new link of the bot's own; one that is counted, where it may not give a role.

        `role_id` is one to use again. Raises `InviteLookError` when Discord makes no invite at all.
        """
        begun, refused = self._now(), None
        reason = texts.audit_reason(staff_name)
        invite = None
        if wants_role and not self._directory.may_make_roles(guild_id):
            refused, wants_role, role_id = texts.NO_MANAGE_ROLES, False, None
            _log.info("no marker role", guild=guild_id, why=refused)
        if role_id is not None:
            try:
                invite = await self._directory.create(guild_id, sight.channel_id, role_id=role_id, reason=reason)
            except InviteLookError as error:
                _log.info("marker role not used again", guild=guild_id, role=role_id, why=str(error))
                role_id = None
        if invite is None and wants_role:
            try:
                invite, role_id = await self._marking(guild_id, sight.channel_id, staff_name)
            except InviteLookError as error:
                _log.info("no marker role", guild=guild_id, why=str(error))
                refused, role_id = str(error), None
        if invite is None:
            invite = await self._directory.create(guild_id, sight.channel_id, role_id=None, reason=reason)
        link = StaffLink(
            guild_id=guild_id,
            code=invite.code,
            staff_id=staff_id,
            valid_from=begun,
            staff_name=staff_name,
            channel_id=sight.channel_id,
            marker_role_id=role_id,
            is_ours=True,
            updated_at=begun,
        )
        return LinkMade(link, invite=invite, refused_role=refused)

    async def _marking(self, guild_id: GuildId, channel_id: ChannelId, staff_name: str) -> tuple[Invite, RoleId]:
        """An invite with a role of its own, which is deleted again when there is no invite."""
        reason = texts.audit_reason(staff_name)
        role_id = await self._directory.create_role(guild_id, texts.role_name(staff_name), reason)
        try:
            return await self._directory.create(guild_id, channel_id, role_id=role_id, reason=reason), role_id
        except InviteLookError:
            try:
                await self._directory.delete_role(guild_id, role_id, reason)
            except InviteLookError as error:
                _log.warning("role left behind", guild=guild_id, role=role_id, why=str(error))
            raise

"""What a server chose about invites: messages, the VIP role, who wants to be told."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, GuildId, RoleId, UserId


@attrs.frozen
class InviteSettings:
    """A row of `invite_settings`. A server that chose nothing has none; its settings are these defaults."""

    guild_id: GuildId
    join_channel_id: ChannelId | None = None
    """Where joins are told; None for nowhere."""
    join_template: str | None = None
    """None for the default text."""
    leave_channel_id: ChannelId | None = None
    leave_template: str | None = None
    vip_role_id: RoleId | None = None
    """Gaining it is what staff are credited for; None for no credits."""
    review_channel_id: ChannelId | None = None
    """Where uncertain credits and broken links are shown to admins; None for nowhere: they are in `/vip review`."""
    told_staff: frozenset[UserId] = frozenset()
    """Staff members who want a direct message for each join by their link."""
    told_missing: tuple[str, ...] = ()
    """Permissions of whose lack somebody was told already."""
    greeted: int = 0
    """Up to this batch messages about joins and leaves are out, or will not be written any more."""
    updated_at: datetime | None = None
    revision: int = 0
    """Raised by the store with each write; a write with an old revision is refused."""

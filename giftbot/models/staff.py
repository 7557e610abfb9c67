"""Staff links: which invite counts for which staff member, and since when."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, GuildId, InviteCode, RoleId, UserId, link_key


class LinkState(enum.StrEnum):
    """How a staff link is."""

    LIVE = "live"
    VANISHED = "vanished"
    """Discord does not list it any more."""
    HIDDEN = "hidden"
    """Whoever follows it cannot see its channel."""
    ENDED = "ended"
    """It was replaced, or taken from the staff member: it counts for nobody since `valid_to`."""


@attrs.frozen
class StaffLink:
    """A row of `staff_links`. What happened between `valid_from` and `valid_to` counts for `staff_id`, for ever."""

    guild_id: GuildId
    code: InviteCode
    staff_id: UserId
    valid_from: datetime
    staff_name: str | None = None
    """As last seen; kept when they leave."""
    valid_to: datetime | None = None
    channel_id: ChannelId | None = None
    marker_role_id: RoleId | None = None
    """The role without permissions that Discord gives to whoever joins by it; None for a link that is counted."""
    is_ours: bool = False
    """Whether the bot made it; then its inviter is the bot."""
    state: LinkState = LinkState.LIVE
    replaces: InviteCode | None = None
    """The link that it was issued for again."""
    told_at: datetime | None = None
    """When somebody was told that it does not work any more."""
    notes: dict[str, str | None] = attrs.Factory(dict)
    """What earlier bots kept with it, by their names (`email_template`, ...)."""
    updated_at: datetime | None = None
    revision: int = 0
    """Raised by the store with each write; a write with an old revision is refused."""

    @property
    def key(self) -> str:
        """The row's id."""
        return link_key(self.guild_id, self.code, self.valid_from)

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether a join at that moment counts for the staff member."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)

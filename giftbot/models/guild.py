"""A server's settings, and what the bot last saw of its channel."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from giftbot.models.ids import ChannelId, GuildId, RoleId


class Backfill(enum.StrEnum):
    """What happens to the codes that are active at the moment a server turns posting on."""

    POST = "post"
    SKIP = "skip"
    """They are noted as skipped: only later ones are posted."""


@attrs.frozen
class GuildSettings:
    """What a server chose. A server that chose nothing has no row; its settings are these defaults."""

    guild_id: GuildId
    channel_id: ChannelId | None = None
    ping_role_id: RoleId | None = None
    """The one role that a post mentions; None for no mention at all."""
    auto_post: bool = True
    language: str = "en"
    epoch: int = 0
    """Raised by a reset: what was sent in earlier epochs does not count as sent any more."""
    backfill: Backfill | None = None
    """Asked for and not finished yet: the codes active at `backfill_at` are still to be posted or skipped."""
    backfill_at: datetime | None = None
    disabled_reason: str | None = None
    """Why the bot stopped posting to the channel; None while it posts."""
    disabled_at: datetime | None = None
    missing_permissions: tuple[str, ...] = ()
    """Names of the permissions that lacked in the channel when the bot last looked."""
    checked_at: datetime | None = None
    """When the bot last looked at the channel's permissions."""
    left_at: datetime | None = None
    """When the bot was removed from the server; None while it is a member."""
    auto_redeem: bool = False
    """Whether new codes are redeemed for the server's players."""
    default_kingdom: int | None = None
    """The kingdom of players who are registered without one."""
    redeem_channel_id: ChannelId | None = None
    """Where the progress of redemptions is shown; None for nowhere."""
    register_channel_id: ChannelId | None = None
    """Where a message that is a player id registers its author; None for nowhere."""
    updated_at: datetime | None = None
    revision: int = 0
    """Raised by the store with each write; a write with an old revision is refused."""

    @property
    def is_posting(self) -> bool:
        """Whether new codes are posted to this server."""
        return (
            self.channel_id is not None and self.auto_post and self.disabled_reason is None and self.left_at is None
        )

    def with_channel(self, channel_id: ChannelId, now: datetime) -> GuildSettings:
        """These settings with a channel that was just found usable."""
        return attrs.evolve(
            self,
            channel_id=channel_id,
            disabled_reason=None,
            disabled_at=None,
            missing_permissions=(),
            checked_at=now,
            left_at=None,
            updated_at=now,
        )

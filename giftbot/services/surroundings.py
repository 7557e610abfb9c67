"""What a group of claims is decided by: the servers and codes that they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.models.announcement import Announcement, Claim, Origin
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import AnnouncementId, CodeKey, GuildId
from giftbot.services.delivery import Dispatch
from giftbot.services.posts import compose


@attrs.frozen
class Surroundings:
    """What a group of claims is decided by: read once for all of them."""

    guilds: Mapping[GuildId, GuildSettings]
    codes: Mapping[CodeKey, GiftCode]
    now: datetime
    lease_ends: float

    def dispatch(self, anchor: Announcement, joined: Sequence[Announcement]) -> Dispatch:
        """The message of a prepared anchor."""
        guild = self.guilds.get(anchor.guild_id) or GuildSettings(guild_id=anchor.guild_id)
        shown = [self.codes[key] for key in anchor.batch_keys if key in self.codes]
        return Dispatch(
            anchor=anchor,
            joined=tuple(row.announcement_id for row in joined),
            post=compose(shown, anchor.reference or "", self.now, ping_role_id=guild.ping_role_id),
            lease_ends=self.lease_ends,
        )

    def is_postable(self, code: GiftCode) -> bool:
        """Whether a code may be announced of itself."""
        return code.status is CodeStatus.ACTIVE and not code.is_over(self.now)

    def obstacle(self, anchor: Announcement) -> str | None:
        """Why this row is not to be posted any more; None when it is."""
        return self._obstacle_in_guild(anchor) or self._obstacle_in_code(anchor)

    def _obstacle_in_guild(self, anchor: Announcement) -> str | None:
        guild = self.guilds.get(anchor.guild_id)
        if guild is None or guild.channel_id is None:
            return "no channel is set"
        if guild.left_at is not None:
            return "the server was left"
        if guild.disabled_reason is not None:
            return f"the channel is disabled: {guild.disabled_reason}"
        if not guild.auto_post and anchor.source is not Origin.MANUAL:
            return "posting is off"
        return "the server was reset" if anchor.guild_epoch < guild.epoch else None

    def _obstacle_in_code(self, anchor: Announcement) -> str | None:
        code = self.codes.get(anchor.code)
        if code is None:
            return "the code is gone"
        held_for_others = code.status is CodeStatus.HELD and anchor.source is Origin.MANUAL
        is_postable = self.is_postable(code) or (held_for_others and not code.is_over(self.now))
        return None if is_postable else "the code is over or held"


def keys_of(claims: Sequence[Claim]) -> set[CodeKey]:
    """Every code that these claims may show."""
    keys: set[CodeKey] = set()
    for claim in claims:
        keys.add(claim.anchor.code)
        keys.update(claim.anchor.batch_keys)
        keys.update(code_of(other) for other in claim.others)
    return keys


def code_of(row: AnnouncementId) -> CodeKey:
    """The code in a row's id."""
    return CodeKey(row.partition(":")[2])

"""What a server chooses about VIP credit: the role, and where reviews are shown."""

from __future__ import annotations

import attrs

from giftbot.errors import InvalidInputError
from giftbot.models.ids import ChannelId, GuildId, RoleId
from giftbot.models.invite_settings import InviteSettings
from giftbot.services.invites.choices import InviteChoices
from giftbot.services.ports import Channels
from giftbot.text import panel as panel_texts
from giftbot.text import vip as texts


class VipSettings:
    """Reads and changes it."""

    def __init__(self, *, choices: InviteChoices, channels: Channels) -> None:
        self._choices = choices
        self._channels = channels

    async def get(self, guild_id: GuildId) -> InviteSettings:
        """A server's choices, or the defaults."""
        return await self._choices.get(guild_id)

    async def choose_role(self, guild_id: GuildId, role_id: RoleId | None) -> InviteSettings:
        """Credit whoever gains this role, or nobody. Raises `InvalidInputError` for the role that everybody has."""
        if role_id is not None and int(role_id) == int(guild_id):
            raise InvalidInputError(texts.NOT_EVERYONE)
        return await self._choices.change(guild_id, lambda settings: attrs.evolve(settings, vip_role_id=role_id))

    async def choose_channel(self, guild_id: GuildId, channel_id: ChannelId | None) -> InviteSettings:
        """Show reviews and broken links in this channel, or nowhere.

        Raises `InvalidInputError` that names the missing permissions when the bot could not post there.
        """
        if channel_id is not None:
            missing = await self._channels.missing_permissions(guild_id, channel_id)
            if missing:
                raise InvalidInputError(panel_texts.missing_permissions(channel_id, missing))
        return await self._choices.change(
            guild_id, lambda settings: attrs.evolve(settings, review_channel_id=channel_id)
        )

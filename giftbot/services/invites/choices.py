"""What servers choose about invites: read, and changed without losing what somebody else changes meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from giftbot.errors import StoreError
from giftbot.models.ids import GuildId, RoleId
from giftbot.models.invite_settings import InviteSettings
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteSettingsStore

_TRIES = 5


class InviteChoices:
    """Reads and changes a server's choices."""

    def __init__(
        self,
        *,
        store: InviteSettingsStore,
        clock: Clock,
        changed: Callable[[GuildId], None] = lambda _guild_id: None,
    ) -> None:
        """Take the store. `changed` is told of servers that chose something."""
        self._store = store
        self._clock = clock
        self._changed = changed
        self.vip_roles: dict[GuildId, RoleId] = {}
        """The VIP roles, in memory, as far as this process has seen them."""

    async def load(self) -> None:
        """Learn which servers have a VIP role; once, at start."""
        for settings in await self._store.list_invite_settings():
            self._remember(settings)

    async def get(self, guild_id: GuildId) -> InviteSettings:
        """A server's choices, or the defaults."""
        return await self._store.get_invite_settings(guild_id)

    async def change(
        self, guild_id: GuildId, transition: Callable[[InviteSettings], InviteSettings]
    ) -> InviteSettings:
        """Change them, and give them as they are now. Raises `StoreError` when others change them all the time."""
        for _ in range(_TRIES):
            settings = attrs.evolve(transition(await self.get(guild_id)), updated_at=self._clock.now())
            if await self._store.save_invite_settings(settings):
                self._remember(settings)
                self._changed(guild_id)
                return attrs.evolve(settings, revision=settings.revision + 1)
        raise StoreError("These settings are being changed by somebody else over and over. Try again.")

    def _remember(self, settings: InviteSettings) -> None:
        if settings.vip_role_id is None:
            self.vip_roles.pop(settings.guild_id, None)
        else:
            self.vip_roles[settings.guild_id] = settings.vip_role_id

"""What redemption does for those who register players: both are `giftbot.services.redemptions.Redemptions`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from giftbot.models.code import GiftCode
from giftbot.models.ids import GuildId
from giftbot.models.player import Player
from giftbot.models.redemption import Redemption


class Enrols(Protocol):
    """Gives players the codes that are active."""

    @property
    def halted(self) -> str | None:
        """Why nothing is redeemed now, and what to do, in sentences for people; None while it is."""
        ...

    async def enrol_players(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Redeem all active codes for some players of a server; for how many codes they are asked."""
        ...

    async def make_up_for(self, guild_id: GuildId, players: Sequence[Player]) -> int:
        """Redeem the active codes that some players were kept from by a crash; how many codes those are."""
        ...


class Redeems(Enrols, Protocol):
    """Redeems for one player, too."""

    async def enrol_player(self, player: Player) -> int:
        """Redeem all active codes for a player who is new or was repaired; for how many codes they are asked."""
        ...

    async def redeem_now(self, player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        """Redeem codes for one player at once. Raises `UserError` when that is not possible."""
        ...

"""Players that Discord offers while somebody types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from giftbot.models.ids import GuildId, UserId
from giftbot.models.player import Player
from giftbot.services.players import Players
from giftbot.text import players as texts

_MOST = 25
"""As many as Discord takes."""


async def own_players(players: Players, guild_id: GuildId, user_id: UserId, typed: str) -> list[Player]:
    """Somebody's own players whose id or name has what they typed."""
    part = typed.strip().casefold()
    owned = await players.owned(guild_id, user_id)
    return [player for player in owned if part in texts.player_choice(player).casefold()]


def player_choices(players: Sequence[Player]) -> Mapping[str, str]:
    """The first of these, as Discord takes them: what is shown, and the id."""
    return {texts.player_choice(player): player.player_id for player in players[:_MOST]}

"""Whom a question is about: the player as they are now and their kingdom, or why they are not asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs

from giftbot.models.guild import GuildSettings
from giftbot.models.ids import GuildId, PlayerId
from giftbot.models.player import ASKABLE, Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.groups import Groups
from giftbot.services.ports import Store
from giftbot.text import jobs as texts

_NOT_ASKABLE = {
    PlayerState.WRONG_KINGDOM: RedemptionOutcome.WRONG_KINGDOM,
    PlayerState.NOT_FOUND: RedemptionOutcome.NO_SUCH_PLAYER,
    PlayerState.PAUSED: RedemptionOutcome.WAITING,
}


@attrs.frozen
class Subject:
    """A registered player, and where the game is to look for them."""

    player: Player
    kingdom: int


def subject_of(
    player: Player | None, guild: GuildSettings | None, *, besides: PlayerState | None = None
) -> Subject | None:
    """Whom to ask for; None when the player is removed, has no kingdom, or rests, unless in the state `besides`."""
    if player is None or (player.state not in ASKABLE and player.state is not besides):
        return None
    kingdom = player.kingdom or (guild.default_kingdom if guild else None)
    return None if kingdom is None else Subject(player, kingdom)


def not_asked(row: Redemption, player: Player | None, now: datetime) -> Redemption:
    """A row whose player is not asked for at present: removed, paused, without a kingdom, or known to be wrong."""
    if player is None:
        outcome, raw = RedemptionOutcome.NO_SUCH_PLAYER, texts.RAW_REMOVED
    elif player.state in _NOT_ASKABLE:
        outcome, raw = _NOT_ASKABLE[player.state], row.raw
    else:
        outcome, raw = RedemptionOutcome.WRONG_KINGDOM, texts.RAW_NO_KINGDOM
    return attrs.evolve(row, outcome=outcome, raw=raw, next_attempt_at=None, updated_at=now)


class Subjects:
    """Reads players and their servers anew: single questions that come together are two queries a server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._groups: Groups[tuple[GuildId, PlayerId], tuple[Player | None, GuildSettings | None]] = Groups(
            self._look_up
        )

    async def read(self, guild_id: GuildId, player_id: PlayerId) -> tuple[Player | None, GuildSettings | None]:
        """A player and their server as they are now. Raises `StoreError`."""
        return await self._groups.put((guild_id, player_id))

    async def _look_up(
        self, asked: Sequence[tuple[GuildId, PlayerId]]
    ) -> Sequence[tuple[Player | None, GuildSettings | None]]:
        ids: dict[GuildId, list[PlayerId]] = {}
        for guild_id, player_id in asked:
            ids.setdefault(guild_id, []).append(player_id)
        players = {guild_id: await self._store.get_players(guild_id, some) for guild_id, some in ids.items()}
        guilds = await self._store.get_guilds(list(ids))
        return [(players[guild_id].get(player_id), guilds.get(guild_id)) for guild_id, player_id in asked]

"""Who has a code: single questions that come together are one query."""

from __future__ import annotations

from collections.abc import Sequence

from giftbot.models.ids import CodeKey, PlayerId
from giftbot.services.groups import Groups
from giftbot.services.ports import RedemptionStore


class Holders:
    """Looks up who has a code. Every look-up begins after it was asked for."""

    def __init__(self, store: RedemptionStore) -> None:
        self._store = store
        self._groups: Groups[tuple[CodeKey, PlayerId], bool] = Groups(self._look_up)

    async def has(self, player_id: PlayerId, code: CodeKey) -> bool:
        """Whether a player has a code, through whichever server. Raises `StoreError`."""
        return await self._groups.put((code, player_id))

    async def _look_up(self, asked: Sequence[tuple[CodeKey, PlayerId]]) -> Sequence[bool]:
        """One query for each code."""
        players: dict[CodeKey, list[PlayerId]] = {}
        for code, player_id in asked:
            players.setdefault(code, []).append(player_id)
        granted = {code: await self._store.granted_players(code, ids) for code, ids in players.items()}
        return [player_id in granted[code] for code, player_id in asked]

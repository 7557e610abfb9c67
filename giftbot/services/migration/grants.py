"""Which players have which codes, by earlier bots' word."""

from __future__ import annotations

from collections.abc import Iterable

from giftbot.models.ids import RedemptionId, redemption_id
from giftbot.models.legacy import Grant
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.ports import Clock, RedemptionStore


class Grants:
    """Stores what was redeemed, so that the game is not asked for it again."""

    def __init__(self, *, store: RedemptionStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, grants: Iterable[Grant]) -> int:
        """Store them; how many rows changed."""
        rows: dict[RedemptionId, Redemption] = {}
        now = self._clock.now()
        for grant in grants:
            at = grant.at or now
            row = Redemption(
                guild_id=grant.guild_id,
                code=grant.key,
                player_id=grant.player_id,
                outcome=grant.outcome,
                created_at=at,
                updated_at=at,
                raw="taken over from an earlier bot",
                redeemed_at=grant.at,
            )
            key = redemption_id(grant.guild_id, grant.key, grant.player_id)
            rows[key] = _better(rows.get(key), row)
        return await self._store.record(list(rows.values())) if rows else 0


def _better(one: Redemption | None, other: Redemption) -> Redemption:
    """Of two rows of the same player and code the one that says more, then the earlier."""
    if one is None:
        return other
    return min(one, other, key=lambda row: (row.outcome is not RedemptionOutcome.REDEEMED, row.created_at))

"""Guards of redemption, broken on purpose: the tests have to notice each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime

from giftbot.models.ids import CodeKey, GuildId, PlayerId, RedemptionId
from giftbot.models.redemption import Redemption
from giftbot.services.ports import Store
from tests.crash.different import Different

LATE = 0.3
"""Seconds between letting go of a player and writing down what the game had answered."""


class _WithoutLookUp(Different):
    """Nobody is known to have a code."""

    _inner: Store

    async def granted_players(self, code: CodeKey, player_ids: Collection[PlayerId]) -> set[PlayerId]:
        return set()


class _WithoutPlayerLease(Different):
    """Everybody may ask for everybody at any time."""

    _inner: Store

    async def hold_player(self, name: str, owner: str, now: datetime, until: datetime) -> datetime | None:
        return None


class _Keeping(Different):
    """Answers are kept in memory, where nobody else sees them."""

    _inner: Store

    def __init__(self, inner: object) -> None:
        super().__init__(inner)
        self._kept: dict[RedemptionId, Redemption] = {}

    async def record(self, rows: Sequence[Redemption]) -> int:
        self._kept |= {row.redemption_id: row for row in rows}
        return len(rows)

    async def due_redemptions(
        self, guild_id: GuildId, code: CodeKey, now: datetime, *, limit: int
    ) -> list[Redemption]:
        """Those whose answer is not known yet."""
        due = await self._inner.due_redemptions(guild_id, code, now, limit=limit + len(self._kept))
        return [row for row in due if row.redemption_id not in self._kept][:limit]

    async def _write(self, rows: Sequence[Redemption]) -> None:
        if rows:
            await self._inner.record(rows)
            for row in rows:
                self._kept.pop(row.redemption_id, None)


class _RecordedLate(_Keeping):
    """What the game answered is written down some time after its player may be asked for again."""

    def __init__(self, inner: object) -> None:
        super().__init__(inner)
        self._writing: set[asyncio.Task[None]] = set()

    async def release_player(self, name: str, owner: str, free_at: datetime) -> None:
        await self._inner.release_player(name, owner, free_at)
        task = asyncio.create_task(self._write_late(name.rpartition(":")[2]))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write_late(self, player_id: str) -> None:
        await asyncio.sleep(LATE)
        await self._write([row for row in self._kept.values() if row.player_id == player_id])


class _RecordedAtTheEnd(_Keeping):
    """What the game answered is written down when a job has nobody left to ask for."""

    async def next_attempt(self, guild_id: GuildId, code: CodeKey) -> datetime | None:
        await self._write([row for row in self._kept.values() if (row.guild_id, row.code) == (guild_id, code)])
        return await self._inner.next_attempt(guild_id, code)


REDEEMING: dict[str, type[Different]] = {
    "without look-up": _WithoutLookUp,
    "without player's lease": _WithoutPlayerLease,
    "recorded late": _RecordedLate,
    "recorded at the end": _RecordedAtTheEnd,
}

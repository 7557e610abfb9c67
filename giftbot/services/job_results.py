"""Which jobs a server has, and the results of one, player by player, as a table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from giftbot.models.ids import CodeKey, GuildId, PlayerId, redemption_id
from giftbot.models.job import JobState
from giftbot.models.player import Player
from giftbot.models.redemption import Redemption
from giftbot.services.ports import JobStore, PlayerStore, RedemptionStore
from giftbot.services.roster_lines import csv_of
from giftbot.text import redemptions as texts

PAGE = 500
"""Rows that are read together; everybody else on the loop gets a turn after each page."""


class ResultStore(PlayerStore, RedemptionStore, JobStore, Protocol):
    """What results are put together from."""


class JobResults:
    """Writes CSV that spreadsheets can open, and that they do not carry out."""

    def __init__(self, *, store: ResultStore) -> None:
        self._store = store

    async def codes(self, guild_id: GuildId, state: JobState) -> list[CodeKey]:
        """The codes whose jobs are in this state, the one that changed last first; as many as Discord suggests."""
        return [job.code for job in await self._store.list_jobs(guild_id=guild_id, states=(state,), limit=25)]

    async def export(self, guild_id: GuildId, code: CodeKey) -> str | None:
        """All results of one code in one server, by player id; None when there are none."""
        parts = [csv_of([texts.CSV_COLUMNS])]
        after = redemption_id(guild_id, code, PlayerId(""))
        while rows := await self._store.list_redemptions(guild_id=guild_id, code=code, after=after, limit=PAGE):
            players = await self._store.get_players(guild_id, [row.player_id for row in rows])
            parts.append(csv_of(_cells(rows, players)))
            after = rows[-1].redemption_id
            await asyncio.sleep(0)
        return "".join(parts) if len(parts) > 1 else None


def _cells(rows: Sequence[Redemption], players: Mapping[PlayerId, Player]) -> list[tuple[str | int | None, ...]]:
    cells: list[tuple[str | int | None, ...]] = []
    for row in rows:
        player = players.get(row.player_id)
        cells.append(
            (
                row.player_id,
                player.nickname if player else None,
                player.kingdom if player else None,
                row.outcome.value,
                texts.OUTCOME_NAMES[row.outcome],
                row.raw,
                row.attempts,
                _moment(row.redeemed_at),
                _moment(row.next_attempt_at),
            )
        )
    return cells


def _moment(moment: datetime | None) -> str | None:
    """A moment in UTC as spreadsheets read it."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment is not None else None

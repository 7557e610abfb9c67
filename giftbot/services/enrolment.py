"""Giving the players of a server their rows of a job: who has the code already, and who is to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import attrs
import structlog

from giftbot.errors import StoreError
from giftbot.models.code import GiftCode
from giftbot.models.ids import CodeKey, GuildId, PlayerId
from giftbot.models.job import Job, Trigger
from giftbot.models.player import ASKABLE, Player
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.ports import Clock, RedeemingStore

_log = structlog.get_logger(__name__)

PAGE = 500
"""Players who are looked at together."""
KNOWN_BEFORE = "known from before"
"""What stands in place of the game's answer for players who were not asked, because they have the code."""


class Enrolment:
    """One query a page tells who has the code, through whichever server; nobody is asked for what they have."""

    def __init__(self, *, store: RedeemingStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def page(self, job: Job, code: GiftCode) -> Job:
        """Give the next page of a server's players their rows; the job with its cursor moved on."""
        players = await self._store.list_players(guild_id=job.guild_id, after=job.cursor, limit=PAGE)
        revive = job.trigger in (Trigger.MANUAL, Trigger.SWITCHED_ON) or code.epoch > 0
        await self._enrol(job.guild_id, job.code, players, revive=revive)
        cursor = players[-1].player_id if players else job.cursor
        return attrs.evolve(job, cursor=cursor, enrolling=len(players) == PAGE, updated_at=self._clock.now())

    async def players(self, guild_id: GuildId, players: Sequence[Player], codes: Sequence[GiftCode]) -> None:
        """Give some players of a server, at most a page of them, their rows of these codes."""
        for code in codes:
            await self._enrol(guild_id, code.key, players, revive=True)

    async def _enrol(self, guild_id: GuildId, code: CodeKey, players: Sequence[Player], *, revive: bool) -> None:
        asked = [player.player_id for player in players if player.state in ASKABLE]
        if not asked:
            return
        granted = await self._granted(guild_id, code, asked)
        now = self._clock.now()
        rows = [_row(guild_id, code, player_id, now, granted=player_id in granted) for player_id in asked]
        await self._store.open_redemptions(rows, revive=revive)

    async def _granted(self, guild_id: GuildId, code: CodeKey, asked: Sequence[PlayerId]) -> set[PlayerId]:
        """Those who have the code. When that cannot be told, everybody is asked rather than nobody."""
        try:
            granted = await self._store.granted_players(code, asked)
        except StoreError as error:
            _log.warning(
                "batch check failed (processing all)",
                guild=guild_id,
                code=code,
                why=str(error),
                to_process=len(asked),
            )
            return set()
        _log.info(
            "batch check",
            guild=guild_id,
            code=code,
            asked=len(asked),
            already=len(granted),
            to_process=len(asked) - len(granted),
        )
        return granted


def _row(guild_id: GuildId, code: CodeKey, player_id: PlayerId, now: datetime, *, granted: bool) -> Redemption:
    return Redemption(
        guild_id=guild_id,
        code=code,
        player_id=player_id,
        outcome=RedemptionOutcome.ALREADY if granted else RedemptionOutcome.WAITING,
        created_at=now,
        updated_at=now,
        raw=KNOWN_BEFORE if granted else "",
        next_attempt_at=None if granted else now,
    )

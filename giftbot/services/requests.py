"""What a player's button asks for: some codes for one player, at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import attrs

from giftbot.errors import GameHaltedError, InvalidInputError
from giftbot.models.code import CodeStatus, GiftCode
from giftbot.models.player import ASKABLE, Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.asking import Asking
from giftbot.services.governor import Governor
from giftbot.services.newcomers import Newcomers
from giftbot.services.ports import Clock, Store
from giftbot.services.subjects import Subject
from giftbot.text import jobs as texts

ASKED_AGAIN = timedelta(minutes=10)
"""So long a player's button gives the same answer without asking, where the game would give the same."""
_LASTING = frozenset({RedemptionOutcome.INELIGIBLE, RedemptionOutcome.UNKNOWN, RedemptionOutcome.BY_HAND})
_UNDECIDED = frozenset({RedemptionOutcome.WAITING, RedemptionOutcome.RETRY})


class Requests:
    """Redeems codes for a player without a job, before what waits in jobs."""

    def __init__(
        self, *, store: Store, newcomers: Newcomers, asking: Asking, governor: Governor, clock: Clock
    ) -> None:
        self._store = store
        self._newcomers = newcomers
        self._asking = asking
        self._governor = governor
        self._clock = clock

    async def redeem_now(self, player: Player, codes: Sequence[GiftCode]) -> list[Redemption]:
        """Redeem codes for one player at once, before what waits in jobs; the results, stored.

        Raises `InvalidInputError` when the player cannot be asked for, `GameHaltedError` when nobody is.
        """
        subject = Subject(player, await self._kingdom(player))
        now = self._clock.now()
        rows = {code.key: self._row(player, code, now) for code in codes}
        stored = await self._store.get_redemptions([row.redemption_id for row in rows.values()])
        rows |= {row.code: row for row in stored.values()}
        guild = (await self._store.get_guilds([player.guild_id])).get(player.guild_id)
        again = guild is not None and guild.auto_redeem
        asked = (self._redeem(rows[code.key], subject, code, again=again) for code in codes)
        results = await asyncio.gather(*asked, return_exceptions=True)
        rested = {row.code for row in results if isinstance(row, Redemption) and row.next_attempt_at is not None}
        await self._newcomers.wake_jobs(player.guild_id, [code for code in codes if code.key in rested])
        for result in results:
            if isinstance(result, BaseException):
                raise result
        rows_now = [row for row in results if isinstance(row, Redemption)]
        if (halted := self._governor.state.halted) is not None and any(
            row.outcome in _UNDECIDED for row in rows_now
        ):
            raise GameHaltedError(halted)
        return rows_now

    async def _redeem(self, row: Redemption, subject: Subject, code: GiftCode, *, again: bool) -> Redemption:
        if row.is_granted or self._was_just_asked(row):
            return row
        if code.status is not CodeStatus.ACTIVE or code.is_over(self._clock.now()):
            return attrs.evolve(row, outcome=RedemptionOutcome.EXPIRED)
        return await self._asking.redeem(row, subject, code, urgent=True, again=again)

    def _was_just_asked(self, row: Redemption) -> bool:
        """Whether asking once more would only take a turn from somebody else."""
        now = self._clock.now()
        if row.next_attempt_at is not None:
            return row.attempts > 0 and row.next_attempt_at > now
        return row.outcome in _LASTING and now - row.updated_at < ASKED_AGAIN

    async def _kingdom(self, player: Player) -> int:
        if player.state not in ASKABLE and player.state is not PlayerState.PAUSED:
            raise InvalidInputError(texts.player_not_askable(player.player_id, player.state))
        guild = (await self._store.get_guilds([player.guild_id])).get(player.guild_id)
        kingdom = player.kingdom or (guild.default_kingdom if guild else None)
        if kingdom is None:
            raise InvalidInputError(texts.no_kingdom(player.player_id))
        return kingdom

    def _row(self, player: Player, code: GiftCode, now: datetime) -> Redemption:
        """A row that is asked for at once, and that no job looks at."""
        return Redemption(
            guild_id=player.guild_id,
            code=code.key,
            player_id=player.player_id,
            outcome=RedemptionOutcome.WAITING,
            created_at=now,
            updated_at=now,
        )

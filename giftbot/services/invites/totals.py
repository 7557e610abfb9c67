"""Counts of used invites, made anew from the joins."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import attrs

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite_batch import InviteBatch, Ledger
from giftbot.models.join import Join, Level, Method
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

_NOT_COUNTED = frozenset({Method.IMPORTED, Method.MANUAL})
"""Joins that were written down without a use of an invite."""
_TRIES = 5


@attrs.frozen
class Difference:
    """A server whose counts are not what its joins say."""

    guild_id: GuildId
    codes: dict[InviteCode, tuple[int, int]]
    """What was counted and what is, by code."""
    is_written: bool


class Totals:
    """Compares the ledgers' claimed uses with the joins, and corrects them."""

    def __init__(self, store: InviteStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def rebuild(self, *, dry_run: bool) -> tuple[int, list[Difference]]:
        """How many servers were looked at, and what is different. Raises `StoreError`.

        The correction is a batch of its own: a bot that decides at this moment looks again, and so does this.
        """
        looked_at, found = 0, []
        async for page in self._store.scan_ledgers():
            for ledger in page:
                looked_at += 1
                difference = await self._compare(ledger, dry_run=dry_run)
                if difference is not None:
                    found.append(difference)
        return looked_at, found

    async def recount(self, guild_ids: Iterable[GuildId]) -> list[Difference]:
        """What was different in these servers; again where something was decided meanwhile. Raises `StoreError`."""
        found: list[Difference] = []
        for guild_id in guild_ids:
            for _ in range(_TRIES):
                ledger = await self._store.get_ledger(guild_id)
                difference = None if ledger is None else await self._compare(ledger, dry_run=False)
                if difference is None or difference.is_written:
                    break
            if difference is not None:
                found.append(difference)
        return found

    async def _compare(self, ledger: Ledger, *, dry_run: bool) -> Difference | None:
        claimed = await self._claimed(ledger)
        codes = {
            code: (ledger.claimed.get(code, 0), claimed.get(code, 0))
            for code in sorted(ledger.claimed.keys() | claimed.keys())
            if ledger.claimed.get(code, 0) != claimed.get(code, 0)
        }
        if not codes:
            return None
        is_written = not dry_run and await self._write(attrs.evolve(ledger, claimed=claimed))
        return Difference(ledger.guild_id, codes, is_written)

    async def _claimed(self, ledger: Ledger) -> dict[InviteCode, int]:
        """Uses that joins explain: those whose code is known, and for the others what their batch counted.

        Without those that are owed: the look that shows them adds them.
        """
        sure: Counter[InviteCode] = Counter()
        shares: dict[InviteCode, float] = defaultdict(float)
        async for page in self._store.scan_joins(ledger.guild_id):
            for join in page:
                if join.method in _NOT_COUNTED:
                    continue
                if join.code is not None:
                    sure[join.code] += 1
                elif join.level >= Level.CANDIDATES:
                    _share(join, shares)
        return {
            code: count
            for code in sorted(sure.keys() | shares.keys())
            if (count := sure[code] + round(shares.get(code, 0.0)) - ledger.owed.get(code, 0)) > 0
        }

    async def _write(self, ledger: Ledger) -> bool:
        number = ledger.number + 1
        return await self._store.commit_batch(
            InviteBatch(
                guild_id=ledger.guild_id,
                number=number,
                decided_at=self._clock.now(),
                joins=(),
                deltas={},
                vanity_delta=None,
                ledger=attrs.evolve(ledger, number=number),
                events=(),
            )
        )


def _share(join: Join, shares: dict[InviteCode, float]) -> None:
    """Add what a join's candidates weigh: over a batch's joins that is what each code counted."""
    for candidate in join.candidates:
        if candidate.code is not None:
            shares[candidate.code] += candidate.weight

"""What staff members achieved, over everybody who ever joined, so that no share exceeds the whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import attrs

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import GuildId, UserId
from giftbot.models.join import Join, Kind, Level
from giftbot.services.remembering_invites import InviteStore

_SHARED = (Level.CANDIDATES,)
"""Levels at which a join may count for somebody who is not named as its owner."""
_ALL = 1_000_000_000
"""Rows; more than any server has."""


@attrs.frozen
class StaffFigures:
    """One staff member's figures in one server."""

    staff_id: UserId
    staff_name: str | None = None
    joins: int = 0
    """Memberships that certainly count for them, also those that ended."""
    members: int = 0
    """The people of these, and those whom an admin credited to them: each once."""
    present: int = 0
    """Those of them who are there now."""
    vips: int = 0
    """Those of them who are credited."""
    uncertain: int = 0
    """Further memberships that may count for them."""

    @property
    def conversion(self) -> float | None:
        """Which share of the members became VIP, 0 to 1; None without members."""
        return self.vips / self.members if self.members else None

    @property
    def uncertain_share(self) -> float | None:
        """Which share of the joins that may be theirs is uncertain, 0 to 1; None without joins."""
        every = self.joins + self.uncertain
        return self.uncertain / every if every else None


@attrs.define
class _Tally:
    staff_name: str | None = None
    joins: int = 0
    uncertain: int = 0
    people: set[UserId] = attrs.Factory(set)
    present: set[UserId] = attrs.Factory(set)
    vips: set[UserId] = attrs.Factory(set)

    def figures(self, staff_id: UserId) -> StaffFigures:
        return StaffFigures(
            staff_id=staff_id,
            staff_name=self.staff_name,
            joins=self.joins,
            members=len(self.people | self.vips),
            present=len(self.present),
            vips=len(self.vips),
            uncertain=self.uncertain,
        )


class StaffStatistics:
    """Counts from the rows, each time it is asked."""

    def __init__(self, store: InviteStore) -> None:
        self._store = store

    async def of(self, guild_id: GuildId, staff_id: UserId | None = None) -> list[StaffFigures]:
        """The figures of everybody who has or had a link, or was credited; or of one person. Most VIPs first."""
        tallies: dict[UserId, _Tally] = {}
        for link in await self._store.list_links(guild_id, staff_id=staff_id):
            tally = tallies.setdefault(link.staff_id, _Tally())
            tally.staff_name = link.staff_name or tally.staff_name
        rows = await self._store.list_credits(
            guild_id, staff_id=staff_id, states=[CreditState.CREDITED], limit=_ALL
        )
        for credit in rows:
            if credit.staff_id is not None:
                tallies.setdefault(credit.staff_id, _Tally(credit.staff_name))
        if not tallies:
            return []
        async for page in self._joins(guild_id, staff_id):
            _count(tallies, page)
        _credit(tallies, rows)
        figures = [tally.figures(one) for one, tally in tallies.items()]
        return sorted(figures, key=lambda one: (-one.vips, -one.members, one.staff_id))

    async def _joins(self, guild_id: GuildId, owner_id: UserId | None) -> AsyncIterator[list[Join]]:
        """All joins of a server, in pages; or at least all that count, or may count, for one person."""
        if owner_id is None:
            async for page in self._store.scan_joins(guild_id):
                yield page
            return
        yield await self._store.list_joins(guild_id, owner_id=owner_id, limit=_ALL)
        shared = await self._store.list_joins(guild_id, levels=_SHARED, limit=_ALL)
        yield [join for join in shared if join.owner_id != owner_id]


def _count(tallies: dict[UserId, _Tally], joins: Iterable[Join]) -> None:
    for join in joins:
        if join.kind in {Kind.SELF, Kind.BOT}:
            continue
        if join.is_certain and join.owner_id is not None:
            tally = tallies.get(join.owner_id)
            if tally is not None:
                tally.joins += 1
                tally.people.add(join.user_id)
                if join.is_open:
                    tally.present.add(join.user_id)
            continue
        owners = {candidate.owner_id for candidate in join.candidates} | {join.owner_id}
        for owner_id in owners - {None, join.user_id}:
            tally = tallies.get(owner_id) if owner_id is not None else None
            if tally is not None:
                tally.uncertain += 1


def _credit(tallies: dict[UserId, _Tally], rows: Iterable[Credit]) -> None:
    for credit in rows:
        if credit.staff_id is not None and credit.staff_id in tallies:
            tallies[credit.staff_id].vips.add(credit.user_id)

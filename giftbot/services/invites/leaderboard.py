"""Who brought how many, and who of them stayed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

import attrs

from giftbot.models.ids import GuildId, UserId
from giftbot.models.invite_board import STAYS, Board, Period, Standing, Stay
from giftbot.models.join import Join, Kind, Level, Source
from giftbot.services.ports import Clock
from giftbot.services.remembering_invites import InviteStore

YOUNG = timedelta(days=1)
"""An account that is younger when it joins is flagged."""
FRESH = timedelta(minutes=1)
"""For so long the pages of a message are those of one count."""
MOST_KEPT = 8
"""So many boards are kept; of more, the oldest are counted anew."""
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


def account_made_at(user_id: UserId) -> datetime:
    """When an account was made, as its id says."""
    return _DISCORD_EPOCH + timedelta(milliseconds=user_id >> 22)


def is_young(join: Join) -> bool:
    """Whether the account was younger than a day when it joined."""
    return join.joined_at - account_made_at(join.user_id) < YOUNG


def has_no_inviter(join: Join) -> bool:
    """Whether it is settled that nobody's invite was used."""
    if join.owner_id is not None or join.candidates:
        return False
    if join.source is Source.OTHER:
        return join.level >= Level.INFERRED
    return join.level >= Level.OWNER


class Leaderboard:
    """Counts memberships. Bots are left out."""

    def __init__(self, *, store: InviteStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[tuple[GuildId, Period], tuple[Board, datetime]] = {}

    async def kept(self, guild_id: GuildId, period: Period = Period.ALL) -> Board:
        """The board as it was counted in the last minute, or else counted now: for turning pages."""
        board, counted_at = self._kept.get((guild_id, period), (None, None))
        if board is None or counted_at is None or self._clock.now() - counted_at >= FRESH:
            return await self.board(guild_id, period)
        return board

    async def board(self, guild_id: GuildId, period: Period = Period.ALL) -> Board:
        """Everybody who brought somebody, counted now."""
        now = self._clock.now()
        board = await self._count(guild_id, period, now)
        self._kept.pop((guild_id, period), None)
        self._kept[guild_id, period] = (board, now)
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return board

    async def _count(self, guild_id: GuildId, period: Period, now: datetime) -> Board:
        tallies: dict[UserId, _Tally] = {}
        joined = without = unknown = 0
        async for joins in joins_since(self._store, guild_id, period.since(now)):
            for join in joins:
                if join.source is Source.BOT or join.kind is Kind.BOT:
                    continue
                joined += 1
                without += has_no_inviter(join)
                unknown += not (join.is_certain or has_no_inviter(join))
                for owner_id, weight in _owners(join):
                    tally = tallies.setdefault(owner_id, _Tally())
                    tally.add(join, weight, now)
            await asyncio.sleep(0)
        for link in await self._store.list_links(guild_id):
            if link.staff_id in tallies and link.staff_name:
                tallies[link.staff_id].name = link.staff_name
        standings = [tally.standing(owner_id) for owner_id, tally in tallies.items()]
        standings.sort(key=lambda one: (-one.real, -one.here, -one.possible, one.owner_id))
        return Board(period, tuple(standings), joined, without, unknown)

    async def standing(
        self, guild_id: GuildId, owner_id: UserId, period: Period = Period.ALL, *, is_new: bool = True
    ) -> Standing:
        """One inviter's figures; with `is_new` counted now, else within the last minute."""
        board = await (self.board if is_new else self.kept)(guild_id, period)
        return next((one for one in board.standings if one.owner_id == owner_id), Standing(owner_id))


async def joins_since(store: InviteStore, guild_id: GuildId, since: datetime | None) -> AsyncIterator[list[Join]]:
    """A server's memberships that began since then, in pages."""
    async for joins in store.scan_joins(guild_id):
        yield joins if since is None else [join for join in joins if join.joined_at >= since]


def _owners(join: Join) -> Iterable[tuple[UserId, float | None]]:
    """Whom a join counts for, or may count for with which weight; None for a join that is certain."""
    if join.is_certain and join.owner_id is not None:
        return [(join.owner_id, None)]
    if join.candidates:
        weights: dict[UserId, float] = {}
        for one in join.candidates:
            if one.owner_id is not None:
                weights[one.owner_id] = weights.get(one.owner_id, 0.0) + one.weight
        return list(weights.items())
    return [(join.owner_id, 1.0)] if join.owner_id is not None else []


@attrs.define
class _Tally:
    """One inviter's figures while they are counted."""

    name: str | None = None
    _named_at: datetime | None = None
    _joined: int = 0
    _here: int = 0
    _own: int = 0
    _rejoined: int = 0
    _young: int = 0
    _fake: int = 0
    _possible: float = 0.0
    _stayed: dict[int, int] = attrs.Factory(lambda: dict.fromkeys(STAYS, 0))
    _old: dict[int, int] = attrs.Factory(lambda: dict.fromkeys(STAYS, 0))

    def add(self, join: Join, weight: float | None, now: datetime) -> None:
        if weight is not None:
            self._possible += weight
            return
        if join.owner_name and (self._named_at is None or join.joined_at >= self._named_at):
            self.name, self._named_at = join.owner_name, join.joined_at
        own, rejoined = join.kind is Kind.SELF, join.kind in (Kind.REJOIN_SAME, Kind.REJOIN_OTHER)
        young = is_young(join)
        self._joined += 1
        self._here += join.is_open
        self._own += own
        self._rejoined += rejoined
        self._young += young
        self._fake += own or rejoined or young
        for days in STAYS:
            end = join.joined_at + timedelta(days=days)
            if end <= now:
                self._old[days] += 1
                self._stayed[days] += join.left_at is None or join.left_at >= end

    def standing(self, owner_id: UserId) -> Standing:
        return Standing(
            owner_id=owner_id,
            owner_name=self.name,
            joined=self._joined,
            here=self._here,
            own=self._own,
            rejoined=self._rejoined,
            young=self._young,
            fake=self._fake,
            possible=self._possible,
            stays=tuple(Stay(days, self._stayed[days], self._old[days]) for days in STAYS),
        )

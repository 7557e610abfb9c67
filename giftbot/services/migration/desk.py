"""Where the values of a source go: each kind to the service that stores it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import TypeVar, cast

import attrs

from giftbot.models.ids import GuildId
from giftbot.models.legacy import (
    AutoRedeem,
    Baseline,
    Found,
    Grant,
    KnownCode,
    Member,
    Membership,
    PostChannel,
    RedeemChannel,
    SentCode,
    Skip,
    StaffCode,
    VipRequest,
    VipRole,
)
from giftbot.models.migration import ELSEWHERE
from giftbot.services.migration.codes import KnownCodes
from giftbot.services.migration.grants import Grants
from giftbot.services.migration.homes import Homes
from giftbot.services.migration.invites import Joins
from giftbot.services.migration.players import Members
from giftbot.services.migration.settings import Choices
from giftbot.services.migration.staff import Staff
from giftbot.services.ports import Clock, Store

T = TypeVar("T")
C = TypeVar("C", Member, PostChannel, RedeemChannel, AutoRedeem)

NAMES: dict[type[object], str] = {
    SentCode: "sent codes",
    KnownCode: "known codes",
    PostChannel: "channels for posts",
    RedeemChannel: "channels for redemption",
    AutoRedeem: "auto-redeem settings",
    Member: "players",
    Grant: "redeemed codes",
    Baseline: "servers' invites",
    Membership: "joins",
    StaffCode: "staff links",
    VipRequest: "VIP requests",
    VipRole: "VIP roles",
}
"""What people call each kind."""


class Desk:
    """Takes the values of one source, chunk by chunk."""

    def __init__(
        self, store: Store, clock: Clock, *, named: GuildId | None = None, besides: Collection[GuildId] = ()
    ) -> None:
        """Take `named`, the server of rows that name none, as the operator says.

        `besides` are servers whose players and settings are known from elsewhere.
        """
        self._store = store
        self._clock = clock
        self._besides = frozenset(besides)
        self.servers: set[GuildId] = set()
        """The servers of whose players or settings something was said."""
        self._codes = KnownCodes(store=store, clock=clock)
        self._members = Members(store=store, clock=clock)
        self._grants = Grants(store=store, clock=clock)
        self._choices = Choices(store=store, posts=store, jobs=store, clock=clock)
        homes = Homes(store=store, named=named)
        self._joins = Joins(store=store, clock=clock, homes=homes)
        self._staff = Staff(store=store, clock=clock, homes=homes)
        self.skips: list[Skip] = []
        """Values that could not be used after all; whoever counts them empties this."""

    async def take(self, found: Sequence[Found]) -> int:
        """Store what can be stored at once, and keep the rest for `finish`; how many rows changed."""
        changed = 0
        given = _Given(found)
        if sent := given.of(SentCode):
            changed += await self._store.note_sent(sent, self._clock.now())
            self._codes.note(sent)
            self._choices.note_posted({code.guild_id for code in sent})
        if grants := given.of(Grant):
            changed += await self._grants.take(grants)
            self._codes.note(grants)
        if members := self._used(given.of(Member)):
            changed += await self._members.take(members)
        self._choices.note(self._used(given.of(PostChannel)))
        self._choices.note(self._used(given.of(RedeemChannel)))
        self._choices.note(self._used(given.of(AutoRedeem)))
        self._codes.note(given.of(KnownCode))
        return changed + await self._take_invites(given)

    def _used(self, chosen: Sequence[C]) -> list[C]:
        """Those that count: all, unless their server is known from elsewhere."""
        self.servers.update(one.guild_id for one in chosen)
        self.skips += [Skip(_where(one), ELSEWHERE) for one in chosen if one.guild_id in self._besides]
        return [one for one in chosen if one.guild_id not in self._besides]

    async def _take_invites(self, given: _Given) -> int:
        """Store who came by which invite. Links first: they tell of which server the rest is."""
        changed = 0
        if baselines := given.of(Baseline):
            changed += await self._joins.take_baselines(baselines)
        for written, skips in (
            await self._staff.take_links(given.of(StaffCode)),
            await self._joins.take(given.of(Membership)),
            await self._staff.take_requests(given.of(VipRequest)),
            await self._staff.take_roles(given.of(VipRole)),
        ):
            changed += written
            self.skips += skips
        return changed

    async def finish(self) -> int:
        """Store what was kept, once the source was read to its end; how many rows changed."""
        return await self._codes.flush() + await self._choices.flush()


def _where(one: Member | PostChannel | RedeemChannel | AutoRedeem) -> str:
    what = f"player {one.player_id}" if isinstance(one, Member) else NAMES[type(one)]
    return f"{what}, server {one.guild_id}"


@attrs.define
class Tally:
    """Counts what was found and what was skipped."""

    found: Counter[str] = attrs.Factory(Counter)
    skipped: Counter[str] = attrs.Factory(Counter)

    @property
    def total(self) -> int:
        """How many values there were so far."""
        return self.found.total() + self.skipped.total()

    def add(self, found: Collection[Found]) -> list[Skip]:
        """Count some of it; what was skipped."""
        counts = Counter(map(type, found))
        skips = [one for one in found if isinstance(one, Skip)] if Skip in counts else []
        self.skipped.update(one.reason for one in skips)
        self.found.update({NAMES[kind]: count for kind, count in counts.items() if kind is not Skip})
        return skips


class _Given:
    """Values by their kind. There may be a million of them: they are looked at once."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._by_kind: dict[type[object], Sequence[object]] = {}
        kinds = set(map(type, found))
        for kind in kinds:
            self._by_kind[kind] = found if len(kinds) == 1 else [one for one in found if type(one) is kind]

    def of(self, kind: type[T]) -> Sequence[T]:
        """Those of this kind, in their order."""
        return cast("Sequence[T]", self._by_kind.get(kind, ()))

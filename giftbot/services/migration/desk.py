"""Where the values of a source go: each kind to the service that stores it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

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
from giftbot.services.migration.codes import KnownCodes
from giftbot.services.migration.grants import Grants
from giftbot.services.migration.homes import Homes
from giftbot.services.migration.invites import Joins
from giftbot.services.migration.players import Members
from giftbot.services.migration.settings import Choices
from giftbot.services.migration.staff import Staff
from giftbot.services.ports import Clock, Store

T = TypeVar("T")

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
        if sent := _of(SentCode, found):
            changed += await self._store.note_sent(sent, self._clock.now())
            self._codes.note(KnownCode(code.key, code.display, code.at) for code in sent)
        if grants := _of(Grant, found):
            changed += await self._grants.take(grants)
            self._codes.note(KnownCode(grant.key, grant.display, grant.at) for grant in grants)
        chosen = [one for one in found if isinstance(one, Member | PostChannel | RedeemChannel | AutoRedeem)]
        self.servers.update(one.guild_id for one in chosen)
        chosen = [one for one in chosen if one.guild_id not in self._besides]
        if members := _of(Member, chosen):
            changed += await self._members.take(members)
        self._choices.note(one for one in chosen if not isinstance(one, Member))
        self._codes.note(_of(KnownCode, found))
        return changed + await self._take_invites(found)

    async def _take_invites(self, found: Sequence[Found]) -> int:
        """Store who came by which invite. Links first: they tell of which server the rest is."""
        changed = 0
        if baselines := _of(Baseline, found):
            changed += await self._joins.take_baselines(baselines)
        for taking in (
            self._staff.take_links(_of(StaffCode, found)),
            self._joins.take(_of(Membership, found)),
            self._staff.take_requests(_of(VipRequest, found)),
            self._staff.take_roles(_of(VipRole, found)),
        ):
            written, skips = await taking
            changed += written
            self.skips += skips
        return changed

    async def finish(self) -> int:
        """Store what was kept, once the source was read to its end; how many rows changed."""
        return await self._codes.flush() + await self._choices.flush()


@attrs.define
class Tally:
    """Counts what was found and what was skipped."""

    found: Counter[str] = attrs.Factory(Counter)
    skipped: Counter[str] = attrs.Factory(Counter)

    def add(self, found: Iterable[Found]) -> None:
        """Count some of it."""
        for one in found:
            if isinstance(one, Skip):
                self.skipped[one.reason] += 1
            else:
                self.found[NAMES[type(one)]] += 1


def _of(kind: type[T], found: Sequence[object]) -> list[T]:
    return [one for one in found if isinstance(one, kind)]

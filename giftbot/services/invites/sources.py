"""Sources: what each way of coming can have counted in a stretch between looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

import attrs

from giftbot.models.ids import InviteCode, RoleId, UserId
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import Ledger
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.matching import MANY, Slots

SKEW = timedelta(seconds=5)
"""How far clocks, and a deletion and its message, may be apart."""
VANITY = "/vanity"
UNCLAIMED = "/unclaimed"


@attrs.frozen
class Source:
    """What one source counted in a stretch."""

    key: str
    """The invite's code; for others a word with a slash, which no code has."""
    low: int
    high: int
    invite: Invite | None = None
    used_up: int | None = None
    """What it counted if its last use was taken, which nobody has proven."""
    opens: datetime | None = None
    """Nobody who joined before can have come this way."""
    closes: datetime | None = None
    """Nobody who joined after can have come this way."""
    is_unread: bool = False
    """Whether the invite is there, and what it counts will only be seen later."""
    ignores_roles: bool = False
    """Whether the role that it gives may still come to somebody."""
    targets: frozenset[UserId] | None = None
    """Who alone can have come this way; None for everybody."""
    among: tuple[InviteCode, ...] = ()
    """Of uses that were left over: the invites they may be of."""

    @property
    def role_ids(self) -> tuple[RoleId, ...]:
        """What it gives to those who come by it."""
        return self.invite.role_ids if self.invite is not None and not self.ignores_roles else ()

    @property
    def slots(self) -> Slots:
        """Its bounds."""
        return Slots(self.low, self.high)

    @property
    def codes(self) -> tuple[InviteCode, ...]:
        """The invites behind it."""
        return self.among or ((self.invite.code,) if self.invite is not None else ())


Stretch = Mapping[str, Source]
"""What was counted between two looks."""


def merged(stretches: Sequence[Stretch]) -> Stretch:
    """Several stretches as one."""
    if len(stretches) == 1:
        return stretches[0]
    both: dict[str, Source] = {}
    for stretch in stretches:
        for key, source in stretch.items():
            old = both.get(key)
            both[key] = source if old is None else _sum(old, source)
    return both


def without_roles(stretch: Stretch, roles: Set[tuple[RoleId, ...]]) -> Stretch:
    """That stretch, in which lacking these roles excludes nobody."""
    if not roles:
        return stretch
    return {
        key: attrs.evolve(source, ignores_roles=True) if source.role_ids in roles else source
        for key, source in stretch.items()
    }


def with_targets(stretch: Stretch, targets: Mapping[InviteCode, frozenset[UserId]]) -> Stretch:
    """That stretch, in which invites that only some people may use are theirs alone."""
    if not targets:
        return stretch
    return {key: attrs.evolve(source, targets=_targets_of(source, targets)) for key, source in stretch.items()}


def _targets_of(source: Source, targets: Mapping[InviteCode, frozenset[UserId]]) -> frozenset[UserId] | None:
    if not source.codes or not targets.keys() >= set(source.codes):
        return None
    return frozenset().union(*(targets[code] for code in source.codes))


def _sum(first: Source, second: Source) -> Source:
    used_up = None
    if first.used_up is not None or second.used_up is not None:
        used_up = (first.low if first.used_up is None else first.used_up) + (
            second.low if second.used_up is None else second.used_up
        )
    return attrs.evolve(
        second, low=first.low + second.low, high=min(MANY, first.high + second.high), used_up=used_up
    )


def vanity_delta(ledger: Ledger, look: Look | None) -> int | None:
    """What the server's address counted since it was asked for last; None when that cannot be said."""
    before, after = ledger.vanity, look.vanity if look is not None else None
    if before is None or after is None or before.code != after.code or after.uses < before.uses:
        return None
    return after.uses - before.uses

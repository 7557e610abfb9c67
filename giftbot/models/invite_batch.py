"""What is known of a server's invites, and the batches in which joins are decided."""

from __future__ import annotations

from datetime import datetime

import attrs

from giftbot.models.ids import GuildId, InviteCode, batch_id
from giftbot.models.invite import Coverage, Invite, Snapshot, Tombstone, Unclaimed, Vanity
from giftbot.models.join import Join


@attrs.frozen
class Ledger:
    """The state of a server's invites after a batch: what the next look is compared with."""

    guild_id: GuildId
    number: int = 0
    """Of the last batch; 0 before the first."""
    taken_at: datetime | None = None
    """When the baseline was looked at; None while there is none."""
    invites: dict[InviteCode, Invite] = attrs.Factory(dict)
    """The baseline."""
    vanity: Vanity | None = None
    coverage: Coverage = Coverage.NONE
    tombstones: tuple[Tombstone, ...] = ()
    unclaimed: tuple[Unclaimed, ...] = ()
    owed: dict[InviteCode, int] = attrs.Factory(dict)
    """Uses of joins that were decided before they were counted (marker roles): the next looks show them."""
    archived: dict[InviteCode, int] = attrs.Factory(dict)
    """Uses that nobody will claim any more."""
    claimed: dict[InviteCode, int] = attrs.Factory(dict)
    """Uses that a join explains, since the first baseline. Owner-certain joins whose code is not known are
    counted by what their batch counted."""
    loose: int = 0
    """How many joins that are decided without their use being known may still be counted."""
    made: dict[InviteCode, int] = attrs.Factory(dict)
    """Invites of the baseline that no look has shown yet, with the `seq` of the event that told of them."""
    anomalies: int = 0
    """How often a counter went down, or a list could not be read whole."""
    last_seq: int = 0
    """The highest event that is dealt with."""
    since: datetime | None = None
    """When the first baseline was looked at, or the first after nothing could be seen: of joins before it nothing
    is known."""

    def with_baseline(self, snapshot: Snapshot) -> Ledger:
        """This ledger with that look as what the next one is compared with."""
        return attrs.evolve(
            self,
            taken_at=snapshot.taken_at,
            invites=dict(snapshot.invites),
            coverage=snapshot.coverage,
            made={},
        )


@attrs.frozen
class InviteBatch:
    """A row of `invite_batches`. Writing it is the commit: joins and ledger are projections of it."""

    guild_id: GuildId
    number: int
    decided_at: datetime
    joins: tuple[Join, ...]
    """Joins as they are from now on: new ones, closed ones, raised ones."""
    deltas: dict[InviteCode, int]
    """What each code counted since the batch before."""
    vanity_delta: int | None
    """None when it was not looked at."""
    ledger: Ledger
    events: tuple[int, ...]
    """The events (`seq`) that it deals with."""

    @property
    def batch_id(self) -> str:
        """The row's id. Whoever writes it first has decided; the other looks again."""
        return batch_id(self.guild_id, self.number)

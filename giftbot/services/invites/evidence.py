"""What a decision is made of, and what comes out of it: looks, arrivals, circumstances, decisions."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import attrs

from giftbot.models.ids import InviteCode, UserId
from giftbot.models.invite import Snapshot, Vanity
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.join import Join
from giftbot.models.staff import StaffLink


@attrs.frozen
class Look:
    """One request for a server's invites, and what had been received around it."""

    snapshot: Snapshot
    asked_seq: int
    """The highest `seq` given out when the request was sent: those joins are counted for sure."""
    seen_seq: int
    """The highest `seq` given out when the grace after the answer was over: later joins are not counted."""
    vanity: Vanity | None = None
    vanity_asked: bool = False
    """Whether the server's address was asked for with it, even if nothing useful came."""
    revoked: Mapping[InviteCode, int] | None = None
    """Invites that somebody deleted, with their last uses; None without the audit log."""
    homeless: frozenset[InviteCode] = frozenset()
    """Invites that are not listed any more and whose channel is not there any more either."""


@attrs.frozen
class Arrival:
    """Somebody who joined and waits for a decision."""

    event: InviteEvent
    """The first `JOINED` of that membership, with every role that was seen on the member since."""
    previous: Join | None = None
    """The same person's membership before."""
    left: InviteEvent | None = None
    """If they are gone already: the `LEFT`, or the next `JOINED` when no leave was seen."""
    seqs: tuple[int, ...] = ()
    """All events that went into this, its own too."""
    settled: Join | None = None
    """What `settle` decided by the marker role, as it is stored now: only its use is still to be accounted for."""


@attrs.frozen
class Circumstances:
    """What else bears on a decision."""

    bot_id: UserId
    links: Sequence[StaffLink] = ()
    """All staff links of the server, ended ones too."""
    told: Sequence[InviteEvent] = ()
    """`CREATED`, `DELETED` and `CHANNEL_GONE` that are not in the ledger yet, by `seq`."""
    adders: Mapping[UserId, UserId] = attrs.Factory(dict)
    """Who added which bot, as the audit log says."""
    has_vanity: bool = False
    has_gate: bool = False
    """Whether members are approved by hand, so that a use can be counted long before somebody joins."""
    targets: Mapping[InviteCode, frozenset[UserId]] = attrs.Factory(dict)
    """Who alone may use which invite. Discord shows nothing in lists or events that tells such an invite from
    another, and asking for single codes gets a bot banned: nobody fills this until it does."""
    audit: bool = False
    """Whether the audit log can be read, so that invites that are not in `Look.revoked` were used up."""
    catch_up: bool = False
    """Whether the time since the baseline was not watched."""
    role_wait_over: bool = False
    """Whether roles that a member does not have by now will not come."""


class Wanted(enum.Enum):
    """What has to be done before a decision is possible."""

    LOOK = "look"
    """Look again, and decide with this look appended to those before."""
    VANITY = "vanity"
    """Ask for the server's address: evolve the *last* look with `vanity`, `vanity_asked=True`, and `seen_seq`
    raised to the highest number given out when that answer's grace was over. Or append a look that asked both."""
    ROLES = "roles"
    """Wait up to 3 s for member updates, then decide with `role_wait_over`."""


@attrs.frozen
class Decision:
    """What a batch is made of. The caller adds its number, which is `ledger.number`, and the moment."""

    joins: tuple[Join, ...]
    """New memberships and changed ones. `batch` is set."""
    ledger: Ledger
    """With `number` raised by one and `last_seq` set."""
    deltas: Mapping[InviteCode, int] = attrs.Factory(dict)
    """What each code counted, without those that did not move."""
    vanity_delta: int | None = None
    """None when it was not looked at, or cannot be compared."""
    consumed: tuple[int, ...] = ()
    """Events that are dealt with. An arrival that `settle` decided is listed again when its use is accounted for:
    it waits, with `settled`, until its `seq` is in a decision of `decide`."""
    looks: int = 0
    """How many of the given looks, from the first, are used up; those after them are good for the next decision."""

"""Deciding who brought whom: a pure function of the ledger, the looks at the invites, and the joins between them.

Nothing here waits, asks or reads a clock: `decide` may run in a thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Reason
from giftbot.services.invites.evidence import Arrival, Circumstances, Decision, Look, Wanted


def settle(
    ledger: Ledger, arrivals: Sequence[Arrival], circumstances: Circumstances, now: datetime
) -> Decision | None:
    """Decide those arrivals that need no look: members with a marker role, and bots. None when there are none.

    The uses of those with a marker role are owed from now on. Such an arrival goes on waiting with `settled` set to
    its join, so that the next looks account for its use; after a restart the ledger alone knows it.
    """
    raise NotImplementedError


def give_up(
    ledger: Ledger, arrivals: Sequence[Arrival], circumstances: Circumstances, reason: Reason, now: datetime
) -> Decision:
    """Decide all arrivals without a look: level 0 with that reason, but for those that need none.

    Their uses may still be counted by the next look. After `NO_PERMISSION` the next look is a first one.
    """
    raise NotImplementedError


def decide(
    ledger: Ledger,
    looks: Sequence[Look],
    arrivals: Sequence[Arrival],
    circumstances: Circumstances,
    *,
    final: bool = False,
    now: datetime,
) -> Decision | Wanted:
    """Decide as many of the arrivals as the looks allow, or say what has to be done first.

    Args:
        ledger: As it was committed last.
        looks: At least one, all since that ledger's baseline, in the order in which they were asked.
        arrivals: All who wait (`memberships.receive`), also those who came after the last look.
        circumstances: What else bears on it.
        final: Decide even if nobody can say whom the last look counted; then never `Wanted`.
        now: When it is decided.
    """
    raise NotImplementedError

"""From events to memberships: joins said twice, leaves that were missed, rejoins, temporary members."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import attrs
import pytest

from giftbot.models.ids import RoleId, UserId
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join, Kind, Left, Level
from giftbot.services.invites.memberships import (
    DID_REJOIN,
    IS_GUEST,
    Reception,
    closed,
    closed_while_away,
    kind_of,
    receive,
)
from tests.services.invites.worlds import GUILD, at, decided, deleted, invite, ledger, look, row

USER = UserId(1)
OPEN = Join(GUILD, USER, at(0), level=Level.COUNTED, owner_id=UserId(101))


def event(kind: InviteEventKind, seq: int, seconds: float, **more: Any) -> InviteEvent:
    """Something about the user; `joined_at` is the moment unless it is given."""
    made = InviteEvent(GUILD, seq, kind, at(seconds), user_id=USER, joined_at=at(seconds))
    return attrs.evolve(made, **more)


def joins(seq: int, seconds: float, **more: Any) -> InviteEvent:
    """The user joins."""
    return event(InviteEventKind.JOINED, seq, seconds, **more)


def leaves(seq: int, seconds: float, **more: Any) -> InviteEvent:
    """The user leaves."""
    return event(InviteEventKind.LEFT, seq, seconds, joined_at=None, **more)


def received(*events: InviteEvent, known: Join | None = None, was_away: bool = False) -> Reception:
    """What becomes of these."""
    return receive(events, {} if known is None else {USER: known}, now=at(100), was_away=was_away)


def test_a_join_waits_for_a_decision() -> None:
    """Somebody who was never there."""
    reception = received(joins(1, 5))
    (arrival,) = reception.arrivals
    assert (arrival.event.seq, arrival.seqs, arrival.previous, arrival.left) == (1, (1,), None, None)
    assert (reception.changed, reception.consumed) == ((), ())


def test_a_join_that_is_said_several_times_is_one() -> None:
    """Case 28: the first counts; the others go with it."""
    (arrival,) = received(joins(1, 5), joins(2, 5.4), joins(3, 5.8)).arrivals
    assert (arrival.event.joined_at, arrival.seqs) == (at(5), (1, 2, 3))


@pytest.mark.parametrize(("seconds", "flags"), [(0.4, 0), (0.4, DID_REJOIN), (9000, 0)])
def test_a_join_of_somebody_who_is_there_changes_nothing(seconds: float, flags: int) -> None:
    """Case 28: within a moment, or later without a sign that there was a leave."""
    reception = received(joins(7, seconds, flags=flags), known=OPEN)
    assert (reception.arrivals, reception.changed, reception.consumed) == ((), (), (7,))


@pytest.mark.parametrize(("flags", "was_away"), [(DID_REJOIN, False), (0, True)])
def test_a_leave_that_was_missed(flags: int, was_away: bool) -> None:
    """Case 28: much later, and flagged as a rejoin or after an outage: the membership before has ended."""
    reception = received(joins(7, 9000, flags=flags), known=OPEN, was_away=was_away)
    (ended,) = reception.changed
    assert (ended.left, ended.left_at, ended.join_id) == (Left.UNSEEN, at(9000), OPEN.join_id)
    assert reception.arrivals[0].previous == ended


def test_a_leave_ends_the_membership() -> None:
    """Seen as it happened."""
    reception = received(leaves(7, 50), known=OPEN)
    assert [(one.left, one.left_at) for one in reception.changed] == [(Left.LEFT, at(50))]
    assert reception.consumed == (7,)


def test_a_leave_of_nobody_is_dealt_with() -> None:
    """Somebody who was never seen to join, or has left already."""
    gone = closed(OPEN, at(20))
    for known in (None, gone):
        reception = received(leaves(7, 50), known=known)
        assert (reception.changed, reception.consumed) == ((), (7,))


def test_somebody_leaves_before_the_decision() -> None:
    """One row, closed from the beginning."""
    (arrival,) = received(joins(1, 5), leaves(2, 6)).arrivals
    assert arrival.seqs == (1, 2)
    join = row(decided(ledger(invite("a")), look(invite("a", 1), asked=2), arrival), 1)
    assert (join.code, join.left, join.left_at) == ("a", Left.LEFT, at(6))


def test_somebody_leaves_and_comes_again_before_the_decision() -> None:
    """Two memberships, two uses."""
    reception = received(joins(1, 5), leaves(2, 6), joins(3, 8, flags=DID_REJOIN))
    assert [arrival.seqs for arrival in reception.arrivals] == [(1, 2), (3,)]
    decision = decided(ledger(invite("a")), look(invite("a", 2), asked=3), *reception.arrivals)
    first, second = decision.joins
    assert [(join.code, join.is_open) for join in decision.joins] == [("a", False), ("a", True)]
    assert (second.previous, second.kind) == (first.join_id, Kind.REJOIN_SAME)


def test_a_rejoin_points_at_the_membership_before() -> None:
    """Case 29: and says whether the owner is the same."""
    gone = closed(OPEN, at(2))
    (arrival,) = received(joins(1, 90, flags=DID_REJOIN), known=gone).arrivals
    state = ledger(invite("a"), invite("b", owner=102))
    same = row(decided(state, look(invite("a", 1), invite("b", owner=102), asked=1), arrival), 1)
    assert (same.previous, same.kind) == (OPEN.join_id, Kind.REJOIN_SAME)
    other = row(decided(state, look(invite("a"), invite("b", 1, owner=102), asked=1), arrival), 1)
    assert other.kind is Kind.REJOIN_OTHER


def test_a_join_that_is_told_after_its_leave_was_seen_is_not_a_new_one() -> None:
    """The same moment again."""
    gone = closed(OPEN, at(2))
    assert received(joins(9, 0.5), known=gone).consumed == (9,)


def test_roles_are_those_that_were_seen() -> None:
    """A member update adds to the arrival, whichever comes first."""
    update = event(InviteEventKind.ROLES, 2, 6, joined_at=at(5), role_ids=(RoleId(3),))
    for order in itertools.permutations([joins(1, 5), update]):
        renumbered = [attrs.evolve(one, seq=number) for number, one in enumerate(order, 1)]
        (arrival,) = received(*renumbered).arrivals
        assert arrival.event.role_ids == (3,)
        assert arrival.seqs == (1, 2)


def test_roles_that_come_long_after_the_join_say_nothing_about_the_invite() -> None:
    """While Discord does not answer, whoever waits may be given a role by hand, or accept another invite."""
    late = event(InviteEventKind.ROLES, 2, 66, joined_at=at(5), role_ids=(RoleId(3),))
    reception = received(joins(1, 5), late)
    (arrival,) = reception.arrivals
    assert (arrival.event.role_ids, arrival.seqs, reception.consumed) == ((), (1,), (2,))
    replayed = received(attrs.evolve(joins(1, 5), received_at=at(60)), late)
    assert replayed.arrivals[0].event.role_ids == (3,)


def test_roles_wait_for_their_join_a_minute() -> None:
    """An update may be told before the join; after a minute it is of no use."""
    update = event(InviteEventKind.ROLES, 2, 90, role_ids=(RoleId(3),))
    assert received(update).consumed == ()
    old = attrs.evolve(update, received_at=at(100) - timedelta(seconds=61))
    assert received(old).consumed == (2,)
    assert received(update, known=OPEN).consumed == (2,)


def test_a_guest_is_no_member() -> None:
    """Case 24: no row."""
    assert received(joins(1, 5, flags=IS_GUEST)).consumed == (1,)


def test_a_temporary_membership_ends() -> None:
    """Case 34: without a role by itself; with one it was a leave."""
    temporary = attrs.evolve(OPEN, is_temporary=True, marker_role_id=RoleId(70))
    assert closed(temporary, at(9)).left is Left.TEMPORARY
    assert closed(temporary, at(9), [RoleId(70)]).left is Left.TEMPORARY
    assert closed(temporary, at(9), [RoleId(3)]).left is Left.LEFT
    state = ledger(invite("t", is_temporary=True))
    (arrival,) = received(joins(1, 5), leaves(2, 6)).arrivals
    join = row(decided(state, look(invite("t", 1, is_temporary=True), asked=2), arrival), 1)
    assert (join.is_temporary, join.left) == (True, Left.TEMPORARY)


def test_somebody_left_while_nobody_watched() -> None:
    """The moment is when it was noticed."""
    assert closed_while_away(OPEN, at(50)).left is Left.AWAY


def test_what_a_join_means() -> None:
    """Case 29 and 30."""
    assert kind_of(OPEN, None) is Kind.FIRST
    assert kind_of(OPEN, None, is_bot=True) is Kind.BOT
    assert kind_of(attrs.evolve(OPEN, inviter_id=USER), None) is Kind.SELF
    nobody = attrs.evolve(OPEN, owner_id=None)
    assert kind_of(nobody, nobody) is Kind.REJOIN_OTHER


def test_the_order_of_messages_changes_nothing() -> None:
    """Join, roles, deletion: the same row in each order within the grace."""
    made = invite("once", max_uses=1, role_ids=(RoleId(3),))
    rows = set()
    for order in itertools.permutations(range(3)):
        events = [
            joins(1, 5),
            event(InviteEventKind.ROLES, 1, 5.1, joined_at=at(5), role_ids=(RoleId(3),)),
            deleted("once", 1, 5.2),
        ]
        told = [attrs.evolve(events[place], seq=seq) for seq, place in enumerate(order, 1)]
        arrivals = received(*told).arrivals
        gone = [one for one in told if one.kind is InviteEventKind.DELETED]
        seen = look(asked=3, revoked={})
        decision = decided(ledger(made), seen, *arrivals, told=gone, audit=True)
        rows.add(row(decision, 1))
        assert decision.consumed == (1, 2, 3)
    (only,) = rows
    assert (only.code, only.level) == ("once", Level.CONFIRMED)

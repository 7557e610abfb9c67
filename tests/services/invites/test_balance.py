"""Counting with balance: as many joins as uses, fewer, more; who is certain, and who is one of several."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from giftbot.models.ids import InviteCode, UserId
from giftbot.models.invite import Unclaimed
from giftbot.models.join import Kind, Level, Method, Reason, Source
from giftbot.services.invites.deciding import settle
from giftbot.services.invites.evidence import Wanted
from giftbot.text import attribution as texts
from tests.services.invites.worlds import (
    BOT,
    asked,
    at,
    circumstances,
    decided,
    invite,
    is_conserved,
    joined,
    ledger,
    link,
    look,
    row,
    vanity,
)

TWO = ledger(invite("a", 5), invite("b", 7, owner=102))


def test_one_join_and_one_use() -> None:
    """Case 1: the invite is counted, its owner is who made it."""
    decision = decided(TWO, look(invite("a", 6), invite("b", 7, owner=102), asked=1), joined(1, 5))
    join = row(decision, 1)
    assert (join.level, join.method, join.source) == (Level.COUNTED, Method.COUNTED, Source.INVITE)
    assert (join.code, join.owner_id, join.inviter_id, join.kind) == ("a", 101, 101, Kind.FIRST)
    assert (join.uses_before, join.uses_after, join.batch) == (5, 6, 2)
    assert decision.deltas == {"a": 1}
    assert decision.ledger.claimed == {"a": 1}
    assert (decision.consumed, decision.looks, decision.ledger.last_seq) == ((1,), 1, 1)
    assert decision.ledger.taken_at == at(10)


def test_several_joins_and_one_invite() -> None:
    """Case 2: all of them, whoever was first."""
    decision = decided(
        TWO,
        look(invite("a", 8), invite("b", 7, owner=102), asked=3),
        joined(1, 5),
        joined(2, 6),
        joined(3, 7),
    )
    assert {join.code for join in decision.joins} == {"a"}
    assert {join.level for join in decision.joins} == {Level.COUNTED}


def test_several_invites_of_one_owner() -> None:
    """Case 3: the owner is certain, the invite is not."""
    state = ledger(invite("a"), invite("b"))
    decision = decided(state, look(invite("a", 1), invite("b", 1), asked=2), joined(1, 5), joined(2, 6))
    join = row(decision, 2)
    assert (join.level, join.owner_id, join.code) == (Level.OWNER, 101, None)
    assert [(one.code, one.weight) for one in join.candidates] == [("a", 0.5), ("b", 0.5)]
    assert is_conserved(state, decision)


def test_several_owners() -> None:
    """Case 4: nobody is picked; the weights add up to what was counted."""
    decision = decided(
        TWO,
        look(invite("a", 7), invite("b", 8, owner=102), asked=3),
        joined(1, 5),
        joined(2, 6),
        joined(3, 7),
    )
    for join in decision.joins:
        assert (join.level, join.reason, join.owner_id) == (Level.CANDIDATES, Reason.AMBIGUOUS, None)
    weights = [one.weight for join in decision.joins for one in join.candidates if one.code == "a"]
    assert sum(weights) == pytest.approx(2, abs=0.001)


def test_nobody_was_counted() -> None:
    """Case 5, 18, 19, 26: not by an invite that can be seen; never called vanity."""
    decision = decided(TWO, look(*TWO.invites.values(), asked=1), joined(1, 5))
    join = row(decision, 1)
    assert (join.level, join.source, join.reason) == (Level.INFERRED, Source.OTHER, Reason.NOT_COUNTED)


def test_fewer_uses_than_joins() -> None:
    """Case 5: the invite is a candidate, and so is no invite."""
    decision = decided(TWO, look(invite("a", 6), invite("b", 7, owner=102), asked=2), joined(1, 5), joined(2, 6))
    join = row(decision, 1)
    assert join.level is Level.CANDIDATES
    assert {(one.code, one.weight) for one in join.candidates} == {("a", 0.5), (None, 0.5)}


def test_more_uses_than_joins_of_one_invite() -> None:
    """Case 6: still that invite, at level 3; the use that is left over waits for somebody."""
    decision = decided(TWO, look(invite("a", 7), invite("b", 7, owner=102), asked=1), joined(1, 5))
    assert (row(decision, 1).level, row(decision, 1).code) == (Level.OWNER, "a")
    assert decision.ledger.unclaimed == (Unclaimed(InviteCode("a"), 1, at(10)),)
    assert decision.ledger.claimed == {"a": 1}
    assert is_conserved(TWO, decision)


def test_more_uses_than_joins_of_two_invites() -> None:
    """Case 6: one of them; and the use that is left over may be the other's."""
    decision = decided(TWO, look(invite("a", 6), invite("b", 8, owner=102), asked=1), joined(1, 5))
    join = row(decision, 1)
    assert join.level is Level.CANDIDATES
    assert {one.code for one in join.candidates} == {"a", "b"}
    (left,) = decision.ledger.unclaimed
    assert {left.code, *left.among} == {"a", "b"}
    assert is_conserved(TWO, decision)


def test_a_use_that_was_left_over_explains_who_comes_late() -> None:
    """Case 6: somebody who had joined before that look, and is heard of now, may have been it."""
    state = attrs.evolve(TWO, unclaimed=(Unclaimed(InviteCode("a"), 1, at(10)),))
    decision = decided(state, look(*TWO.invites.values(), asked=1, seconds=15), joined(1, 9), seconds=16)
    join = row(decision, 1)
    assert join.level is Level.CANDIDATES
    assert {one.code for one in join.candidates} == {"a", None}
    assert decision.ledger.unclaimed == ()
    assert decision.ledger.claimed == {"a": 1}
    assert is_conserved(state, decision)


def test_a_use_that_was_left_over_does_not_explain_who_comes_after_it() -> None:
    """Somebody who joined long after that look cannot have been counted by it."""
    state = attrs.evolve(TWO, unclaimed=(Unclaimed(InviteCode("a"), 1, at(10)),))
    decision = decided(state, look(*TWO.invites.values(), asked=1, seconds=41), joined(1, 40), seconds=42)
    assert row(decision, 1).source is Source.OTHER
    assert decision.ledger.unclaimed == state.unclaimed


def test_a_use_that_was_left_over_is_archived_after_a_minute() -> None:
    """Case 6: nobody claims it any more; it is not lost from the sum."""
    state = attrs.evolve(TWO, unclaimed=(Unclaimed(InviteCode("a"), 1, at(10)),))
    decision = decided(state, look(*TWO.invites.values(), seconds=80), seconds=80)
    assert decision.ledger.unclaimed == ()
    assert decision.ledger.archived == {"a": 1}


def test_members_approved_by_hand_come_long_after_their_use() -> None:
    """Case 27: with such a gate the use stays claimable."""
    state = attrs.evolve(TWO, unclaimed=(Unclaimed(InviteCode("a"), 1, at(10)),))
    later = look(*TWO.invites.values(), asked=1, seconds=9001)
    decision = decided(state, later, joined(1, 9000), seconds=9002, has_gate=True)
    assert {one.code for one in row(decision, 1).candidates} == {"a", None}


def test_a_use_in_a_server_with_a_gate_may_be_an_applicants() -> None:
    """Case 27: who is counted need not be who joins, so that it is level 2; a role that Discord gave is sure."""
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=1)
    join = row(decided(TWO, seen, joined(1, 5), has_gate=True), 1)
    assert (join.level, join.owner_id, texts.GATED in join.evidence) == (Level.CANDIDATES, None, True)
    assert [one.code for one in join.candidates] == ["a"]
    state = ledger(invite("a", 5, role_ids=(7,)), invite("b", 7, owner=102))
    seen = look(invite("a", 6, role_ids=(7,)), invite("b", 7, owner=102), asked=1)
    join = row(decided(state, seen, joined(1, 5, roles=(7,)), has_gate=True), 1)
    assert (join.level, join.code) == (Level.CONFIRMED, "a")


def test_the_server_address_is_asked_for_only_when_uses_do_not_balance() -> None:
    """Case 14: one join more than uses, in a server with an address."""
    state = attrs.evolve(TWO, vanity=vanity(40))
    balanced = look(invite("a", 6), invite("b", 7, owner=102), asked=1)
    assert asked(state, balanced, joined(1, 5), has_vanity=True) is not Wanted.VANITY
    assert asked(state, look(*TWO.invites.values(), asked=1), joined(1, 5), has_vanity=True) is Wanted.VANITY


def test_somebody_comes_by_the_server_address() -> None:
    """Case 14: level 4, without inviter, but the address may be a staff member's."""
    state = attrs.evolve(TWO, vanity=vanity(40))
    seen = look(*TWO.invites.values(), asked=1, vanity=vanity(41), vanity_asked=True)
    decision = decided(state, seen, joined(1, 5), has_vanity=True)
    join = row(decision, 1)
    assert (join.source, join.level, join.code) == (Source.VANITY, Level.COUNTED, "home")
    assert (join.inviter_id, join.owner_id) == (None, None)
    assert (decision.vanity_delta, decision.ledger.vanity) == (1, vanity(41))
    decision = decided(state, seen, joined(1, 5), has_vanity=True, links=[link("home", 7)])
    assert row(decision, 1).owner_id == 7


@pytest.mark.parametrize("answer", [None, vanity(1, "new"), vanity(3)])
def test_an_address_that_cannot_be_compared(answer: object) -> None:
    """Case 15: nothing, another code, or a lower counter: it was the address, or something else."""
    state = attrs.evolve(TWO, vanity=vanity(40))
    seen = look(*TWO.invites.values(), asked=1, vanity=answer, vanity_asked=True)
    decision = decided(state, seen, joined(1, 5), has_vanity=True)
    join = row(decision, 1)
    assert (join.source, join.level, join.reason) == (Source.UNKNOWN, Level.INFERRED, Reason.NOT_COUNTED)
    assert decision.vanity_delta is None


def test_address_and_invites_in_one_batch() -> None:
    """Case 16: the address is one more source."""
    state = attrs.evolve(TWO, vanity=vanity(40))
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=2, vanity=vanity(41), vanity_asked=True)
    decision = decided(state, seen, joined(1, 5), joined(2, 6), has_vanity=True)
    assert {one.code for one in row(decision, 1).candidates} == {"a", "home"}


def test_an_address_that_is_asked_later_than_the_invites_is_no_proof() -> None:
    """Somebody by an invite after the list, somebody by the address before the address was read: both open."""
    state = attrs.evolve(TWO, vanity=vanity(40))
    first = look(invite("a", 6), invite("b", 7, owner=102), asked=1, seen=3, vanity=vanity(41), vanity_asked=True)
    people = [joined(1, 5), joined(2, 6), joined(3, 7)]
    assert asked(state, first, *people, has_vanity=True) is Wanted.LOOK
    second = look(invite("a", 6), invite("b", 8, owner=102), asked=3, seconds=12)
    decision = decided(state, [first, second], *people, has_vanity=True)
    assert all(join.level is Level.CANDIDATES for join in decision.joins)
    assert all({one.code for one in join.candidates} >= {"b", "home"} for join in decision.joins)


def test_a_bot_was_added() -> None:
    """Case 17: it takes no use; who added it is known from the audit log, or not."""
    newcomer = joined(1, 5, is_bot=True)
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=2)
    decision = decided(TWO, seen, newcomer, joined(2, 6), adders={UserId(1): UserId(8)})
    assert (row(decision, 1).source, row(decision, 1).owner_id) == (Source.BOT, 8)
    assert (row(decision, 1).level, row(decision, 1).kind) == (Level.CONFIRMED, Kind.BOT)
    assert (row(decision, 2).level, row(decision, 2).code) == (Level.COUNTED, "a")
    alone = settle(TWO, [newcomer], circumstances(), at(6))
    assert alone is not None
    assert (alone.joins[0].level, alone.joins[0].owner_id) == (Level.INFERRED, None)
    assert alone.ledger.owed == {}


def test_the_widget() -> None:
    """Case 20: an invite without inviter is the widget's, and nobody's."""
    state = ledger(invite("w", 3, owner=None))
    join = row(decided(state, look(invite("w", 4, owner=None), asked=1), joined(1, 5)), 1)
    assert (join.source, join.level, join.owner_id) == (Source.WIDGET, Level.COUNTED, None)


def test_ones_own_invite() -> None:
    """Case 30: recorded as such."""
    decision = decided(TWO, look(invite("a", 6), invite("b", 7, owner=102), asked=9), joined(101, 5, seq=9))
    assert (row(decision, 101).kind, row(decision, 101).level) == (Kind.SELF, Level.COUNTED)


def test_an_invite_of_the_bot_counts_for_whom_it_was_made() -> None:
    """Case 32: the staff member of the link; without a link nobody."""
    state = ledger(invite("ours", owner=BOT))
    seen = look(invite("ours", 1, owner=BOT), asked=1)
    with_link = row(decided(state, seen, joined(1, 5), links=[link("ours", 7, staff_name="Ann")]), 1)
    assert (with_link.owner_id, with_link.owner_name, with_link.inviter_id) == (7, "Ann", BOT)
    assert row(decided(state, seen, joined(1, 5)), 1).owner_id is None


def test_the_link_that_was_valid_at_the_join_counts() -> None:
    """Case 33: a link that ended before, or began after, changes nothing."""
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=1)
    links = [
        link("a", 7, valid_to=at(5)),
        link("a", 8, valid_from=at(5), valid_to=at(6)),
        link("a", 9, valid_from=at(6)),
    ]
    assert row(decided(TWO, seen, joined(1, 5.5), links=links), 1).owner_id == 8


def test_two_staff_links_of_one_member() -> None:
    """Case 3 by staff: two inviters, one staff member."""
    seen = look(invite("a", 6), invite("b", 8, owner=102), asked=2)
    decision = decided(TWO, seen, joined(1, 5), joined(2, 6), links=[link("a", 7), link("b", 7)])
    assert [(join.level, join.owner_id) for join in decision.joins] == [(Level.OWNER, 7)] * 2
    assert decision.joins[0].inviter_id is None


def test_a_join_by_an_invite_that_was_made_later_is_impossible() -> None:
    """An invite that did not exist yet, or had expired, is no candidate."""
    fresh = invite("b", 1, owner=102, created_at=at(5.5) + timedelta(seconds=2))
    state = ledger(invite("a"))
    decision = decided(state, look(invite("a", 1), fresh, asked=2), joined(1, 5), joined(2, 9))
    assert [(join.code, join.level) for join in decision.joins] == [("a", 4), ("b", 4)]


def test_an_address_that_was_not_asked_for_is_not_compared_later() -> None:
    """Decided at last without it: that member's use of the address would else be given to the next."""
    state = attrs.evolve(TWO, vanity=vanity(40))
    first = decided(state, look(*TWO.invites.values(), asked=1), joined(1, 5), has_vanity=True, final=True)
    assert first.ledger.vanity is None
    seen = look(*TWO.invites.values(), asked=2, seconds=20, vanity=vanity(41), vanity_asked=True)
    after = decided(first.ledger, seen, joined(2, 15), has_vanity=True, seconds=21)
    assert (row(after, 2).source, row(after, 2).level) == (Source.UNKNOWN, Level.INFERRED)
    assert after.ledger.vanity == vanity(41)

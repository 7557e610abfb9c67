"""Invites that only some people may use, and invites for a stream or an activity, which anybody may."""

from __future__ import annotations

import attrs

from giftbot.models.ids import InviteCode, UserId
from giftbot.models.invite import Unclaimed
from giftbot.models.join import Level, Source
from tests.services.invites.worlds import at, decided, invite, is_conserved, joined, ledger, look, row

TWO = ledger(invite("a", 5), invite("b", 7, owner=102))
BOTH = look(invite("a", 6), invite("b", 8, owner=102), asked=2)


def only(**users: int | tuple[int, ...]) -> dict[InviteCode, frozenset[UserId]]:
    """Who may use which invite."""
    return {
        InviteCode(code): frozenset(map(UserId, who if isinstance(who, tuple) else (who,)))
        for code, who in users.items()
    }


def test_who_is_not_on_the_list_did_not_come_by_it() -> None:
    """Case 23: of two people and two invites only one may have used the first: both are certain."""
    decision = decided(TWO, BOTH, joined(1, 5), joined(2, 6), targets=only(a=2))
    assert [(row(decision, user).code, row(decision, user).level) for user in (1, 2)] == [
        ("b", Level.COUNTED),
        ("a", Level.COUNTED),
    ]
    assert is_conserved(TWO, decision)


def test_a_list_on_which_all_are_says_nothing() -> None:
    """Case 23: both may have used either: nobody is picked, as without the list."""
    decision = decided(TWO, BOTH, joined(1, 5), joined(2, 6), targets=only(a=(1, 2)))
    for user in (1, 2):
        assert row(decision, user).level is Level.CANDIDATES
        assert {one.code for one in row(decision, user).candidates} == {"a", "b"}


def test_the_only_one_who_is_listed_took_the_use() -> None:
    """Case 23: also when somebody else came without an invite."""
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=3)
    decision = decided(TWO, seen, joined(1, 5), joined(2, 6), joined(3, 7), targets=only(a=2, b=9))
    assert (row(decision, 2).code, row(decision, 2).level) == ("a", Level.COUNTED)
    assert [row(decision, user).source for user in (1, 3)] == [Source.OTHER] * 2


def test_several_who_are_listed_share_it() -> None:
    """Case 23: it was one of these two, and not the third."""
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=3)
    decision = decided(TWO, seen, joined(1, 5), joined(2, 6), joined(3, 7), targets=only(a=(1, 2)))
    for user in (1, 2):
        assert {one.code: one.weight for one in row(decision, user).candidates} == {"a": 0.5, None: 0.5}
    assert row(decision, 3).source is Source.OTHER


def test_a_use_that_nobody_here_may_have_taken_is_left_over() -> None:
    """Case 23: a member accepted it, or the list has changed: whoever came is not blamed for it."""
    seen = look(invite("a", 6), invite("b", 7, owner=102), asked=1)
    decision = decided(TWO, seen, joined(1, 5), targets=only(a=2))
    assert (row(decision, 1).source, row(decision, 1).code) == (Source.OTHER, None)
    assert decision.ledger.unclaimed == (Unclaimed(InviteCode("a"), 1, at(10)),)
    assert is_conserved(TWO, decision)


def test_a_use_that_was_left_over_is_for_those_who_are_listed() -> None:
    """Case 23: somebody else who comes late did not take it."""
    state = attrs.evolve(TWO, unclaimed=(Unclaimed(InviteCode("a"), 1, at(10)),))
    seen = look(*TWO.invites.values(), asked=2, seconds=15)
    decision = decided(state, seen, joined(1, 8), joined(2, 9), seconds=16, targets=only(a=2))
    assert row(decision, 1).source is Source.OTHER
    assert {one.code for one in row(decision, 2).candidates} == {"a", None}

"""Chains of looks: who was counted by which, when to look again, and what stays open."""

from __future__ import annotations

import attrs

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Level, Reason
from giftbot.services.invites.evidence import Decision, Wanted
from tests.services.invites.worlds import asked, decided, invite, joined, ledger, look, row

STATE = ledger(invite("a"), invite("b", owner=102))
A1 = (invite("a", 1), invite("b", owner=102))
BOTH = (invite("a", 1), invite("b", 1, owner=102))


def test_a_look_that_may_have_counted_a_later_join_is_not_enough() -> None:
    """One use; one join before the request, one while it ran: look again."""
    assert asked(STATE, look(*A1, asked=1, seen=2), joined(1, 1), joined(2, 2)) is Wanted.LOOK


def test_a_later_look_tells_joins_apart() -> None:
    """When everybody came by an invite, each look counted exactly its uses of them, in their order."""
    looks = [look(*A1, asked=1, seen=2), look(*BOTH, asked=2, seconds=12)]
    decision = decided(STATE, looks, joined(1, 1), joined(2, 2))
    assert [(join.level, join.code) for join in decision.joins] == [(4, "a"), (4, "b")]
    assert (decision.looks, decision.consumed) == (2, (1, 2))


def test_somebody_without_invite_makes_the_chain_ambiguous() -> None:
    """One of the two came otherwise, and nobody knows which look counted whom."""
    looks = [look(*A1, asked=1, seen=2), look(*A1, asked=2, seconds=12)]
    decision = decided(STATE, looks, joined(1, 1), joined(2, 2))
    assert [join.level for join in decision.joins] == [Level.CANDIDATES] * 2


def test_a_look_in_between_that_counted_nothing_still_excludes() -> None:
    """Who was surely counted by a look that shows no use came without an invite; the next one took it."""
    looks = [look(*STATE.invites.values(), asked=1, seen=2), look(*A1, asked=2, seconds=12)]
    decision = decided(STATE, looks, joined(1, 1), joined(2, 2))
    assert (row(decision, 1).level, row(decision, 1).reason) == (Level.INFERRED, Reason.NOT_COUNTED)
    assert (row(decision, 2).level, row(decision, 2).code) == (Level.COUNTED, "a")


def test_the_decision_ends_where_the_count_is_known() -> None:
    """Who came after that look goes on waiting, and the looks after it stay good."""
    looks = [look(*A1, asked=1), look(*A1, asked=1, seen=2, seconds=12)]
    decision = decided(STATE, looks, joined(1, 1), joined(2, 11))
    assert [join.user_id for join in decision.joins] == [1]
    assert (decision.consumed, decision.looks) == ((1,), 1)
    rest = [look(*A1, asked=1, seen=2, seconds=12), look(*BOTH, asked=2, seconds=13)]
    after = decided(decision.ledger, rest, joined(2, 11))
    assert (row(after, 2).code, row(after, 2).level) == ("b", Level.COUNTED)


def test_at_last_it_is_decided_without_certainty() -> None:
    """Final: the two are candidates, and one of them may still be counted."""
    open_look = look(*A1, asked=1, seen=2)
    decision = decided(STATE, open_look, joined(1, 1), joined(2, 2), final=True)
    assert max(join.level for join in decision.joins) == Level.CANDIDATES
    assert decision.ledger.loose == 1


def test_a_use_of_somebody_decided_before_is_not_given_to_the_next() -> None:
    """After a final decision the use of one of those may come with the next look."""
    open_look = look(*A1, asked=1, seen=2)
    before = decided(STATE, open_look, joined(1, 1), joined(2, 2), final=True)
    after = decided(before.ledger, look(*BOTH, asked=3, seconds=14), joined(3, 13))
    assert row(after, 3).level is Level.CANDIDATES
    assert {one.code for one in row(after, 3).candidates} == {"b", None}
    assert after.ledger.loose == 0


def test_nobody_is_called_not_counted_whom_no_look_has_counted() -> None:
    """Final, and no use at all: who came last may still be counted."""
    open_look = look(*STATE.invites.values(), asked=1, seen=2)
    decision = decided(STATE, open_look, joined(1, 1), joined(2, 2), final=True)
    assert (row(decision, 1).level, row(decision, 1).reason) == (Level.INFERRED, Reason.NOT_COUNTED)
    assert (row(decision, 2).level, row(decision, 2).reason) == (Level.UNKNOWN, Reason.AMBIGUOUS)


def test_joins_of_one_moment_are_not_told_apart() -> None:
    """The order of two joins of the same moment is unknown, so that a look between them says nothing."""
    looks = [look(*A1, asked=1, seen=2), look(*BOTH, asked=2, seconds=12)]
    decision = decided(STATE, looks, joined(1, 1), joined(2, 1))
    assert [join.level for join in decision.joins] == [Level.CANDIDATES] * 2


def test_messages_out_of_order() -> None:
    """Who joined first counts first, whoever was heard of first."""
    looks = [look(*A1, asked=0, seen=2), look(*BOTH, asked=2, seconds=12)]
    decision = decided(STATE, looks, joined(1, 2, seq=1), joined(2, 1, seq=2))
    assert (row(decision, 2).code, row(decision, 1).code) == ("a", "b")


def test_a_look_without_anybody_is_a_new_baseline() -> None:
    """Nothing moved, nobody came."""
    decision = decided(STATE, look(*STATE.invites.values(), seconds=30))
    assert decision.joins == ()
    assert (decision.ledger.number, decision.ledger.invites) == (2, STATE.invites)


def test_the_first_look() -> None:
    """Case 37: who came before it is unknown, who came while it ran may be counted later."""
    nothing = Ledger(GuildId(1))
    decision = decided(nothing, look(*A1, asked=1, seen=2), joined(1, 1), joined(2, 2), joined(3, 3))
    assert {join.reason for join in decision.joins} == {Reason.NO_BASELINE}
    assert {join.level for join in decision.joins} == {Level.UNKNOWN}
    assert (decision.consumed, decision.ledger.loose) == ((1, 2), 1)
    assert decision.ledger.invites[InviteCode("a")].uses == 1


def test_splitting_never_lowers_and_merging_never_errs() -> None:
    """The same three joins with one look at the end, and with a look after each."""
    people = [joined(1, 1), joined(2, 2), joined(3, 3)]
    final = (invite("a", 2), invite("b", 1, owner=102))
    whole = decided(STATE, look(*final, asked=3), *people)
    looks = [look(*A1, asked=1, seconds=1.5), look(*BOTH, asked=2, seconds=2.5), look(*final, asked=3)]
    split = decided(STATE, looks, *people)
    assert [(join.level, join.code) for join in split.joins] == [(4, "a"), (4, "b"), (4, "a")]
    assert all(one.level <= other.level for one, other in zip(whole.joins, split.joins, strict=True))
    one_by_one: list[str | None] = []
    state = STATE
    for number, person in enumerate(people):
        decision = asked(state, looks[number], person)
        assert isinstance(decision, Decision)
        one_by_one.append(decision.joins[0].code)
        state = decision.ledger
    assert one_by_one == ["a", "b", "a"]
    assert attrs.evolve(state, number=split.ledger.number) == split.ledger


def test_as_many_uses_as_people_need_no_other_look() -> None:
    """The second came while the look ran, and is counted: there is nobody else whose use it can be."""
    decision = decided(STATE, look(invite("a", 2), STATE.invites[InviteCode("b")], asked=1, seen=2), *PAIR)
    assert [(join.level, join.code) for join in decision.joins] == [(Level.COUNTED, "a")] * 2


def test_many_people_are_told_apart_by_the_looks_between() -> None:
    """A crowd over which nobody can try everything; each look may have counted some who came while it ran."""
    people = [joined(number, number) for number in range(1, 201)]
    looks = [
        look(invite("a", 70), invite("b", owner=102), asked=60, seen=80, seconds=70.5),
        look(invite("a", 70), invite("b", 60, owner=102), asked=120, seen=140, seconds=130.5),
        look(invite("a", 140), invite("b", 60, owner=102), asked=200, seconds=201),
    ]
    decision = decided(STATE, looks, *people, seconds=202)
    assert [join.code for join in decision.joins] == ["a"] * 70 + ["b"] * 60 + ["a"] * 70
    assert {join.level for join in decision.joins} == {Level.COUNTED}


PAIR = (joined(1, 1), joined(2, 2))

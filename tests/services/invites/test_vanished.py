"""Invites that are gone: used up, deleted, expired, without a channel; told before, after, or never."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from giftbot.models.ids import ChannelId, InviteCode
from giftbot.models.invite import Gone
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Level, Reason
from giftbot.services.invites.evidence import Decision
from giftbot.services.invites.ledgers import ledger_after
from tests.services.invites.worlds import (
    at,
    created,
    decided,
    deleted,
    invite,
    is_conserved,
    joined,
    ledger,
    look,
    row,
    told,
)

ONCE = invite("once", max_uses=1)
STATE = ledger(ONCE, invite("b", owner=102))
LEFT = (invite("b", owner=102),)


def used_up(*more: InviteEvent, audit: bool = True) -> Decision:
    """One join, and the single-use invite is not listed any more."""
    seen = look(*LEFT, asked=1, revoked={} if audit else None)
    return decided(STATE, seen, joined(1, 5), audit=audit, told=more)


def test_the_last_use_is_taken() -> None:
    """Case 7: with the audit log at level 4, without at level 3."""
    decision = used_up()
    assert (row(decision, 1).code, row(decision, 1).level) == ("once", Level.COUNTED)
    assert (decision.deltas, decision.ledger.claimed) == ({"once": 1}, {"once": 1})
    without = used_up(audit=False)
    assert (row(without, 1).code, row(without, 1).level) == ("once", Level.OWNER)
    assert "once" not in decision.ledger.invites
    assert is_conserved(STATE, decision)
    assert is_conserved(STATE, without)


@pytest.mark.parametrize("seconds", [4.9, 5.2])
def test_the_deletion_is_told_before_or_after_the_join(seconds: float) -> None:
    """Case 8 and 9: the same row as when it is never told, but for the reason on the tombstone."""
    decision = used_up(deleted("once", 2, seconds))
    assert row(decision, 1) == row(used_up(), 1)
    assert [stone.gone for stone in decision.ledger.tombstones] == [Gone.DELETED]
    assert 2 in decision.consumed


def test_a_deletion_that_is_told_after_the_decision_only_adds_its_reason() -> None:
    """Case 9: the tombstone is there already."""
    decision = used_up()
    (stone,) = decision.ledger.tombstones
    assert stone.gone is Gone.VANISHED
    later = ledger_after(decision.ledger, deleted("once", 2, 12))
    assert [one.gone for one in later.tombstones] == [Gone.DELETED]
    assert later.claimed == decision.ledger.claimed


def test_a_used_up_invite_explains_nobody_else() -> None:
    """After its last use is claimed, the tombstone has none left."""
    decision = used_up(audit=False)
    after = decided(decision.ledger, look(*LEFT, asked=2, seconds=13), joined(2, 9.5), seconds=14)
    assert row(after, 2).reason is Reason.NOT_COUNTED


def test_an_unlimited_invite_vanishes() -> None:
    """Case 10 and 11 without the audit log: it may have been that, or nothing."""
    state = ledger(invite("a"), invite("b", owner=102))
    decision = decided(state, look(*LEFT, asked=1), joined(1, 5))
    assert row(decision, 1).level is Level.CANDIDATES
    assert {one.code for one in row(decision, 1).candidates} == {"a", None}
    assert decision.deltas == {}


def test_the_audit_log_has_the_final_uses() -> None:
    """Case 11: somebody deleted it just after it was used, or unused."""
    state = ledger(invite("a", 3), invite("b", owner=102))
    final = {InviteCode("a"): 4}
    decision = decided(state, look(*LEFT, asked=1, revoked=final), joined(1, 5), audit=True)
    assert (row(decision, 1).code, row(decision, 1).level) == ("a", Level.COUNTED)
    assert is_conserved(state, decision)
    final = {InviteCode("a"): 3}
    decision = decided(state, look(*LEFT, asked=1, revoked=final), joined(1, 5), audit=True)
    assert row(decision, 1).reason is Reason.NOT_COUNTED


def test_a_deleted_single_use_invite_is_not_taken_for_used() -> None:
    """Case 7 and 11: the audit log says that it was deleted unused."""
    seen = look(*LEFT, asked=1, revoked={InviteCode("once"): 0})
    assert row(decided(STATE, seen, joined(1, 5), audit=True), 1).reason is Reason.NOT_COUNTED


def test_an_invite_expires() -> None:
    """Case 12: nothing, if the others balance; else a candidate, beside no invite."""
    state = ledger(invite("a", max_uses=5, expires_at=at(9)), invite("b", owner=102))
    balanced = decided(state, look(invite("b", 1, owner=102), asked=1), joined(1, 5))
    assert (row(balanced, 1).code, row(balanced, 1).level) == ("b", Level.COUNTED)
    assert [stone.gone for stone in balanced.ledger.tombstones] == [Gone.EXPIRED]
    other = decided(state, look(*LEFT, asked=1), joined(1, 5))
    assert {one.code for one in row(other, 1).candidates} == {"a", None}
    after = decided(state, look(*LEFT, asked=1, seconds=30), joined(1, 25), seconds=31)
    assert row(after, 1).reason is Reason.NOT_COUNTED


def test_an_invite_is_made_used_and_gone_between_two_looks() -> None:
    """Case 13: what was told of it is enough."""
    made = invite("new", owner=103, max_uses=1, created_at=at(3))
    for audit, level in ((True, Level.COUNTED), (False, Level.OWNER)):
        decision = decided(
            STATE,
            look(ONCE, *LEFT, asked=2, revoked={} if audit else None),
            joined(1, 5, seq=2),
            audit=audit,
            told=[created(made, 1, 3), deleted("new", 3, 5)],
        )
        assert (row(decision, 1).code, row(decision, 1).level) == ("new", level)
        assert row(decision, 1).owner_id == 103


def test_an_invite_that_is_made_while_a_look_runs_is_not_gone() -> None:
    """It is not listed yet; the next look lists it."""
    made = invite("new", owner=103, created_at=at(9))
    decision = decided(STATE, look(ONCE, *LEFT, asked=0, seen=1), told=[created(made, 1, 9.8)])
    assert decision.ledger.tombstones == ()
    assert decision.ledger.invites[InviteCode("new")].uses == 0
    after = decided(
        decision.ledger,
        look(ONCE, *LEFT, invite("new", 1, owner=103, created_at=at(9)), asked=2, seconds=20),
        joined(2, 15),
    )
    assert row(after, 2).code == "new"


def test_an_invite_without_a_word_counts_from_nothing() -> None:
    """An invite that nobody told of, made since the baseline."""
    decision = decided(
        STATE, look(ONCE, *LEFT, invite("new", 1, owner=103, created_at=at(3)), asked=1), joined(1, 5)
    )
    assert (row(decision, 1).code, row(decision, 1).level) == ("new", Level.COUNTED)


def test_an_old_invite_that_was_not_seen_before_counts_from_now() -> None:
    """It came into view; its uses are nobody's."""
    decision = decided(STATE, look(ONCE, *LEFT, invite("old", 70), asked=1), joined(1, 5))
    assert decision.deltas == {}
    assert row(decision, 1).reason is Reason.NOT_COUNTED


def test_a_look_from_before_the_deletion() -> None:
    """Its list still has the invite: those uses count, and it stays gone."""
    state = ledger(invite("a", 3), invite("b", owner=102))
    seen = look(invite("a", 4), *LEFT, asked=1, seen=2)
    decision = decided(state, seen, joined(1, 5), told=[deleted("a", 2, 10.1)])
    assert (row(decision, 1).code, row(decision, 1).level) == ("a", Level.COUNTED)
    assert "a" not in decision.ledger.invites
    assert [stone.invite.uses for stone in decision.ledger.tombstones] == [4]


def test_its_channel_is_deleted() -> None:
    """Its invites are gone with it, for that reason; nothing proves that the last use was taken."""
    gone = told(InviteEventKind.CHANNEL_GONE, 2, 6, channel_id=ChannelId(5))
    after = ledger_after(STATE, gone)
    assert after.invites == {}
    assert {stone.gone for stone in after.tombstones} == {Gone.CHANNEL}
    decision = decided(STATE, look(asked=1), joined(1, 5), told=[gone])
    assert row(decision, 1).level is Level.CANDIDATES


def test_tombstones_explain_for_a_minute() -> None:
    """After a balanced batch; and nobody who joined long after."""
    state = ledger(invite("a"), invite("b", owner=102))
    first = decided(state, look(*LEFT, asked=0))
    late = decided(first.ledger, look(*LEFT, asked=1, seconds=40), joined(1, 9), seconds=41)
    assert {one.code for one in row(late, 1).candidates} == {"a", None}
    after = decided(first.ledger, look(*LEFT, asked=1, seconds=40), joined(1, 30), seconds=41)
    assert row(after, 1).reason is Reason.NOT_COUNTED
    assert decided(first.ledger, look(*LEFT, seconds=80), seconds=80).ledger.tombstones == ()


@pytest.mark.parametrize(
    "twice",
    [
        lambda: created(invite("b", 5, owner=102), 4, 3),
        lambda: deleted("unknown", 4, 3),
        lambda: told(InviteEventKind.CHANNEL_GONE, 4, 3, channel_id=ChannelId(77)),
        lambda: told(InviteEventKind.LEFT, 4, 3),
    ],
)
def test_what_is_known_or_unknown_changes_nothing(twice: Callable[[], InviteEvent]) -> None:
    """An invite that is known, a deletion of one that is not, an empty channel, a member."""
    assert ledger_after(STATE, twice()) == STATE


def test_a_counter_goes_down() -> None:
    """Case 42: a new baseline and an anomaly, no negative use."""
    state = ledger(invite("a", 9), invite("b", owner=102))
    decision = decided(state, look(invite("a", 2), invite("b", 1, owner=102), asked=1), joined(1, 5))
    assert row(decision, 1).code == "b"
    assert decision.ledger.anomalies == 1
    assert decision.ledger.invites[InviteCode("a")].uses == 2
    assert decision.deltas == {"b": 1}


def test_an_invite_is_there_again() -> None:
    """Case 42: a new baseline and an anomaly."""
    state = ledger_after(ledger(invite("a", 9)), deleted("a", 1, 1))
    decision = decided(state, look(invite("a", 12), asked=2, seconds=30), joined(2, 20), seconds=31)
    assert decision.deltas == {}
    assert decision.ledger.anomalies == 1
    assert decision.ledger.tombstones == ()
    assert decision.ledger.invites[InviteCode("a")].uses == 12


def test_an_entry_that_could_not_be_read_is_not_gone() -> None:
    """A malformed entry: that invite may have been used, and is still there."""
    state = ledger(invite("a"), invite("b", owner=102))
    decision = decided(state, look(*LEFT, asked=1, lost=1), joined(1, 5))
    assert {one.code for one in row(decision, 1).candidates} == {"a", None}
    assert decision.ledger.tombstones == ()
    assert decision.ledger.anomalies == 1
    assert "a" in decision.ledger.invites


def test_a_use_of_an_entry_that_could_not_be_read_is_not_given_to_the_next() -> None:
    """When it can be read again, its use may be that of somebody who is decided already."""
    state = ledger(invite("a"), invite("b", owner=102))
    first = decided(state, look(*LEFT, asked=1, lost=1), joined(1, 5))
    assert first.ledger.loose == 1
    after = decided(first.ledger, look(invite("a", 1), *LEFT, asked=2, seconds=20), joined(2, 15))
    assert {one.code for one in row(after, 2).candidates} == {"a", None}

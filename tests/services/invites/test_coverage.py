"""Looks that show less than everything, and times that nobody watched."""

from __future__ import annotations

from giftbot.models.ids import ChannelId, InviteCode
from giftbot.models.invite import Coverage, Gone
from giftbot.models.join import Level, Method, Reason, Source
from tests.services.invites.worlds import decided, invite, is_conserved, joined, ledger, look, row

HERE = frozenset({ChannelId(5)})
STATE = ledger(invite("a"), invite("far", owner=102, channel_id=ChannelId(6)))


def test_an_invite_of_a_channel_that_is_not_seen_is_not_gone() -> None:
    """Case 41: it is out of sight, and comes back without a delta."""
    partial = look(invite("a", 1), asked=1, coverage=Coverage.CHANNELS, channel_ids=HERE)
    decision = decided(STATE, partial, joined(1, 5))
    assert (row(decision, 1).code, row(decision, 1).level) == ("a", Level.COUNTED)
    assert decision.ledger.tombstones == ()
    seen = look(invite("a", 1), invite("far", 3, owner=102, channel_id=ChannelId(6)), asked=2, seconds=4000)
    after = decided(decision.ledger, seen, joined(2, 3900), seconds=4001)
    assert after.deltas == {}
    assert row(after, 2).code is None


def test_an_imbalance_is_normal_where_some_channels_are_seen() -> None:
    """Case 41: nobody says that it was no invite."""
    partial = look(invite("a"), asked=1, coverage=Coverage.CHANNELS, channel_ids=HERE)
    join = row(decided(STATE, partial, joined(1, 5)), 1)
    assert (join.source, join.level) == (Source.UNKNOWN, Level.INFERRED)


def test_an_invite_of_a_seen_channel_vanishes() -> None:
    """Case 41: there it is gone."""
    partial = look(asked=1, coverage=Coverage.CHANNELS, channel_ids=HERE)
    decision = decided(STATE, partial, joined(1, 5))
    assert [(one.invite.code, one.gone) for one in decision.ledger.tombstones] == [("a", Gone.VANISHED)]


def test_a_list_without_uses() -> None:
    """Case 40: nothing can be counted, but a single-use invite that vanished tells."""
    state = ledger(invite("a"), invite("once", owner=102, max_uses=1), coverage=Coverage.BARE)
    nothing = look(invite("a", 9), invite("once", owner=102), asked=1, coverage=Coverage.BARE)
    decision = decided(state, nothing, joined(1, 5))
    assert (row(decision, 1).level, row(decision, 1).reason) == (Level.UNKNOWN, Reason.NO_PERMISSION)
    assert decision.deltas == {}
    gone = decided(state, look(invite("a"), asked=1, coverage=Coverage.BARE), joined(1, 5))
    assert (row(gone, 1).owner_id, row(gone, 1).level) == (102, Level.OWNER)
    assert decision.ledger.invites[InviteCode("once")].max_uses == 1


def test_catching_up() -> None:
    """Case 36: against the baseline of before; the method says that nobody watched."""
    seen = look(invite("a", 1), invite("far", owner=102, channel_id=ChannelId(6)), asked=1, seconds=9000)
    decision = decided(STATE, seen, joined(1, 4000), seconds=9001, catch_up=True)
    join = row(decision, 1)
    assert (join.code, join.level, join.method) == ("a", Level.COUNTED, Method.CATCH_UP)


def test_catching_up_without_uses() -> None:
    """Case 36: an invite may have been made and used up meanwhile, so nobody says that it was none."""
    seen = look(*STATE.invites.values(), asked=1, seconds=9000)
    join = row(decided(STATE, seen, joined(1, 4000), seconds=9001, catch_up=True), 1)
    assert (join.level, join.source, join.reason) == (
        Level.INFERRED,
        Source.UNKNOWN,
        Reason.OFFLINE_GAP,
    )


def test_people_who_came_and_left_meanwhile() -> None:
    """Case 36 and B5: their uses are left over, and nothing is certain by them."""
    seen = look(invite("a", 1), invite("far", 1, owner=102, channel_id=ChannelId(6)), asked=1, seconds=9000)
    decision = decided(STATE, seen, joined(1, 4000), seconds=9001, catch_up=True)
    assert row(decision, 1).level is Level.CANDIDATES
    assert sum(uses.count for uses in decision.ledger.unclaimed) == 1
    assert is_conserved(STATE, decision)

"""Marker roles, and other roles that invites give."""

from __future__ import annotations

import attrs

from giftbot.models.ids import RoleId, UserId
from giftbot.models.invite import Invite
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Join, Kind, Level, Method, Reason, Source
from giftbot.services.invites.deciding import give_up, settle
from giftbot.services.invites.evidence import Arrival, Decision, Wanted
from giftbot.services.invites.memberships import receive
from tests.services.invites.worlds import (
    BOT,
    GUILD,
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
)

LINKS = [link("m", 7, role=70), link("n", 8, role=80)]


def marked(code: str, role: int, uses: int = 0) -> Invite:
    """A staff link's invite."""
    return invite(code, uses, owner=BOT, role_ids=(RoleId(role),))


STATE = ledger(marked("m", 70), marked("n", 80), invite("b", owner=102))


def settled(*arrivals: Arrival) -> tuple[Decision, list[Arrival]]:
    """What is decided without a look, and the arrivals as they go on waiting."""
    decision = settle(STATE, arrivals, circumstances(links=LINKS), at(6))
    assert decision is not None
    rows = {join.user_id: join for join in decision.joins}
    waiting = [
        attrs.evolve(arrival, settled=rows[arrival.event.user_id])
        for arrival in arrivals
        if arrival.event.user_id in rows
    ]
    return decision, waiting


def test_the_marker_role_needs_no_look() -> None:
    """Level 5 at once; its use is owed."""
    decision, _ = settled(joined(1, 5, roles=(70,)), joined(2, 5))
    (join,) = decision.joins
    assert (join.level, join.method, join.source) == (Level.CONFIRMED, Method.MARKER, Source.INVITE)
    assert (join.code, join.owner_id, join.inviter_id, join.marker_role_id) == ("m", 7, BOT, 70)
    assert (decision.ledger.owed, decision.consumed, decision.ledger.number) == ({"m": 1}, (1,), 2)
    assert settle(STATE, [joined(2, 5)], circumstances(links=LINKS), at(6)) is None


def test_its_use_is_accounted_for_by_the_next_look() -> None:
    """It is nobody else's, and the row is not written again."""
    before, waiting = settled(joined(1, 5, roles=(70,)))
    seen = look(marked("m", 70, 1), marked("n", 80), invite("b", 1, owner=102), asked=2)
    decision = decided(before.ledger, seen, *waiting, joined(2, 6), links=LINKS)
    assert [(join.user_id, join.code) for join in decision.joins] == [(2, "b")]
    assert decision.ledger.owed == {}
    assert decision.ledger.claimed == {"m": 1, "b": 1}
    assert decision.consumed == (1, 2)
    assert is_conserved(before.ledger, decision)


def test_its_use_is_owed_after_a_restart() -> None:
    """The ledger alone knows: nobody else gets it."""
    before, _ = settled(joined(1, 5, roles=(70,)))
    seen = look(marked("m", 70, 1), marked("n", 80), invite("b", owner=102), asked=2)
    decision = decided(before.ledger, seen, joined(2, 6), links=LINKS)
    assert row(decision, 2).reason is Reason.NOT_COUNTED
    assert decision.ledger.owed == {}
    assert decision.ledger.unclaimed == ()
    assert is_conserved(before.ledger, decision)


def test_two_marker_roles_are_counted() -> None:
    """Some other bot gave back an old role: no stamp, but both invites stay candidates."""
    both = joined(1, 5, roles=(70, 80))
    assert settle(STATE, [both], circumstances(links=LINKS), at(6)) is None
    seen = look(marked("m", 70, 1), marked("n", 80), invite("b", owner=102), asked=1)
    decision = decided(STATE, seen, both, links=LINKS)
    assert (row(decision, 1).code, row(decision, 1).owner_id) == ("m", 7)


def test_a_role_of_an_ended_link_is_no_stamp() -> None:
    """The link counts for nobody since its end."""
    ended = [link("m", 7, role=70, valid_to=at(1))]
    assert settle(STATE, [joined(1, 5, roles=(70,))], circumstances(links=ended), at(6)) is None


def test_role_and_counter_disagree() -> None:
    """Case 43: the role wins, and the row says so."""
    before, waiting = settled(joined(1, 5, roles=(70,)))
    seen = look(marked("m", 70), marked("n", 80), invite("b", 1, owner=102), asked=1)
    decision = decided(before.ledger, seen, *waiting, links=LINKS)
    join = row(decision, 1)
    assert (join.code, join.level, join.has_disagreement) == ("m", Level.CONFIRMED, True)
    assert [uses.code for uses in decision.ledger.unclaimed] == ["b"]
    assert decision.ledger.owed == {}


def test_counting_waits_for_roles() -> None:
    """Case 21: the invite gives a role that the member does not have yet."""
    state = ledger(invite("r", role_ids=(RoleId(3),)), invite("b", owner=102))
    seen = look(invite("r", 1, role_ids=(RoleId(3),)), invite("b", owner=102), asked=1)
    assert asked(state, seen, joined(1, 5)) is Wanted.ROLES
    with_role = row(decided(state, seen, joined(1, 5, roles=(3,))), 1)
    assert (with_role.code, with_role.level) == ("r", Level.CONFIRMED)


def test_a_role_that_does_not_come_excludes() -> None:
    """Case 21 and 22: somebody who was there already took that use."""
    state = ledger(invite("r", role_ids=(RoleId(3),)), invite("b", owner=102))
    seen = look(invite("r", 1, role_ids=(RoleId(3),)), invite("b", 1, owner=102), asked=1)
    decision = decided(state, seen, joined(1, 5), role_wait_over=True)
    assert (row(decision, 1).code, row(decision, 1).level) == ("b", Level.OWNER)
    assert [(uses.code, uses.count) for uses in decision.ledger.unclaimed] == [("r", 1)]
    assert is_conserved(state, decision)
    alone = look(invite("r", 1, role_ids=(RoleId(3),)), invite("b", owner=102), asked=1)
    assert row(decided(state, alone, joined(1, 5), role_wait_over=True), 1).source is Source.OTHER


def test_roles_tell_two_members_apart() -> None:
    """One of each invite, and one of them has the role."""
    state = ledger(invite("r", role_ids=(RoleId(3),)), invite("b", owner=102))
    seen = look(invite("r", 1, role_ids=(RoleId(3),)), invite("b", 1, owner=102), asked=2)
    decision = decided(state, seen, joined(1, 5), joined(2, 5.1, roles=(3,)))
    assert [(join.user_id, join.code) for join in decision.joins] == [(1, "b"), (2, "r")]
    assert row(decision, 2).level is Level.CONFIRMED


def test_a_role_of_several_invites_is_no_proof_by_itself() -> None:
    """It only excludes; which of them it was is counted."""
    state = ledger(invite("r", role_ids=(RoleId(3),)), invite("s", owner=102, role_ids=(RoleId(3),)))
    seen = look(invite("r", 1, role_ids=(RoleId(3),)), invite("s", owner=102, role_ids=(RoleId(3),)), asked=1)
    join = row(decided(state, seen, joined(1, 5, roles=(3,))), 1)
    assert (join.code, join.level) == ("r", Level.COUNTED)


def test_at_last_a_role_that_may_still_come_excludes_nobody() -> None:
    """Final, and nobody has waited for roles."""
    state = ledger(invite("r", role_ids=(RoleId(3),)), invite("b", owner=102))
    seen = look(invite("r", 1, role_ids=(RoleId(3),)), invite("b", 1, owner=102), asked=2)
    decision = decided(state, seen, joined(1, 5), joined(2, 6), final=True)
    assert [join.level for join in decision.joins] == [Level.CANDIDATES] * 2


def test_a_marker_role_that_comes_late_raises_the_row() -> None:
    """A member update within a minute of the join; not one of hours later."""
    stored = Join(GUILD, UserId(1), at(5), level=Level.CANDIDATES, kind=Kind.FIRST)
    update = InviteEvent(
        GUILD,
        9,
        InviteEventKind.ROLES,
        at(9),
        user_id=UserId(1),
        joined_at=at(5),
        role_ids=(RoleId(70),),
    )
    reception = receive([update], {UserId(1): stored}, now=at(9), links=LINKS)
    (raised,) = reception.changed
    assert (raised.level, raised.code, raised.owner_id) == (Level.CONFIRMED, "m", 7)
    assert raised.join_id == stored.join_id
    assert reception.consumed == (9,)
    later = attrs.evolve(update, received_at=at(3600))
    assert receive([later], {UserId(1): stored}, now=at(3600), links=LINKS).changed == ()
    assert receive([update], {UserId(1): raised}, now=at(9), links=LINKS).changed == ()


def test_without_looks_the_stamped_are_still_known() -> None:
    """Case 38 and 39: level 0 with the reason for the others."""
    people = [joined(1, 5, roles=(70,)), joined(2, 5), joined(3, 6, is_bot=True)]
    decision = give_up(STATE, people, circumstances(links=LINKS), Reason.FETCH_FAILED, at(700))
    assert row(decision, 1).level is Level.CONFIRMED
    assert (row(decision, 2).level, row(decision, 2).reason) == (Level.UNKNOWN, Reason.FETCH_FAILED)
    assert row(decision, 3).source is Source.BOT
    assert (decision.ledger.loose, decision.consumed) == (2, (1, 2, 3))
    assert decision.ledger.invites == STATE.invites


def test_uses_of_those_who_were_given_up_are_not_given_to_the_next() -> None:
    """The next look counts both."""
    before = give_up(STATE, [joined(1, 5)], circumstances(), Reason.FETCH_FAILED, at(700))
    seen = look(marked("m", 70), marked("n", 80), invite("b", 1, owner=102), asked=2, seconds=800)
    decision = decided(before.ledger, seen, joined(2, 790), seconds=801)
    assert row(decision, 2).level is Level.CANDIDATES
    assert decision.ledger.loose == 0


def test_without_permission_the_next_look_is_a_first_one() -> None:
    """Case 39: what was counted meanwhile is nobody's."""
    before = give_up(STATE, [joined(1, 5)], circumstances(), Reason.NO_PERMISSION, at(6))
    assert row(before, 1).reason is Reason.NO_PERMISSION
    seen = look(marked("m", 70), marked("n", 80), invite("b", 4, owner=102), asked=2, seconds=800)
    decision = decided(before.ledger, seen, joined(2, 790), seconds=801)
    assert row(decision, 2).reason is Reason.NO_BASELINE
    assert decision.deltas == {}

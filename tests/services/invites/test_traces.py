"""Invites that are made around a look which does not list them."""

from __future__ import annotations

import pytest

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite import Invite, Snapshot
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.ledgers import ledger_told
from giftbot.services.invites.traces import is_undecidable, separable
from tests.fakes import START

GUILD = GuildId(1)
SHORT = Invite(InviteCode("short"), 0, max_uses=1)


def look(asked: int, seen: int, *invites: Invite) -> Look:
    """A look that was asked and over at these numbers, and shows these invites."""
    return Look(Snapshot(GUILD, START, {invite.code: invite for invite in invites}), asked, seen)


@pytest.mark.parametrize(("born", "is_kept"), [(9, True), (10, True), (11, False), (20, False), (21, True)])
def test_a_look_that_may_have_missed_a_use_separates_nothing(born: int, is_kept: bool) -> None:
    """Made before the look: its uses are in it. Made after the grace: they are not. In between nobody knows."""
    told = [InviteEvent(GUILD, born, InviteEventKind.CREATED, START, code=SHORT.code, invite=SHORT)]
    first, last = look(10, 20), look(30, 40)
    assert separable([first, last], told) == ([first, last] if is_kept else [last])
    assert separable([first], told) == [first]
    listed = look(10, 20, SHORT)
    assert separable([listed, last], told) == [listed, last]


@pytest.mark.parametrize(
    ("born", "is_gone", "undecidable"), [(10, True, False), (15, True, True), (15, False, False)]
)
def test_a_look_around_which_an_invite_came_and_went_decides_nothing(
    born: int, is_gone: bool, undecidable: bool
) -> None:
    """Its use was before the look, or after: only another look tells."""
    made = InviteEvent(GUILD, born, InviteEventKind.CREATED, START, code=SHORT.code, invite=SHORT)
    gone = InviteEvent(GUILD, born + 1, InviteEventKind.DELETED, START, code=SHORT.code)
    assert is_undecidable(look(10, 20), [made, gone] if is_gone else [made]) is undecidable


def test_an_end_that_is_heard_before_the_beginning_is_an_end() -> None:
    """The invite is a tombstone, not alive."""
    gone = InviteEvent(GUILD, 1, InviteEventKind.DELETED, START, code=SHORT.code)
    made = InviteEvent(GUILD, 2, InviteEventKind.CREATED, START, code=SHORT.code, invite=SHORT)
    ledger = ledger_told(Ledger(GUILD), [made, gone])
    assert ledger.invites == {}
    assert [stone.invite.code for stone in ledger.tombstones] == [SHORT.code]

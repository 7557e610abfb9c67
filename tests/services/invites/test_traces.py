"""Invites that are made around a look which does not list them."""

from __future__ import annotations

import pytest

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite import Invite, Snapshot
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.services.invites.evidence import Look
from giftbot.services.invites.traces import separable
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

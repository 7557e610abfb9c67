"""Who brought whom by an invite that is gone: used up, revoked, or at its end."""

from __future__ import annotations

import pytest

from giftbot.models.join import Level, Source
from giftbot.sandbox import DeleteNotice
from tests.e2e.arrivals import House, facts, house
from tests.e2e.stage import Stage


@pytest.fixture
def home(stage: Stage) -> House:
    """A server in which the bot sees everything."""
    return house(stage)


@pytest.mark.parametrize("notice", list(DeleteNotice))
@pytest.mark.parametrize("has_log", [True, False], ids=["audit log", "no audit log"])
async def test_the_last_use_of_an_invite(home: House, notice: DeleteNotice, has_log: bool) -> None:
    """Cases 7 to 10: the invite vanishes with its last use; when INVITE_DELETE comes makes no difference."""
    if not has_log:
        home.guild.set_bot_permissions("VIEW_CHANNEL|MANAGE_GUILD|MANAGE_CHANNELS")
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann, uses=1, max_uses=2)
    home.guild.invites.create(inviter=home.inviter("bob"))
    async with home.stage.bot(scale=1 / 4):
        await home.settled()
        (join,) = await home.joined(invite.code, delete_notice=notice)
    assert (join.source, join.code, join.owner_id) == (Source.INVITE, invite.code, ann.user.id)
    assert join.level is (Level.COUNTED if has_log else Level.OWNER)


@pytest.mark.parametrize("has_log", [True, False], ids=["audit log", "no audit log"])
async def test_an_invite_that_is_revoked_just_after_its_use(home: House, has_log: bool) -> None:
    """Case 11: the audit log has the last uses; without it nothing is certain."""
    if not has_log:
        home.guild.set_bot_permissions("VIEW_CHANNEL|MANAGE_GUILD|MANAGE_CHANNELS")
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann, uses=4)
    async with home.stage.bot():
        await home.settled()
        members = home.joins(invite.code)
        home.guild.invites.revoke(invite)
        (join,) = await home.decided(members)
    if has_log:
        assert facts([join]) == [(Source.INVITE, invite.code, Level.COUNTED)]
    else:
        assert join.level <= Level.CANDIDATES


async def test_an_invite_that_ends_by_itself_takes_no_blame(home: House) -> None:
    """Case 12: another counter explains the join, so the one that ran out at that moment was not used."""
    ann = home.inviter()
    ending = home.guild.invites.create(inviter=home.inviter("bob"), max_age=600)
    invite = home.guild.invites.create(inviter=ann)
    async with home.stage.bot():
        await home.settled()
        members = home.joins(invite.code)
        home.guild.invites.expire(ending)
        (join,) = await home.decided(members)
    assert join.level in {Level.COUNTED, Level.CANDIDATES}
    home.check([join])


async def test_an_invite_that_was_made_used_and_gone_between_two_looks(home: House) -> None:
    """Case 13: its creation was told, its only use took it away."""
    ann = home.inviter()
    async with home.stage.bot():
        await home.settled()
        invite = home.guild.invites.create(inviter=ann, max_uses=1)
        (join,) = await home.joined(invite.code)
    assert (join.code, join.owner_id, join.level) == (invite.code, ann.user.id, Level.COUNTED)

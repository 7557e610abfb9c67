"""Staff links and what they brought."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from giftbot.errors import InvalidInputError, InviteLookError
from giftbot.models.ids import ChannelId, InviteCode, UserId
from giftbot.models.invite import Gone, Invite, Tombstone
from giftbot.models.join import Kind
from giftbot.models.staff import LinkState
from giftbot.services.invites.ports import ChannelSight
from tests.fakes import START
from tests.services.invites.staffing import (
    ADA,
    ADMIN,
    BOB,
    CLOSED,
    GUILD,
    REVIEWS,
    SECRET,
    VIP,
    WELCOME,
    Office,
    joined,
    member,
    open_office,
    unsure,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """The services over a real store."""
    async with open_office(tmp_path) as office:
        yield office


async def test_a_link_is_made_with_a_role_of_its_own(office: Office) -> None:
    """In the welcoming channel, once; who asks again for the same gets the same."""
    done = await office.links.make(GUILD, ADA, "ada")
    assert (done.link.channel_id, done.link.staff_id, done.link.is_ours) == (WELCOME, ADA, True)
    assert office.discord.made[0].role_ids == (done.link.marker_role_id,)
    assert [name for _, name in office.discord.roles] == ["Invited by ada"]
    again = await office.links.make(GUILD, ADA, "ada")
    assert not again.is_new
    assert again.link.code == done.link.code
    other = await office.links.make(GUILD, BOB, "bob", channel_id=ChannelId(23))
    assert other.link.marker_role_id != done.link.marker_role_id
    assert len(await office.store.list_links(GUILD)) == 2


async def test_without_manage_roles_a_link_is_counted(office: Office) -> None:
    """It is made all the same, and it is said why it has no role."""
    office.discord.manages_roles = False
    done = await office.links.make(GUILD, ADA, "ada")
    assert done.link.marker_role_id is None
    assert done.refused_role is not None
    assert "Manage Roles" in done.refused_role
    assert done.invite is not None
    assert done.invite.role_ids == ()
    plain = await office.links.make(GUILD, BOB, "bob", wants_role=False)
    assert plain.refused_role is None
    assert (office.discord.roles, office.discord.role_calls) == ([], 0)


async def test_without_manage_roles_a_link_is_issued_again_without_its_role(office: Office) -> None:
    """Also the role of a link that vanished cannot be used then; nothing is asked in vain."""
    first = (await office.links.make(GUILD, ADA, "ada")).link
    await office.store.save_link(attrs.evolve(first, revision=1, state=LinkState.VANISHED))
    office.discord.manages_roles = False
    office.clock.advance(minutes=5)
    again = await office.links.reissue(GUILD, first.code)
    assert (again.link.marker_role_id, again.refused_role is not None) == (None, True)
    assert (office.discord.role_calls, len(office.discord.made)) == (1, 2)


async def test_a_role_without_an_invite_is_deleted_again(office: Office) -> None:
    """When the invite that was to give it cannot be made, the link is counted, and no role is left behind."""
    office.discord.gives_roles = False
    done = await office.links.make(GUILD, ADA, "ada")
    assert (done.link.marker_role_id, office.discord.roles) == (None, [])
    assert done.refused_role is not None
    assert "Invalid role" in done.refused_role
    assert office.discord.role_calls == 2


async def test_a_channel_that_is_not_fit_is_named(office: Office) -> None:
    """Hidden, closed to the bot, not there: nothing is made."""
    for channel_id, words in ((SECRET, "cannot see"), (CLOSED, "Create Invite"), (ChannelId(99), "no channel")):
        with pytest.raises(InvalidInputError, match=words):
            await office.links.make(GUILD, ADA, "ada", channel_id=channel_id)
    office.discord.channels = [ChannelSight(SECRET, "welcome", True, True, False)]
    with pytest.raises(InvalidInputError, match="everybody can see"):
        await office.links.make(GUILD, ADA, "ada")
    office.discord.channels = [ChannelSight(WELCOME, "welcome", True, True, True)]
    office.discord.is_away = True
    with pytest.raises(InviteLookError):
        await office.links.make(GUILD, ADA, "ada", wants_role=False)
    assert await office.store.list_links(GUILD) == []


async def test_an_invite_of_the_server_is_adopted(office: Office) -> None:
    """By its code or its address; one that is not there is refused."""
    await office.commit(invites=["AbC-1"])
    done = await office.links.adopt(GUILD, ADA, "ada", "https://discord.gg/AbC-1")
    assert (done.link.code, done.link.channel_id, done.link.is_ours) == ("AbC-1", WELCOME, False)
    assert not (await office.links.adopt(GUILD, ADA, "ada", "AbC-1")).is_new
    with pytest.raises(InvalidInputError, match="capital letters"):
        await office.links.adopt(GUILD, ADA, "ada", "abc-1")
    with pytest.raises(InvalidInputError, match="no invite"):
        await office.links.adopt(GUILD, ADA, "ada", "not a code")
    assert len(await office.store.list_links(GUILD)) == 1


async def test_a_link_that_changes_hands_keeps_what_it_brought(office: Office) -> None:
    """The old row ends where the new one begins; at every moment it counts for one person."""
    await office.commit(invites=["shared"])
    await office.links.adopt(GUILD, ADA, "ada", "shared")
    office.clock.advance(hours=1)
    handed = office.clock.now()
    done = await office.links.adopt(GUILD, BOB, "bob", "shared")
    assert done.before is not None
    assert done.before.staff_id == ADA
    office.clock.advance(hours=1)
    await office.links.adopt(GUILD, ADA, "ada", "shared")
    rows = await office.store.list_links(GUILD)
    assert [row.staff_id for row in rows] == [ADA, BOB, ADA]
    for moment, owner in ((handed - timedelta(seconds=1), ADA), (handed, BOB), (office.clock.now(), ADA)):
        assert [row.staff_id for row in rows if row.is_valid_at(moment)] == [owner]


async def test_a_link_is_issued_again_and_the_old_one_keeps_its_history(office: Office) -> None:
    """The new one says what it replaces; a role is used again only when the old link is gone."""
    first = (await office.links.make(GUILD, ADA, "ada")).link
    office.clock.advance(minutes=5)
    done = await office.links.reissue(GUILD, first.code)
    old, new = await office.store.list_links(GUILD)
    assert (old.code, old.valid_to, old.state) == (first.code, new.valid_from, LinkState.ENDED)
    assert (new.code, new.replaces, new.staff_id) == (done.link.code, first.code, ADA)
    assert new.marker_role_id != old.marker_role_id
    with pytest.raises(InvalidInputError, match="no staff link at present"):
        await office.links.reissue(GUILD, first.code)
    await office.store.save_link(attrs.evolve(new, state=LinkState.VANISHED))
    again = await office.links.reissue(GUILD, new.code)
    assert again.link.marker_role_id == new.marker_role_id
    assert len(office.discord.roles) == 2


async def test_a_marker_role_that_was_deleted_is_replaced(office: Office) -> None:
    """Issuing a vanished link again does not depend on its old role."""
    first = (await office.links.make(GUILD, ADA, "ada")).link
    await office.store.save_link(attrs.evolve(first, revision=1, state=LinkState.VANISHED))
    office.discord.roles[0] = (VIP, "another one")
    office.clock.advance(minutes=5)
    assert (await office.links.reissue(GUILD, first.code)).link.marker_role_id not in {first.marker_role_id, None}


async def test_a_link_that_ends_counts_for_nobody_later(office: Office) -> None:
    """Ending it twice is told."""
    link = (await office.links.make(GUILD, ADA, "ada")).link
    office.clock.advance(minutes=5)
    ended = await office.links.end(GUILD, link.code)
    assert ended.is_valid_at(START + timedelta(minutes=1))
    assert not ended.is_valid_at(office.clock.now())
    with pytest.raises(InvalidInputError):
        await office.links.end(GUILD, link.code)
    assert not await office.links.is_staff(GUILD, ADA)


async def test_names_are_asked_for_again(office: Office) -> None:
    """Ids stay; who is not found keeps the last known name."""
    await office.link("adas")
    await office.link("bobs", BOB)
    office.discord.called = {ADA: "Ada the new"}
    assert await office.links.refresh_names(GUILD) == (1, 1)
    names = {row.staff_id: row.staff_name for row in await office.store.list_links(GUILD)}
    assert names == {ADA: "Ada the new", BOB: f"staff {BOB}"}
    assert await office.links.refresh_names(GUILD) == (0, 1)


async def test_a_vanished_link_is_told_once(office: Office) -> None:
    """To the server's owner, else in the channel for reviews; again only after it was well in between."""
    await office.link("adas")
    await office.commit(invites=["adas"])
    assert [link.state for link in await office.watch.check(GUILD)] == [LinkState.LIVE]
    gone = Tombstone(Invite(InviteCode("adas"), 3, channel_id=WELCOME), office.clock.now(), Gone.DELETED)
    await office.commit(gone=[gone])
    for _ in range(3):
        assert [link.state for link in await office.watch.check(GUILD)] == [LinkState.VANISHED]
    assert len(office.people.admins) == 1
    assert "does not exist any more" in office.people.admins[0][1]
    await office.commit(invites=["adas"])
    assert (await office.watch.check(GUILD))[0].told_at is None
    await office.choose(review_channel_id=REVIEWS)
    await office.commit()
    for _ in range(3):
        await office.watch.check(GUILD)
    assert [(channel, code) for channel, _, code in office.desk.warned] == [(REVIEWS, "adas")]
    assert len(office.people.admins) == 1


async def test_a_channel_for_reviews_that_is_closed_leaves_nobody_untold(office: Office) -> None:
    """The owner reads it instead."""
    await office.choose(review_channel_id=REVIEWS)
    office.desk.is_open = False
    await office.link("adas")
    await office.commit()
    await office.watch.check(GUILD)
    assert len(office.people.admins) == 1


async def test_a_link_to_a_hidden_channel_is_told(office: Office) -> None:
    """As soon as newcomers cannot see it; and it works again once they can."""
    await office.link("adas")
    await office.commit(invites=["adas"])
    shown = office.discord.channels
    office.discord.channels = [attrs.evolve(sight, is_public=False) for sight in shown]
    assert [link.state for link in await office.watch.check(GUILD)] == [LinkState.HIDDEN]
    assert "newcomers cannot see" in office.people.admins[0][1]
    office.discord.channels = shown
    assert [link.state for link in await office.watch.check(GUILD)] == [LinkState.LIVE]


async def test_a_link_younger_than_the_last_look_has_not_vanished(office: Office) -> None:
    """It was in no list yet."""
    await office.commit()
    office.clock.advance(seconds=5)
    await office.links.make(GUILD, ADA, "ada")
    assert [link.state for link in await office.watch.check(GUILD)] == [LinkState.LIVE]
    assert office.people.admins == []


async def test_figures_count_everybody_who_ever_joined(office: Office) -> None:
    """People who left and came again count once, uncertain joins apart; a conversion never exceeds the whole."""
    await office.choose(vip_role_id=VIP)
    await office.link("adas")
    await office.link("bobs", BOB)
    left = joined(1, seconds=1, left_at=START + timedelta(seconds=9))
    again = joined(1, seconds=20, kind=Kind.REJOIN_SAME, previous=left.join_id)
    own = joined(int(ADA), seconds=2, kind=Kind.SELF)
    await office.commit(left, again, joined(2, seconds=3), joined(3, "bobs", BOB), unsure(4), own)
    await office.credits.gained(GUILD, [member(1, seconds=20)])
    await office.credits.credit(GUILD, member(9), ADA, "ada", by=ADMIN)
    await office.credits.credit(GUILD, member(8), ADA, "ada", by=ADMIN)
    ada, bob = await office.statistics.of(GUILD)
    assert (ada.joins, ada.members, ada.present, ada.vips, ada.uncertain) == (3, 4, 2, 3, 1)
    assert ada.conversion == 0.75
    assert ada.uncertain_share == 0.25
    assert (bob.joins, bob.vips, bob.conversion, bob.uncertain_share) == (1, 0, 0.0, 0.5)
    assert await office.statistics.of(GUILD, ADA) == [ada]
    assert await office.statistics.of(GUILD, BOB) == [bob]
    assert await office.statistics.of(GUILD, UserId(12345)) == []


async def test_staff_who_want_it_are_told_of_joins(office: Office) -> None:
    """Once for each join, several at once together; nobody else, and nothing uncertain."""
    await office.news.turn(GUILD, ADA, on=True)
    await office.link("adas")
    raised = joined(1)
    await office.commit(raised, joined(2, user_name="*two*"), joined(3, "bobs", BOB), unsure(4))
    await office.news.send()
    assert [user for user, _ in office.desk.written] == [ADA]
    assert r"**member 1**, **\*two\*** joined" in office.desk.written[0][1]
    await office.commit(raised, joined(5, seconds=3))
    await office.news.send()
    assert len(office.desk.written) == 1
    office.clock.advance(seconds=31)
    await office.news.send()
    assert office.desk.written[1][1].startswith("**member 5** joined")
    await office.news.turn(GUILD, ADA, on=False)
    await office.commit(joined(6, seconds=50))
    office.clock.advance(seconds=31)
    await office.news.send()
    assert len(office.desk.written) == 2

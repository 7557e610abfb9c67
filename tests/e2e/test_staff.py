"""Staff links, with the real bot on a Discord whose truth is known."""

from __future__ import annotations

import pytest

from giftbot.models.join import Level, Method
from giftbot.models.staff import LinkState
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.faults import FaultKind
from giftbot.sandbox.refused import DriverRefused
from tests.e2e.headquarters import Headquarters, headquarters, said
from tests.e2e.stage import Stage

INVITES = "/channels/{channel_id}/invites"
ROLES = "/guilds/{guild_id}/roles"


async def told_owner(place: Headquarters, words: str) -> str:
    """What the server's owner was told, once it says this."""
    world = place.home.sandbox.world
    owner = world.users[place.guild.owner_id]
    await place.home.sandbox.until(
        lambda: any(words in text_of(one) for one in world.direct_messages(owner)), timeout=10, what=words
    )
    return text_of(world.direct_messages(owner)[-1])


async def test_a_link_with_a_marker_role_says_for_certain_who_brought_whom(stage: Stage) -> None:
    """Also when two people join by two links at the same moment."""
    async with headquarters(stage) as place:
        adas, bobs = await place.link(place.ada), await place.link(place.bob)
        made = place.guild.invites[adas]
        assert (made.max_uses, made.max_age) == (0, 0)
        (role,) = made.role_ids
        assert place.guild.roles[role].permissions == 0
        assert await place.link(place.ada) == adas
        members = [place.home.sandbox.join(place.guild, code=code) for code in (adas, bobs)]
        first, second = await place.home.decided(members)
    assert (first.owner_id, first.level, first.method) == (place.ada.id, Level.CONFIRMED, Method.MARKER)
    assert (second.owner_id, second.level) == (place.bob.id, Level.CONFIRMED)


async def test_without_manage_roles_the_link_is_counted(stage: Stage) -> None:
    """It is made all the same, and the answer says what would make it certain."""
    async with headquarters(stage) as place:
        place.guild.set_bot_permissions("VIEW_CHANNEL|MANAGE_GUILD|MANAGE_CHANNELS|CREATE_INSTANT_INVITE")
        answer = await said(await place.admin.command("setup_staff_invite", member=place.ada.member))
        assert "**Manage Roles**" in answer
        (link,) = await place.links()
        assert link.marker_role_id is None
        assert place.home.sandbox.requests.count(method="POST", route=ROLES) == 0
        (join,) = await place.home.joined(link.code)
    assert (join.owner_id, join.level) == (place.ada.id, Level.COUNTED)


async def test_a_role_whose_invite_discord_refuses_is_deleted_again(stage: Stage) -> None:
    """The link is made without it, and counted."""
    async with headquarters(stage) as place:
        roles = set(place.guild.roles)
        refused = place.home.sandbox.faults.add(
            kind=FaultKind.STATUS,
            method="POST",
            route=INVITES,
            status=400,
            code=50035,
            where=lambda body: bool(body.get("role_ids")),
        )
        answer = await said(await place.admin.command("setup_staff_invite", member=place.ada.member))
        assert "no marker role" in answer
        (link,) = await place.links()
        assert (refused.hits, link.marker_role_id, place.guild.invites[link.code].role_ids) == (1, None, ())
        assert set(place.guild.roles) == roles
        assert place.home.sandbox.requests.count(method="DELETE", route=f"{ROLES}/{{role_id}}", status=204) == 1


async def test_who_may_not_is_told(stage: Stage) -> None:
    """Discord hides the commands; each of them checks for itself, too."""
    async with headquarters(stage) as place:
        with pytest.raises(DriverRefused):
            await place.ada.command("setup_staff_invite", member=place.ada.member)
        forced = await place.ada.command("setup_staff_invite", {"member": place.ada.member}, force=True)
        assert "Manage Server" in await said(forced)
        assert "Manage Server" in await said(await place.ada.command("fix_staff_usernames", force=True))
        assert "Manage Server" in await said(await place.ada.command("staff links"))
        assert "your own figures" in await said(await place.ada.command("staff stats", member=place.bob.member))
        assert "never had one" in await said(await place.ada.command("staff stats"))
    assert await place.links() == []


async def test_bad_input_is_answered_with_what_to_do(stage: Stage) -> None:
    """A code that is none, one that is not there, a channel that newcomers cannot see."""
    async with headquarters(stage) as place:
        options = {"member": place.ada.member}
        for code, words in (("not a code", "is no invite"), ("nothere", "I see no invite `nothere`")):
            answer = await place.admin.command("setup_staff_invite", {**options, "existing_code": code})
            assert words in await said(answer)
        answer = await place.admin.command(
            "setup_staff_invite", {**options, "existing_code": "nothere", "channel": place.desk}
        )
        assert "not both" in await said(answer)
        hidden = place.guild.add_channel("hidden")
        hide(place, hidden.id)
        answer = await place.admin.command("setup_staff_invite", {**options, "channel": hidden})
        assert "cannot see" in await said(answer)
    assert await place.links() == []


async def test_an_existing_invite_is_adopted_and_handed_over(stage: Stage) -> None:
    """What it brought counts for whose it was then."""
    async with headquarters(stage) as place:
        invite = place.guild.invites.create(inviter=place.admin.member)
        assert await place.link(place.ada, existing_code=f"https://discord.gg/{invite.code}") == invite.code
        (first,) = await place.home.joined(invite.code)
        await place.link(place.bob, existing_code=invite.code)
        (second,) = await place.home.joined(invite.code)
        assert (first.owner_id, second.owner_id) == (place.ada.id, place.bob.id)
        stats = await said(await place.admin.command("staff stats"))
    assert f"<@{place.ada.id}> (ada): 1 member (1 join) · 1 still here · 0 VIP · conversion 0%" in stats
    assert f"<@{place.bob.id}> (bob): 1 member (1 join)" in stats


async def test_a_link_that_vanished_is_told_and_issued_again_after_a_restart(stage: Stage) -> None:
    """The warning's button works whenever it is pressed; the history stays, and the new link counts."""
    async with headquarters(stage) as place:
        await place.settle()
        old = await place.link(place.ada)
        await place.home.joined(old)
        place.guild.invites.revoke(old)
        warning = await place.shown(f"`{old}`", "does not exist any more")
        assert "Manage Server" in await said(await place.ada.press(warning, f"Issue again: {old}"))
    async with stage.bot():
        await (await place.admin.press(warning, f"Issue again: {old}")).settled()
        ended, link = await place.links()
        assert (ended.code, ended.state, link.replaces, link.staff_id) == (old, LinkState.ENDED, old, place.ada.id)
        assert link.marker_role_id == ended.marker_role_id
        assert "counts for" in text_of(await place.shown(link.code))
        assert not place.posted()[-1].get("components")
        (join,) = await place.home.joined(link.code)
        assert (join.owner_id, join.code) == (place.ada.id, link.code)
        assert "2 members (2 joins)" in await said(await place.admin.command("staff stats"))


async def test_without_a_channel_for_reviews_the_servers_owner_is_told(stage: Stage) -> None:
    """Of a link to a channel that newcomers cannot see any more."""
    async with headquarters(stage) as place:
        channel = place.guild.add_channel("lobby")
        await place.link(place.ada, channel=channel)
        hide(place, channel.id)
        shown = await said(await place.admin.command("staff links"))
        assert "newcomers cannot see" in shown
        assert "newcomers cannot see" in await told_owner(place, "staff link")


async def test_links_are_listed_issued_again_and_ended_in_pages(stage: Stage) -> None:
    """Those that count come first; what was ended stays in the list."""
    async with headquarters(stage) as place:
        codes = []
        for number in range(5):
            invite = place.guild.invites.create(inviter=place.admin.member, code=f"code{number}")
            codes.append(await place.link(place.ada, existing_code=invite.code))
        shown = await place.admin.command("staff links")
        await shown.settled()
        assert "Page 1 of 2" in shown.text
        await shown.press("Next")
        await shown.shows("Page 2 of 2")
        await shown.press(f"End: {codes[0]}")
        await shown.shows("counts for nobody from now on")
        await shown.press(f"Issue again: {codes[4]}")
        await shown.shows("It replaces `code4`")
    rows = {str(link.code): link.state for link in await place.links()}
    assert rows["code0"] is rows["code4"] is LinkState.ENDED
    assert sum(state is LinkState.LIVE for state in rows.values()) == 4


async def test_names_are_taken_from_discord_again(stage: Stage) -> None:
    """Ids stay, and who left keeps the last known name."""
    async with headquarters(stage) as place:
        await place.link(place.ada)
        place.home.sandbox.world.rename(place.ada.id, "ada_the_new")
        assert "1 name corrected" in await said(await place.admin.command("fix_staff_usernames"))
        assert "as Discord has them" in await said(await place.admin.command("fix_staff_usernames"))
        (link,) = await place.links()
    assert (link.staff_id, link.staff_name) == (place.ada.id, "ada_the_new")


async def test_staff_are_told_of_joins_only_if_they_want_it(stage: Stage) -> None:
    """By direct message, without markup from the name; not those who have no link."""
    async with headquarters(stage) as place:
        assert "no staff link" in await said(await place.bob.command("staff notify on"))
        code = await place.link(place.ada)
        assert "direct message" in await said(await place.ada.command("staff notify on"))
        place.home.sandbox.join(place.guild, place.home.sandbox.world.add_user("*new*"), code=code)
        await place.home.sandbox.until(lambda: len(place.ada.direct_messages) == 2, timeout=10, what="a message")
        assert r"**\*new\*** joined by your link" in text_of(place.ada.direct_messages[-1])
        await said(await place.ada.command("staff notify off"))
        await place.home.joined(code)
    assert len(place.ada.direct_messages) == 2


def hide(place: Headquarters, channel_id: int) -> None:
    """Let newcomers not see a channel; the bot still does."""
    world, guild = place.home.sandbox.world, place.guild
    world.set_overwrite(channel_id, guild.members[world.bot.id], allow="VIEW_CHANNEL")
    world.set_overwrite(channel_id, guild.roles[guild.id], deny="VIEW_CHANNEL")

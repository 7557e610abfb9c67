"""What admins see of invites: members come by links, and the commands show it."""

from __future__ import annotations

import csv
import io

from giftbot.models.join import Level
from tests.e2e.membership import said
from tests.e2e.offices import Office


async def test_who_brought_somebody_and_how_that_is_known(office: Office) -> None:
    """Members come by links; one leaves; one came before the bot and is not known."""
    home = office.home
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        await home.settled()
        (member,) = home.joins(link.code)
        await home.decided([member])
        shown = await office.asks("invites who", member=member)
        assert f"by the invite `{link.code}` of **ann\\_** (<@{office.ann.user.id}>)" in shown
        assert f"<@{member.user.id}>" in shown
        shown = await office.asks("invites explain", member=member)
        assert "Counted (4 of 5)" in shown
        assert "Counting the uses of invites" in shown
        assert "1 member joined and 1 use of invites were counted." in shown
        assert "0 before, 1 after" in shown
        home.sandbox.leave(home.guild, member)
        await home.decided([member], until=lambda join: not join.is_open)
        shown = await office.asks("invites who", member=member.user)
        assert "Left <t:" in shown
        shown = await office.asks("invites who", member=office.ben)
        assert "I know nothing of how **ben**" in shown
        assert "/invites record" in shown


async def test_lists_and_their_buttons_after_a_restart(office: Office) -> None:
    """More than a page of joins; the button of an old message still leads on."""
    home = office.home
    first, second = (home.guild.invites.create(inviter=one) for one in (office.ann, office.ben))
    async with home.stage.bot():
        await home.settled()
        await home.joined(first.code, 11)
        await home.joined(second.code)
        by = await office.admin.command("invites by", inviter=office.ann)
        shown = await said(by)
        assert "11 joins, 11 still here, 0 left" in shown
        assert "page 1" in shown
        nobody = await office.asks("invites by", inviter=office.admin.member)
        assert "Nobody came by them" in nobody
        board = await office.asks("invites leaderboard")
        assert board.index("**1.** **ann\\_**") < board.index("**2.** **ben**")
        assert "11 accounts younger than a day" in board
        assert "12 joins in all" in board
        assert "Invites: 7 days" in await office.asks("invites leaderboard", period="7d")
    async with home.stage.bot():
        await (await by.press("Next")).settled()
        assert "page 2" in by.text
        await (await by.press("Back")).settled()
        assert "page 1" in by.text


async def test_a_leaderboard_of_two_pages(office: Office) -> None:
    """The eleventh inviter is on the second page, also after a restart; both ways lead somewhere."""
    home = office.home
    links = [home.guild.invites.create(inviter=home.inviter(f"inviter{number}")) for number in range(11)]
    async with home.stage.bot():
        await home.settled()
        for link in links:
            await home.joined(link.code)
        board = await (await office.admin.command("invites leaderboard", period="month")).settled()
        assert "Invites: this month" in board.text
        assert "page 1 of 2" in board.text
        assert "**10.**" in board.text
        assert "**11.**" not in board.text
    async with home.stage.bot():
        await (await board.press("Next")).settled()
        assert "page 2 of 2" in board.text
        assert "**11.**" in board.text
        assert "Invites: this month" in board.text
        await (await board.press("Back")).settled()
        assert "page 1 of 2" in board.text


async def test_nobody_else_may_ask(office: Office) -> None:
    """Also where the server's settings show them the commands; a manager's right is checked at each press."""
    home = office.home
    async with home.stage.bot():
        await home.settled()
        for command, options in (
            ("invites who", {"member": office.ann}),
            ("invites explain", {"member": office.ann}),
            ("invites by", {"inviter": office.ann}),
            ("invites record", {"member": office.ann, "inviter": office.ben}),
            ("invites leaderboard", {}),
            ("invites export", {}),
            ("invites messages", {}),
            ("debug_invites", {}),
            ("refresh_invite_cache", {}),
        ):
            answer = await office.anyone.command(command, options, force=True)
            assert "Manage Server" in await said(answer), command
        debug = await (await office.admin.command("debug_invites")).settled()
        panel = await office.admin.command("invites messages")
        (role_id,) = office.admin.member.roles
        home.guild.change_role(role_id, permissions=0)
        for shown, button in ((debug, "Invites"), (panel, "Preview"), (panel, "Join text…")):
            pressed = await shown.press(button)
            assert "Manage Server" in await said(pressed)


async def test_an_inviter_recorded_by_hand(office: Office) -> None:
    """A member of before the bot, and one whose inviter was counted; what was known is kept; the table has both."""
    home = office.home
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        await home.settled()
        (member,) = await home.joined(link.code)
        refused = await office.asks("invites record", member=member.user_id, inviter=office.ben, code="no code!")
        assert "That is no invite code" in refused
        done = await office.asks("invites record", member=member.user_id, inviter=office.ben)
        assert "was brought by **ben**" in done
        assert f"Before, it was: by the invite `{link.code}` of **ann\\_**" in done
        shown = await office.asks("invites explain", member=member.user_id)
        assert "Confirmed (5 of 5)" in shown
        assert f"Recorded by an admin: <@{office.admin.id}>" in shown
        assert f"level 4 by counted, inviter {office.ann.user.id}, invite {link.code}" in shown
        done = await office.asks("invites record", member=office.anyone.member, inviter=office.ann, code=link.code)
        assert "I had not seen them join" in done
        export = await (await office.admin.command("invites export")).settled()
        assert "2 joins, one line each" in export.text
        rows = list(csv.DictReader(io.StringIO(export.files["joins.csv"].decode("utf-8-sig"))))
        assert {(row["member_id"], row["inviter"], row["method"]) for row in rows} == {
            (str(member.user_id), "ben", "manual"),
            (str(office.anyone.id), "ann_", "manual"),
        }
    (kept,) = [join for join in await home.all_joins() if join.user_id == member.user_id]
    assert (kept.level, kept.owner_id, kept.decided_by) == (
        Level.CONFIRMED,
        office.ben.user.id,
        office.admin.id,
    )

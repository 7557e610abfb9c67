"""What admins see of invites: members come by links, and the commands show it."""

from __future__ import annotations

import csv
import io

import attrs
import pytest

from giftbot.models.join import Level
from giftbot.sandbox import Actor
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.nouns import Channel, Member
from giftbot.stores.copy_file import COPY_NAME
from tests.e2e.arrivals import LIST, House, house
from tests.e2e.membership import said
from tests.e2e.stage import Stage

BLIND = "VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|READ_MESSAGE_HISTORY"


@attrs.frozen
class Office:
    """A server with two people who invite, an admin, and somebody who may not ask."""

    home: House
    admin: Actor
    anyone: Actor
    ann: Member
    ben: Member

    @property
    def hall(self) -> Channel:
        """A channel for messages."""
        return next(one for one in self.home.guild.channels.values() if one.name == "codes")

    def written(self) -> list[str]:
        """What the hall's messages say."""
        return [text_of(message) for message in self.home.sandbox.world.messages(self.hall)]

    async def asks(self, command: str, **options: object) -> str:
        """What the admin is answered, to them only."""
        return await said(await self.admin.command(command, options))  # type: ignore[arg-type]


def open_office(stage: Stage, permissions: str | None = None) -> Office:
    """The server; no bot is running yet."""
    home = house(stage) if permissions is None else house(stage, permissions)
    admin = stage.sandbox.user(home.guild, name="admin", permissions="MANAGE_GUILD")
    anyone = stage.sandbox.user(home.guild, name="anyone")
    return Office(home, admin, anyone, home.inviter("ann_"), home.inviter("ben"))


@pytest.fixture
def office(stage: Stage) -> Office:
    """A server in which the bot sees everything."""
    return open_office(stage)


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


async def test_messages_for_joins_and_leaves(office: Office) -> None:
    """Off by default; set up in the panel; only the member is mentioned."""
    home, hall = office.home, office.hall
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        await home.settled()
        await home.joined(link.code)
        assert office.written() == []
        panel = await office.admin.command("invites messages")
        assert "Off." in panel.text
        await panel.select("Where to say that somebody joined", [hall.id])
        await panel.shows(f"In <#{hall.id}>")
        form = await panel.press("Join text…")
        await form.submit({"text": "Welcome {membre}"})
        await panel.shows("There is no placeholder {membre}")
        assert "{member}, {inviter}, {code}, {count}, {server}, {level}" in panel.text
        form = await panel.press("Join text…")
        await form.submit({"text": "@everyone: {member} by {inviter} ({count}) to {server}"})
        await panel.shows("The text is saved")
        preview = await (await panel.press("Preview")).settled()
        assert f"@everyone: <@{office.admin.id}> by **admin**" in preview.text
        (member,) = home.joins(link.code)
        await home.sandbox.wait_for_messages(hall, 1)
        (words,) = office.written()
        assert words == f"@everyone: <@{member.user.id}> by **ann\\_** (2) to {home.guild.name}"
        (message,) = home.sandbox.world.messages(hall)
        assert [one["id"] for one in message["mentions"]] == [str(member.user.id)]
        assert message["mention_everyone"] is False
        await panel.select("Where to say that somebody left", [hall.id])
        home.sandbox.leave(home.guild, member)
        await home.sandbox.wait_for_messages(hall, 2)
        assert "left. Inviter: **ann\\_**." in office.written()[1]
        await panel.press("No join messages")
        await panel.shows("These messages are off")
        await home.joined(link.code)
        assert len(office.written()) == 2


async def test_a_channel_that_is_closed_to_the_bot_ends_the_messages(office: Office) -> None:
    """The owner is told what to do, once; choosing it again is refused with the permissions that are missing."""
    home, hall = office.home, office.hall
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        await home.settled()
        panel = await office.admin.command("invites messages")
        await panel.select("Where to say that somebody joined", [hall.id])
        await panel.shows(f"In <#{hall.id}>")
        bot_role = home.guild.roles[home.guild.bot_role_id]
        home.sandbox.world.set_overwrite(hall, bot_role, deny="SEND_MESSAGES")
        home.joins(link.code)
        owner = home.sandbox.world.users[home.guild.owner_id]
        messages = home.sandbox.world.direct_messages
        await home.sandbox.until(lambda: messages(owner), what="a notice")
        assert "so join messages are off" in text_of(messages(owner)[0])
        await panel.select("Where to say that somebody joined", [hall.id])
        await panel.shows("give me Send Messages there")
        await home.joined(link.code)
        assert len(messages(owner)) == 1


async def test_debug_and_refresh(office: Office) -> None:
    """Live against cached by one look; a refresh says what moved; every invite with its owner, in pages."""
    home = office.home
    link = home.guild.invites.create(inviter=office.ann, uses=3)
    for _ in range(10):
        home.guild.invites.create(inviter=office.ben)
    async with home.stage.bot():
        await home.settled()
        shown = await office.asks("debug_invites")
        assert "/invites** says who brought whom" in await office.asks("help")
        assert "I see all invites with their uses." in shown
        assert "11 equal, 0 different" in shown
        home.guild.invites.count(link, 2)
        looks = home.sandbox.requests.count(method="GET", route=LIST)
        debug = await (await office.admin.command("debug_invites")).settled()
        assert home.sandbox.requests.count(method="GET", route=LIST) == looks + 1
        assert f"`{link.code}`: 5 live, 3 cached" in debug.text
        await (await debug.press("Invites")).settled()
        assert f"`{link.code}` **3** uses, made by **ann\\_**" in debug.text
        assert "11 invites, page 1 of 2" in debug.text
        await (await debug.press("Next")).settled()
        assert "page 2 of 2" in debug.text
        done = await office.asks("refresh_invite_cache")
        assert f"`{link.code}`: 3 to 5 (+2)" in done
        assert "11 invites looked at and saved" in done
        await (await debug.press("Overview")).settled()
        await (await debug.press("Channels")).settled()
        assert f"<#{office.hall.id}> (codes): told of new and deleted invites, can make invites" in debug.text
        await (await debug.press("Overview")).settled()
        assert "11 equal, 0 different" in debug.text
        assert f"`{link.code}`: 2 since" in debug.text
        assert "tables" in debug.text


async def test_a_tampered_copy_is_refused_and_shown(office: Office) -> None:
    """The tables have everything; what was found in the file, and why it is not used, can be read."""
    home = office.home
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        await home.settled()
        (member,) = await home.joined(link.code)
        shown = await office.asks("debug_invites")
        assert "refused" not in shown
    copy = home.stage.directory / COPY_NAME
    copy.write_text(copy.read_text("utf-8").replace('"ann_"', '"eve_"'), "utf-8")
    async with home.stage.bot():
        await home.settled()
        assert "**local**" in (shown := await office.asks("debug_invites"))
        assert "refused: " in shown
        assert "**ann\\_**" in await office.asks("invites who", member=member.user_id)


async def test_without_the_permission_one_notice_and_no_calls(stage: Stage) -> None:
    """The reason is stored with each join and shown; debug and refresh say what is missing."""
    office = open_office(stage, BLIND)
    home = office.home
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        (one, _) = await home.joined(link.code, 2)
        await home.joined(link.code)
        shown = await office.asks("invites who", member=one.user_id)
        assert "in a way that I could not make out" in shown
        assert "it needs Manage Server" in shown
        assert "I may not see invites" in await office.asks("debug_invites")
        assert "I lack Manage Server" in await office.asks("refresh_invite_cache")
        assert home.sandbox.requests.count(method="GET", route=LIST) == 0
        owner = home.sandbox.world.users[home.guild.owner_id]
        messages = home.sandbox.world.direct_messages
        await home.sandbox.until(lambda: messages(owner), what="a notice")
        assert ["I lack Manage Server" in text_of(one) for one in messages(owner)] == [True]

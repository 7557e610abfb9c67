"""Messages when somebody joins or leaves: off, set up in a panel, and stopped where the bot may not write."""

from __future__ import annotations

from giftbot.sandbox.answer import text_of
from tests.e2e.offices import Office


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

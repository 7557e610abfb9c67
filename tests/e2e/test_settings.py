"""`/giftcodesettings`: the panel, as an admin uses it."""

from __future__ import annotations

import pytest

from giftbot.sandbox import DriverRefused, FaultKind
from giftbot.sandbox.pulse import PATIENCE
from tests.e2e.stage import MESSAGES, NEEDED, Stage


async def test_the_panel_is_for_managers_and_only_the_admin_sees_it(stage: Stage) -> None:
    """Discord does not offer the command to others, and who forces it is refused by the bot itself."""
    guild, _, admin = stage.add_server()
    visitor = stage.sandbox.user(guild, name="visitor")
    async with stage.bot():
        panel = await admin.command("giftcodesettings")
        assert panel.ephemeral
        assert "none yet" in panel.text
        with pytest.raises(DriverRefused):
            await visitor.command("giftcodesettings")
        forced = await visitor.command("giftcodesettings", force=True)
        assert "Manage Server" in forced.text
        guild.change_member(admin.member, roles=())
        pressed = await panel.press("Turn posting off")
        assert "Manage Server" in pressed.text


@pytest.mark.parametrize(("permission", "name"), NEEDED)
async def test_a_channel_where_the_bot_lacks_a_permission_is_refused_by_name(
    stage: Stage, permission: str, name: str
) -> None:
    """The permissions of the chosen channel are checked at once, and the sentence says which one lacks."""
    guild, channel, admin = stage.add_server()
    stage.sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny=permission)
    async with stage.bot():
        panel = await admin.command("giftcodesettings")
        await panel.select("set-channel:", [channel.id])
        await panel.shows(name)
        assert "none yet" in panel.text


async def test_posts_mention_the_chosen_role_and_nobody_else(stage: Stage) -> None:
    """A role that everybody may mention is mentioned; without a role nothing is; mentions are explicit."""
    guild, channel, admin = stage.add_server()
    role = guild.add_role("gifts", mentionable=True)
    async with stage.bot():
        panel = await stage.configure(admin, channel)
        await panel.select("set-role:", [role.id])
        await panel.shows(f"<@&{role.id}>")
        stage.sandbox.sources.publish("FIRST1")
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert post["content"] == f"<@&{role.id}>"
        await panel.press("Mention nobody")
        await panel.shows("mention nobody")
        await panel.select("set-role:", [])
        await panel.shows("mention nobody")
        stage.sandbox.sources.publish("SECOND2")
        [_, post] = await stage.sandbox.wait_for_messages(channel, 2)
        assert post["content"] == ""
    sent = stage.sandbox.requests.of(method="POST", route=MESSAGES)
    in_channel = [one.body for one in sent if f"/{channel.id}/" in one.path]
    assert [body["allowed_mentions"] for body in in_channel if isinstance(body, dict)] == [
        {"parse": [], "roles": [str(role.id)]},
        {"parse": []},
    ]


async def test_a_role_that_the_bot_may_not_mention_is_refused(stage: Stage) -> None:
    """A role that is not mentionable needs Mention Everyone in the channel; the sentence says so."""
    guild, channel, admin = stage.add_server()
    role = guild.add_role("quiet", mentionable=False)
    async with stage.bot():
        panel = await stage.configure(admin, channel)
        await panel.select("set-role:", [role.id])
        await panel.shows("Mention Everyone")
        stage.sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], allow="MENTION_EVERYONE")
        await panel.select("set-role:", [role.id])
        await panel.shows(f"Posts mention <@&{role.id}>")
        await panel.select("set-role:", [guild.id])
        await panel.shows("@everyone cannot be chosen")
        assert f"<@&{role.id}>" in panel.text


async def test_posting_can_be_turned_off_and_on(stage: Stage) -> None:
    """Nothing is posted while it is off; what came meanwhile is posted only if the admin asks for it."""
    _, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    async with stage.bot():
        panel = await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        await panel.press("Turn posting off")
        await panel.shows("Posting is off")
        stage.sandbox.sources.publish("WHILEOFF")
        await stage.sandbox.wait_for_messages(other)
        await panel.press("Turn posting on")
        await panel.shows("Posting is on")
        stage.sandbox.sources.publish("WHILEON")
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert "WHILEON" in str(post)
        assert "WHILEOFF" not in str(post)
        panel = await admin.command("giftcodesettings")
        await panel.press("set-backfill:post")
        [_, late] = await stage.sandbox.wait_for_messages(channel, 2)
        assert "WHILEOFF" in str(late)


async def test_the_codes_active_now_are_posted_in_one_message_or_skipped(stage: Stage) -> None:
    """Who sets a channel chooses: post the N codes active now, or only new ones. Both survive a restart."""
    _, eager, eager_admin = stage.add_server("eager")
    _, patient, patient_admin = stage.add_server("patient")
    for code in ("ALPHA1", "BETA2", "GAMMA3"):
        stage.sandbox.sources.publish(code)
    async with stage.bot():
        await stage.sandbox.sources.wait("json", 2)
        panel = await stage.configure(eager_admin, eager)
        await panel.press("Post the 3 codes active now")
        await panel.shows("3 codes will be posted")
        [post] = await stage.sandbox.wait_for_messages(eager)
        assert all(code in str(post) for code in ("ALPHA1", "BETA2", "GAMMA3"))
        await stage.configure(patient_admin, patient, backfill="Only new ones")
    async with stage.bot():
        stage.sandbox.sources.publish("DELTA4")
        await stage.sandbox.wait_for_messages(eager, 2)
        [post] = await stage.sandbox.wait_for_messages(patient)
    assert "DELTA4" in str(post)
    assert "ALPHA1" not in str(post)
    assert len(stage.sandbox.world.messages(eager)) == 2


async def test_a_test_post_arrives_or_says_why_not(stage: Stage) -> None:
    """The test post goes to the channel; when Discord refuses, the panel shows the reason."""
    guild, channel, admin = stage.add_server()
    async with stage.bot():
        panel = await stage.configure(admin, channel)
        await panel.press("Test post")
        await panel.shows("The test post is in")
        [post] = stage.sandbox.world.messages(channel)
        assert "Test post" in str(post)
        stage.sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny="SEND_MESSAGES")
        await panel.press("Test post")
        await panel.shows("Try again in")


async def test_check_now_posts_in_this_server_only_and_not_too_often(stage: Stage) -> None:
    """The check asks all sources at once; only the server that asked gets the code by it; a second has to wait."""
    _, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    async with stage.bot(scale=1.0, GIFTCODE_CHECK_INTERVAL="3600"):
        panel = await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        await stage.sandbox.sources.wait("json", 1)
        stage.sandbox.sources.publish("RIGHTNOW")
        await panel.press("Check now")
        await panel.shows("1 code will be posted here")
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert "RIGHTNOW" in str(post)
        assert stage.sandbox.world.messages(other) == []
        await panel.press("Check now")
        await panel.shows("Try again in")


async def test_a_slow_answer_is_deferred_in_time_and_then_given(stage: Stage) -> None:
    """Discord takes longer than an interaction may wait: the panel is updated all the same, errors included."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        panel = await admin.command("giftcodesettings")
        stage.sandbox.faults.add(kind=FaultKind.DELAY, method="GET", route="/channels/{channel_id}", delay=2.5)
        await panel.select("set-channel:", [channel.id])
        await panel.shows("from now on")
        stage.sandbox.faults.add(kind=FaultKind.DELAY, method="GET", route="/channels/{channel_id}", delay=2.5)
        stage.sandbox.faults.add(kind=FaultKind.STATUS, method="GET", route="/guilds/{guild_id}/roles", status=500)
        late = await panel.select("set-channel:", [channel.id])
        await late.until(lambda: late.followups, timeout=PATIENCE, what="the complaint")
        assert "Something went wrong" in str(late.followups)

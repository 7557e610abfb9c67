"""The buttons on posts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.stage import Stage


async def test_the_buttons_of_an_old_post_work_after_a_restart_for_its_own_codes(stage: Stage) -> None:
    """Copy gives that message's codes, Redeem asks for a player, Refresh shows them as they are; for everybody."""
    guild, channel, admin = stage.add_server()
    visitor = stage.sandbox.user(guild, name="visitor")
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.sources.publish("OLDCODE", expires_at=datetime.now(UTC) + timedelta(hours=1))
        [old] = await stage.sandbox.wait_for_messages(channel)
        stage.sandbox.sources.publish("NewCode")
        await stage.sandbox.wait_for_messages(channel, 2)
    async with stage.bot():
        copied = await visitor.press(old, "Copy")
        assert copied.ephemeral
        assert copied.content == "```\nOLDCODE\n```"
        redeemed = await visitor.press(old, "Redeem")
        assert "Player id" in redeemed.text
        [newest] = [one for one in stage.sandbox.world.messages(channel) if "NewCode" in str(one)]
        assert "\nNewCode\n" in (await visitor.press(newest, "Copy")).content
        await visitor.press(newest, "Refresh")
        [newest] = [one for one in stage.sandbox.world.messages(channel) if "NewCode" in str(one)]
        assert newest["embeds"][0]["footer"]["text"].startswith("ref ")
        assert "OLDCODE" not in str(newest)


async def test_the_buttons_work_after_a_reset_and_a_forged_reference_gives_no_more(stage: Stage) -> None:
    """When the reference leads nowhere, the codes are those that the message itself shows."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.sources.publish("SHOWN11")
        [post] = await stage.sandbox.wait_for_messages(channel)
        post["components"][0]["components"][0]["custom_id"] = "copy:0000-0000"
        assert (await admin.press(post, "Copy")).content == "```\nSHOWN11\n```"
        post["embeds"] = []
        assert "no longer in the bot's records" in (await admin.press(post, "Copy")).content


async def test_giftcode_lists_the_active_codes_to_everyone(stage: Stage) -> None:
    """Without codes it says so; expired codes are not in the list; Copy gives all that are."""
    guild, _, _ = stage.add_server()
    visitor = stage.sandbox.user(guild, name="visitor")
    async with stage.bot():
        empty = await visitor.command("giftcode")
        assert "no active gift codes" in (await empty.settled()).text
        stage.sandbox.sources.publish("Current1", rewards="gems")
        stage.sandbox.sources.publish("PASTONE", expires_at=datetime.now(UTC) - timedelta(hours=1))
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
        answer = await (await visitor.command("giftcode")).settled()
        assert "Current1" in answer.text
        assert "PASTONE" not in answer.text
        assert "\nCurrent1\n" in (await answer.press("Copy")).content

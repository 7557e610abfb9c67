"""`/giftcode_stats` and `/giftcode_reset`."""

from __future__ import annotations

from tests.e2e.stage import Stage


async def test_stats_of_a_new_server_and_after_a_post(stage: Stage) -> None:
    """Zero, none and never before the first post; then total, last code, sources and the counts of periods."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        before = (await (await admin.command("giftcode_stats")).settled()).text
        assert "Total\n0" in before
        assert "never" in before
        await stage.configure(admin, channel)
        stage.sandbox.sources.publish("COUNTED")
        await stage.sandbox.wait_for_messages(channel)
        fields: dict[str, str] = {}
        while fields.get("Total") != "1":
            answer = await (await admin.command("giftcode_stats")).settled()
            fields = {field["name"]: field["value"] for field in answer.embeds[0]["fields"]}
    assert fields["Last code"] == "COUNTED"
    assert fields["Last 24 hours"] == fields["Last 7 days"] == fields["Last 30 days"] == "1"
    assert fields["Sources"] == "code API or shared list"
    assert fields["Last sent"].startswith("<t:")


async def test_a_confirmed_reset_posts_the_active_codes_again_in_that_server_only(stage: Stage) -> None:
    """The question names what will happen; after yes the code is posted once more here, and nowhere else."""
    _, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    async with stage.bot():
        await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        stage.sandbox.sources.publish("AGAIN1")
        await stage.sandbox.wait_for_messages(channel)
        await stage.sandbox.wait_for_messages(other)
        question = await (await admin.command("giftcode_reset")).settled()
        assert "1 code active now will be posted again" in question.text.replace("The 1", "1")
        assert "Other servers are not touched" in question.text
        await question.press("Post all again")
        await stage.sandbox.wait_for_messages(channel, 2)
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
    assert len(stage.sandbox.world.messages(channel)) == 2
    assert len(stage.sandbox.world.messages(other)) == 1


async def test_a_cancelled_reset_changes_nothing_and_the_question_is_used_up(stage: Stage) -> None:
    """Cancel says so; the buttons are gone."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.sources.publish("STAYS1")
        await stage.sandbox.wait_for_messages(channel)
        question = await (await admin.command("giftcode_reset")).settled()
        await question.press("Cancel")
        await question.shows("Nothing was changed")
        assert question.buttons == []
    assert len(stage.sandbox.world.messages(channel)) == 1


async def test_a_question_from_before_a_restart_has_expired(stage: Stage) -> None:
    """A question is remembered for a minute and in one process only; afterwards nothing is reset."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        question = await (await admin.command("giftcode_reset")).settled()
    async with stage.bot():
        answer = await question.press("Post all again")
        assert "expired" in answer.text

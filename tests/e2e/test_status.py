"""`/giftcode_status`, `/help`, `/about`, and what the owner is told."""

from __future__ import annotations

import re
import sqlite3

import pytest

from giftbot.sandbox import text_of
from tests.e2e.stage import Stage


async def test_status_shows_the_health_of_each_source_to_everyone(stage: Stage) -> None:
    """Store mode, last check, queue, and for each source whether it is fine or what is wrong."""
    guild, _, _ = stage.add_server()
    visitor = stage.sandbox.user(guild, name="visitor")
    stage.sandbox.sources.publish("HEALTHY")
    async with stage.bot():
        await stage.sandbox.sources.wait("json", 2)
        fine = await (await visitor.command("giftcode_status")).settled()
        assert "SQLite, normal" in fine.text
        assert "code API: fine, 1 code" in fine.text
        assert "Queue\nempty" in fine.text
        stage.sandbox.sources.fail("json", status=500)
        while "code API: failing" not in fine.text:
            fine = await (await visitor.command("giftcode_status")).settled()
        assert "RSS feed: fine" in fine.text


async def test_help_and_about_tell_what_there_is(stage: Stage) -> None:
    """Every declared command is in /help; /about names the version and the licence."""
    guild, _, _ = stage.add_server()
    visitor = stage.sandbox.user(guild, name="visitor")
    async with stage.bot():
        helped = await (await visitor.command("help")).settled()
        for command in stage.sandbox.world.declarations.of(None):
            assert command["name"] in helped.text or command["name"] == "help"
        about = await (await visitor.command("about")).settled()
        assert "MIT" in about.text


async def test_commands_are_declared_for_servers_only_with_their_permissions(stage: Stage) -> None:
    """Managers' commands ask for Manage Server; all are for servers, and for installation to servers."""
    async with stage.bot():
        declared = {command["name"]: command for command in stage.sandbox.world.declarations.of(None)}
    managers = {"giftcodesettings", "giftcode_add", "giftcode_stats", "giftcode_reset", "autoredeem"}
    for name, command in declared.items():
        assert command["contexts"] == [0]
        assert command["integration_types"] == [0]
        assert command["default_member_permissions"] == ("32" if name in managers else None)


async def test_the_owner_is_told_of_a_new_code_and_of_a_failing_source_once(stage: Stage) -> None:
    """One message for the code, one for the source after several failures, and none at each further check."""
    stage.add_server()
    owner = stage.sandbox.actor(stage.sandbox.world.owner)
    async with stage.bot():
        stage.sandbox.sources.publish("TELLME1")
        await stage.sandbox.until(lambda: "TELLME1" in str(owner.direct_messages))
        stage.sandbox.sources.fail("rss", status=404)
        await stage.sandbox.until(lambda: "RSS feed has a problem" in str(owner.direct_messages))
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 3)
    told = [text_of(message) for message in owner.direct_messages]
    assert len([words for words in told if "TELLME1" in words]) == 1
    assert len([words for words in told if "RSS feed" in words and "problem" in words]) == 1


async def test_a_suddenly_empty_source_expires_nothing_and_a_flood_is_held(stage: Stage) -> None:
    """An empty listing leaves the codes active; 40 codes from one that had 1 are held, and the owner is asked."""
    _, channel, admin = stage.add_server()
    owner = stage.sandbox.actor(stage.sandbox.world.owner)
    stage.environ.update(GIFTCODE_RSS_URL="", GIFTCODE_PAGE_URL="")
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.sources.publish("STEADY1")
        await stage.sandbox.wait_for_messages(channel)
        stage.sandbox.sources.empty("json")
        await stage.sandbox.until(lambda: "suddenly lists none" in str(owner.direct_messages))
        listed = await (await admin.command("giftcode")).settled()
        assert "STEADY1" in listed.text
        stage.sandbox.sources.heal("json")
        for number in range(40):
            stage.sandbox.sources.publish(f"FLOOD{number:02}")
        await stage.sandbox.until(lambda: "held back" in str(owner.direct_messages))
    assert len(stage.sandbox.world.messages(channel)) == 1


async def test_an_internal_error_gives_the_user_an_id_that_the_log_has(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A store that breaks under a command: one sentence with a reference; the log has the same id and the rest."""
    _, _, admin = stage.add_server()
    async with stage.bot():
        with sqlite3.connect(stage.directory / "giftbot.sqlite") as broken:
            broken.execute("ALTER TABLE sent_giftcodes RENAME TO gone")
        answer = await (await admin.command("giftcode_stats")).settled()
        found = re.search(r"`([0-9a-f]{6})`", answer.text)
        assert found is not None
        assert "Traceback" not in answer.text
        assert f"ref={found[1]}" in capsys.readouterr().out

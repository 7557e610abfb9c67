"""From a source to a message."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from giftbot.sandbox import FaultKind, text_of
from tests.e2e.stage import MESSAGES, Stage


async def test_a_new_code_is_posted_once_to_every_configured_server(stage: Stage) -> None:
    """A code that a source lists appears in the chosen channel of each server, with all that is known of it."""
    servers = [stage.add_server(f"server {number}") for number in range(3)]
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    async with stage.bot():
        for _, channel, admin in servers[:2]:
            await stage.configure(admin, channel)
        stage.sandbox.sources.publish("Frost77", rewards="100 gems", expires_at=expires_at)
        posts = [(await stage.sandbox.wait_for_messages(channel))[0] for _, channel, _ in servers[:2]]
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
    for _, channel, _ in servers[:2]:
        assert len(stage.sandbox.world.messages(channel)) == 1
    assert stage.sandbox.world.messages(servers[2][1]) == []
    [embed] = posts[0]["embeds"]
    shown = embed["fields"][0]["value"]
    assert "```\nFrost77\n```" in shown
    assert "100 gems" in shown
    assert f"<t:{int(expires_at.timestamp())}:R>" in shown
    assert "code API" in shown
    assert embed["footer"]["text"].startswith("ref ")


async def test_more_than_ten_codes_become_several_embeds_and_none_is_lost(stage: Stage) -> None:
    """25 codes found at once all appear, each once; what one message cannot hold comes in the next."""
    _, channel, admin = stage.add_server()
    codes = [f"MANY{number:02}" for number in range(25)]
    async with stage.bot():
        await stage.configure(admin, channel)
        await stage.sandbox.sources.wait("json", 2)
        for code in codes:
            stage.sandbox.sources.publish(code, rewards="x" * 290)
        await stage.sandbox.until(
            lambda: all(code in str(stage.sandbox.world.messages(channel)) for code in codes), what="all codes"
        )
    messages = stage.sandbox.world.messages(channel)
    shown = "\n".join(map(text_of, messages))
    assert all(shown.count(f"\n{code}\n") == 1 for code in codes)
    assert 1 < len(messages) <= 5


async def test_nothing_is_posted_again_after_a_restart(stage: Stage) -> None:
    """A restart finds the same codes listed and posts none of them."""
    _, channel, admin = stage.add_server()
    stage.sandbox.sources.publish("ONCE111")
    async with stage.bot():
        await stage.sandbox.sources.wait("json", 1)
        await stage.configure(admin, channel, backfill="set-backfill:post")
        await stage.sandbox.wait_for_messages(channel)
    asked = stage.sandbox.sources.hits["json"]
    async with stage.bot():
        await stage.sandbox.sources.wait("json", asked + 3)
    assert len(stage.sandbox.world.messages(channel)) == 1


async def test_a_lost_permission_disables_the_channel_once_and_tells_people_once(stage: Stage) -> None:
    """Two codes after Send Messages was taken: one refused request, one message to the admin, one to the owner."""
    guild, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny="SEND_MESSAGES")
        stage.sandbox.sources.publish("DENIED1")
        owner = stage.sandbox.world.owner
        await stage.sandbox.until(lambda: "refuses messages" in str(stage.sandbox.world.direct_messages(owner)))
        stage.sandbox.sources.publish("DENIED2")
        asked = stage.sandbox.sources.hits["json"]
        await stage.sandbox.sources.wait("json", asked + 2)
        panel = await stage.panel(admin, "stopped")
        stage.sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], allow="SEND_MESSAGES")
        await panel.select("set-channel:", [channel.id])
        await panel.shows("from now on")
        await panel.press("Post the 2 codes active now")
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert "DENIED1" in str(post)
        assert "DENIED2" in str(post)
    assert stage.sandbox.requests.count(method="POST", route=MESSAGES, status=403) == 1
    told = [text_of(message) for message in stage.sandbox.world.direct_messages(guild.owner_id)]
    assert len([words for words in told if "can no longer post" in words]) == 1
    to_owner = [text_of(message) for message in stage.sandbox.world.direct_messages(owner)]
    assert len([words for words in to_owner if "refuses messages" in words]) == 1


async def test_a_deleted_channel_is_disabled_like_a_refusing_one(stage: Stage) -> None:
    """404 10003 stops posting to that server and tells its owner; the others get the code."""
    guild, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    async with stage.bot():
        await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        stage.sandbox.world.delete_channel(channel)
        stage.sandbox.sources.publish("GONE11")
        await stage.sandbox.wait_for_messages(other)
        await stage.sandbox.until(
            lambda: stage.sandbox.world.direct_messages(guild.owner_id), what="the admin's message"
        )
        panel = await stage.panel(admin, "stopped")
        assert str(channel.id) in panel.text


async def test_a_server_that_removed_the_bot_gets_nothing_and_no_old_codes_when_it_returns(stage: Stage) -> None:
    """Codes found while the bot was away are not made up for; the next new one is posted."""
    guild, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    async with stage.bot():
        await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        stage.sandbox.world.remove_guild(guild)
        stage.sandbox.sources.publish("MEANWHILE")
        await stage.sandbox.wait_for_messages(other)
        stage.sandbox.world.return_guild(guild)
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
        stage.sandbox.sources.publish("AFTERWARDS")
        [post] = await stage.sandbox.wait_for_messages(channel)
        assert "AFTERWARDS" in str(post)
        assert "MEANWHILE" not in str(post)


async def test_a_server_that_returns_while_the_bot_is_down_is_posted_to_again(stage: Stage) -> None:
    """The bot saw that it was removed; the invitation came while it was not running."""
    guild, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        stage.sandbox.world.remove_guild(guild)
        stage.sandbox.sources.publish("MEANWHILE")
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
    stage.sandbox.world.return_guild(guild)
    async with stage.bot():
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
        stage.sandbox.sources.publish("AFTERWARDS")
        [post] = await stage.sandbox.wait_for_messages(channel)
    assert "AFTERWARDS" in str(post)
    assert "MEANWHILE" not in str(post)


async def test_a_malformed_post_is_parked_and_the_others_go_on(stage: Stage) -> None:
    """400 parks that post and tells the owner; other servers get the code."""
    _, channel, admin = stage.add_server()
    _, other, other_admin = stage.add_server("other")
    async with stage.bot():
        await stage.configure(admin, channel)
        await stage.configure(other_admin, other)
        body = {"code": 50035, "message": "Invalid Form Body", "errors": {}}
        stage.sandbox.faults.add(
            kind=FaultKind.STATUS,
            method="POST",
            route=re.compile(rf"/channels/{channel.id}/messages"),
            status=400,
            body=body,
            times=None,
        )
        stage.sandbox.sources.publish("PARKED1")
        await stage.sandbox.wait_for_messages(other)
        owner = stage.sandbox.world.owner
        await stage.sandbox.until(lambda: "malformed" in str(stage.sandbox.world.direct_messages(owner)))
    assert stage.sandbox.world.messages(channel) == []

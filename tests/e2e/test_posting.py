"""From a source to a message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.e2e.stage import Stage


async def test_a_new_code_is_posted_once_to_every_configured_server(stage: Stage) -> None:
    """A code that a source lists appears in the chosen channel of each server, with all that is known of it."""
    servers = [stage.add_server(f"server {number}") for number in range(3)]
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    async with stage.bot():
        for _, channel, admin in servers[:2]:
            await stage.configure(admin, channel)
        stage.sandbox.sources.publish("Frost77", rewards="100 gems", expires_at=expires_at)
        posts = [(await stage.sandbox.wait_for_messages(channel))[0] for _, channel, _ in servers[:2]]
        await stage.sandbox.sources.wait("json", 5)
    for _, channel, _ in servers[:2]:
        assert len(stage.sandbox.world.messages(channel)) == 1
    assert stage.sandbox.world.messages(servers[2][1]) == []
    [embed] = posts[0]["embeds"]
    shown = embed["fields"][0]["value"]
    assert "```\nFrost77\n```" in shown
    assert "100 gems" in shown
    assert f"<t:{int(expires_at.timestamp())}:R>" in shown
    assert embed["footer"]["text"].startswith("ref ")

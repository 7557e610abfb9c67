"""`ops` while the bot runs: what it writes down, the bot finds and posts."""

from __future__ import annotations

import pytest

from giftbot.sandbox import text_of
from tests.e2e.stage import Stage
from tests.mongod import Mongod
from tests.ops.runs import environ_of, run_ops


@pytest.fixture(params=["sqlite", "mongo"])
def beside(request: pytest.FixtureRequest, stage: Stage, database_name: str) -> Stage:
    """A stage whose bot keeps its data in each store."""
    if request.param == "mongo":
        mongod: Mongod = request.getfixturevalue("replica_set")
        stage.environ.update(MONGO_URI=mongod.uri, MONGO_DB_NAME=database_name)
    return stage


def environ(stage: Stage) -> dict[str, str]:
    """The settings of the stage's bot."""
    return {**environ_of(stage.sandbox, stage.directory), **stage.environ}


async def test_after_a_reset_the_bot_posts_again(beside: Stage) -> None:
    """In that server alone, and each code once."""
    servers = [beside.add_server(f"server {number}") for number in range(2)]
    beside.sandbox.sources.publish("FROST77")
    async with beside.bot():
        for _, channel, admin in servers:
            await beside.configure(admin, channel, backfill="set-backfill:post")
            await beside.sandbox.wait_for_messages(channel)
        (guild, channel, _), (_, other, _) = servers
        asked = beside.sandbox.sources.hits["json"]
        run = await run_ops(environ(beside), "reset", "--guild", str(guild.id), "--yes")
        assert run.code == 0
        assert run.out.endswith("Done. 1 code will be posted by the running bot, or when it starts.\n")
        messages = await beside.sandbox.wait_for_messages(channel, 2)
        await beside.sandbox.sources.wait("json", asked + 2)
    assert all("FROST77" in text_of(message) for message in messages)
    assert len(beside.sandbox.world.messages(channel)) == 2
    assert len(beside.sandbox.world.messages(other)) == 1
    stats = await run_ops(environ(beside), "stats", "--guild", str(guild.id), "--json")
    assert stats.document["total_codes"] == 1


async def test_a_released_code_is_posted_by_the_bot(beside: Stage) -> None:
    """A code that only the shared list has is held, until `ops` releases it; a discarded one never appears."""
    sources = beside.sandbox.sources
    beside.environ.update(GIFTCODE_API_URL=sources.api_url, GIFTCODE_API_KEY=sources.api_key)
    _, channel, admin = beside.add_server()
    owner = beside.sandbox.world.owner
    async with beside.bot():
        await beside.configure(admin, channel)
        sources.publish("HINT2026", on={"api"})
        await beside.sandbox.until(
            lambda: any("HINT2026" in text_of(message) for message in beside.sandbox.world.direct_messages(owner)),
            what="the notice of a held code",
        )
        held = await run_ops(environ(beside), "codes", "held", "--json")
        assert [code["code"] for code in held.document["codes"]] == ["HINT2026"]
        assert beside.sandbox.world.messages(channel) == []
        run = await run_ops(environ(beside), "codes", "release", "hint2026")
        assert (run.code, run.out) == (0, "Released: HINT2026.\n")
        [message] = await beside.sandbox.wait_for_messages(channel)
    assert "HINT2026" in text_of(message)


async def test_looking_does_not_disturb_the_bot(beside: Stage) -> None:
    """The bot posts on while `ops` looks at everything, and starts again on the same data afterwards."""
    _, channel, admin = beside.add_server()
    commands = (["stats"], ["inspect", "codes"], ["inspect", "sent"], ["inspect", "guilds"], ["doctor"])
    async with beside.bot():
        await beside.configure(admin, channel)
        for number, command in enumerate(commands, start=1):
            beside.sandbox.sources.publish(f"CODE{number}")
            assert (await run_ops(environ(beside), *command)).code == 0
        await beside.sandbox.until(
            lambda: sum(text_of(message).count("CODE") for message in beside.sandbox.world.messages(channel)) >= 5,
            what="five codes",
        )
    async with beside.bot():
        assert (await run_ops(environ(beside), "doctor")).code == 0


async def test_a_code_given_by_hand_is_posted_and_posted_again(beside: Stage) -> None:
    """Once in each server when it is added, and once more each time it is announced again, also after its end."""
    servers = [beside.add_server(f"server {number}") for number in range(2)]
    world = beside.sandbox.world
    async with beside.bot():
        for _, channel, admin in servers:
            await beside.configure(admin, channel)
        added = await run_ops(environ(beside), "codes", "add", "Hand_1", "--rewards", "a chest")
        assert (added.code, added.out) == (0, "Announced in every server that posts: Hand_1.\n")
        for _, channel, _ in servers:
            [message] = await beside.sandbox.wait_for_messages(channel)
            assert "Hand_1" in text_of(message)
        again = await run_ops(environ(beside), "codes", "announce-again", "hand_1", "--yes")
        assert again.lines[0] == "Hand_1 will be posted in 2 servers, also in the 2 servers that had it once."
        for _, channel, _ in servers:
            await beside.sandbox.wait_for_messages(channel, 2)
        guild, channel, _ = servers[0]
        named = ("--guild", str(guild.id), "--yes")
        at_once = await run_ops(environ(beside), "codes", "announce-again", "hand_1", *named)
        assert at_once.code == 2
        assert "Discord shows the same post only once within minutes" in at_once.err
        assert (await run_ops(environ(beside), "codes", "expire", "hand_1")).code == 0
        back = await run_ops(environ(beside), "codes", "announce-again", "hand_1", "--yes")
        assert back.code == 0
        for _, channel, _ in servers:
            await beside.sandbox.wait_for_messages(channel, 3)
    assert [len(world.messages(channel)) for _, channel, _ in servers] == [3, 3]

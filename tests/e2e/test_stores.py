"""The same bot on each store, and the copy that earlier bots read."""

from __future__ import annotations

import json
import uuid

from tests.e2e.stage import Stage
from tests.mongod import Mongod


async def test_on_mongodb_the_bot_posts_once_across_restarts(stage: Stage, replica_set: Mongod) -> None:
    """With MONGO_URI nothing is kept on this machine but the journal: a new data directory changes nothing."""
    _, channel, admin = stage.add_server()
    stage.environ.update(MONGO_URI=replica_set.uri, MONGO_DB_NAME=f"e2e-{uuid.uuid4().hex}")
    stage.sandbox.sources.publish("MONGO11")
    async with stage.bot():
        await stage.sandbox.sources.wait("json", 1)
        await stage.configure(admin, channel, backfill="set-backfill:post")
        await stage.sandbox.wait_for_messages(channel)
        status = await (await admin.command("giftcode_status")).settled()
        assert "MongoDB, normal" in status.text
    asked = stage.sandbox.sources.hits["json"]
    async with stage.bot(GIFTBOT_DATA_DIR=str(stage.directory / "elsewhere")):
        await stage.sandbox.sources.wait("json", asked + 2)
        stage.sandbox.sources.publish("MONGO22")
        await stage.sandbox.wait_for_messages(channel, 2)
    shown = str(stage.sandbox.world.messages(channel))
    assert len(stage.sandbox.world.messages(channel)) == 2
    assert shown.count("\\nMONGO11\\n") == shown.count("\\nMONGO22\\n") == 1


async def test_the_json_copy_has_channels_and_sent_codes(stage: Stage) -> None:
    """`giftcode_state.json` is written in the shape that earlier bots read, and an earlier bot's file is kept."""
    guild, channel, admin = stage.add_server()
    stage.directory.mkdir()
    earlier = {"channels": {"1": 2}, "sent": {"1": ["OLD111"]}, "initialized": True}
    (stage.directory / "giftcode_state.json").write_text(json.dumps(earlier))
    copy = stage.directory / "giftcode_state.json"
    stage.sandbox.sources.publish("COPIED1")
    async with stage.bot():
        await stage.sandbox.sources.wait("json", 1)
        await stage.configure(admin, channel, backfill="set-backfill:post")
        await stage.sandbox.wait_for_messages(channel)
    async with stage.bot():
        await stage.sandbox.until(lambda: "COPIED1" in copy.read_text(), what="the copy")
    written = json.loads(copy.read_text())
    assert written["channels"] == {str(guild.id): channel.id}
    assert written["sent"] == {str(guild.id): ["COPIED1"]}
    assert written["initialized"] is True
    assert json.loads((stage.directory / "giftcode_state.json.legacy").read_text()) == earlier

"""A bot that moves, from SQLite to MongoDB and to another directory; and the figures that a running bot keeps."""

from __future__ import annotations

import asyncio
from pathlib import Path

from giftbot.app import Role, open_outside
from giftbot.models.figures import FigureKind, Rollup
from giftbot.sandbox import text_of
from tests.e2e.stage import Stage
from tests.mongod import Mongod
from tests.ops.runs import environ_of, run_ops


def environ(stage: Stage) -> dict[str, str]:
    """The settings of the stage's bot."""
    return {**environ_of(stage.sandbox, stage.directory), **stage.environ}


async def test_a_bot_that_moved_goes_on(
    stage: Stage, tmp_path: Path, replica_set: Mongod, database_name: str
) -> None:
    """In its new place it knows its servers and what it posted: nothing comes twice, what is new comes."""
    _, channel, admin = stage.add_server()
    stage.sandbox.sources.publish("FROST77")
    async with stage.bot():
        await stage.configure(admin, channel, backfill="set-backfill:post")
        await stage.sandbox.wait_for_messages(channel)
    archive = tmp_path / "bot.zip"
    exported = await run_ops(environ(stage), "export", str(archive))
    assert (exported.code, exported.err) == (0, "")
    elsewhere = Stage(stage.sandbox, tmp_path / "elsewhere")
    elsewhere.directory.mkdir()
    elsewhere.environ.update(MONGO_URI=replica_set.uri, MONGO_DB_NAME=database_name)
    imported = await run_ops(environ(elsewhere), "import", str(archive))
    assert (imported.code, imported.err) == (0, "")
    async with elsewhere.bot():
        stage.sandbox.sources.publish("SNOW2026")
        messages = await stage.sandbox.wait_for_messages(channel, 2)
    assert [sum(code in text_of(one) for one in messages) for code in ("FROST77", "SNOW2026")] == [1, 1]
    assert len(stage.sandbox.world.messages(channel)) == 2


async def test_a_running_bot_is_not_exported_silently(stage: Stage, tmp_path: Path) -> None:
    """Beside it an archive is made, with a word of what it is worth; none is taken in."""
    archive = tmp_path / "bot.zip"
    async with stage.bot():
        exported = await run_ops(environ(stage), "export", str(archive))
        assert exported.code == 0
        assert exported.err == "ops: A bot is running: to move it, stop it first, and export again.\n"
        refused = await run_ops(environ(stage), "import", str(archive), "--merge")
    assert (refused.code, refused.out) == (73, "")
    assert "stop it first" in refused.err


async def test_a_running_bot_counts(stage: Stage) -> None:
    """Nobody has to ask: what was posted is counted in the background."""
    _, channel, admin = stage.add_server()
    stage.sandbox.sources.publish("FROST77")
    async with stage.bot(), asyncio.timeout(60):
        await stage.configure(admin, channel, backfill="set-backfill:post")
        found = await _figures(stage)
        while found is None:
            await asyncio.sleep(0.1)
            found = await _figures(stage)
    assert found.total(FigureKind.SERVERS, "known") <= 1


async def _figures(stage: Stage) -> Rollup | None:
    async with open_outside(stage.settings(), Role.OPS, owner="a test") as outside:
        return await outside.store.load_figures()

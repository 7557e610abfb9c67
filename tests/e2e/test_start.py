"""Starting and ending: the real process, its exit codes and sentences."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from giftbot.sandbox import FaultKind, Sandbox
from giftbot.sandbox.child import BotProcess
from giftbot.sandbox.pulse import PATIENCE
from tests.e2e.stage import MESSAGES, Stage

TOKEN_OF_NOBODY = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDE." + "x" * 38


async def run(*, cwd: Path, **environ: str) -> tuple[int, str]:
    """Run `giftbot run` to its end; its exit code and all that it printed."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "giftbot",
        "run",
        cwd=cwd,
        env={**inherited, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, printed.decode()


@pytest.mark.parametrize(
    ("environ", "code", "sentence"),
    [
        ({}, 78, "DISCORD_TOKEN is not set"),
        ({"DISCORD_TOKEN": "nonsense"}, 78, "DISCORD_TOKEN is not a bot token"),
        (
            {"DISCORD_TOKEN": "x", "GIFTCODE_CHECK_INTERVAL": "soon"},
            78,
            "GIFTCODE_CHECK_INTERVAL must be a number of at least 1",
        ),
        ({"DISCORD_TOKEN": "x", "GIFTBOT_DATADIR": "x"}, 78, "Did you mean GIFTBOT_DATA_DIR?"),
        ({"DISCORD_TOKEN": TOKEN_OF_NOBODY, "GIFTCODE_JSON_URL": "http://example.org/"}, 78, "GIFTCODE_JSON_URL"),
        (
            {"DISCORD_TOKEN": TOKEN_OF_NOBODY, "MONGO_URI": "mongodb://me:hunter2@127.0.0.1:1/"},
            69,
            "MongoDB",
        ),
    ],
)
async def test_a_start_that_fails_is_one_sentence_and_an_exit_code(
    tmp_path: Path, environ: dict[str, str], code: int, sentence: str
) -> None:
    """No traceback, no secret: what is wrong, and for supervisors a code that says not to try again blindly."""
    ended, printed = await run(cwd=tmp_path, **environ)
    assert ended == code, printed
    assert sentence in printed
    assert "Traceback" not in printed
    assert "hunter2" not in printed
    assert TOKEN_OF_NOBODY not in printed


async def test_a_token_that_discord_refuses_ends_the_start(tmp_path: Path, sandbox: Sandbox) -> None:
    """401 at the start: the sentence names DISCORD_TOKEN, exit code 78."""
    ended, printed = await run(cwd=tmp_path, DISCORD_TOKEN=TOKEN_OF_NOBODY, DISCORD_API_URL=sandbox.api_url)
    assert ended == 78
    assert "does not accept DISCORD_TOKEN" in printed
    assert "Traceback" not in printed


async def test_an_intent_that_is_not_granted_is_named_with_its_switch(tmp_path: Path, sandbox: Sandbox) -> None:
    """Discord closes the connection (4014): the sentence names the page, the switch and the setting."""
    environ = {"DISCORD_TOKEN": sandbox.token, "DISCORD_API_URL": sandbox.api_url, "GIFTBOT_INVITES": "true"}
    ended, printed = await run(cwd=tmp_path, **environ)
    assert ended == 78
    assert "GIFTBOT_INVITES" in printed
    assert "https://discord.com/developers/applications" in printed
    assert "switch on “Server Members Intent”" in printed
    assert "Traceback" not in printed


async def test_a_cut_answer_at_the_start_is_a_sentence_too(tmp_path: Path, sandbox: Sandbox) -> None:
    """Discord's first answer ends in the middle: exit code 1, no traceback, nothing left open."""
    sandbox.faults.add(kind=FaultKind.TRUNCATE, method="GET", route="/gateway/bot", times=None)
    ended, printed = await run(cwd=tmp_path, DISCORD_TOKEN=sandbox.token, DISCORD_API_URL=sandbox.api_url)
    assert ended == 1
    assert "Discord cannot be reached" in printed
    assert "Traceback" not in printed
    assert "Unclosed" not in printed


async def test_discord_out_of_reach_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    """Nobody answers: the sentence says that Discord cannot be reached."""
    ended, printed = await run(
        cwd=tmp_path, DISCORD_TOKEN=TOKEN_OF_NOBODY, DISCORD_API_URL="http://127.0.0.1:1/api/v10"
    )
    assert ended == 1
    assert "Discord cannot be reached" in printed
    assert "Traceback" not in printed


async def test_a_second_bot_on_the_same_data_directory_names_the_first(sandbox: Sandbox, tmp_path: Path) -> None:
    """The second exits with the first one's process id in its sentence; the first goes on."""
    first = BotProcess(sandbox, tmp_path)
    await first.start()
    try:
        ended, printed = await run(cwd=tmp_path, **_own_settings(first))
        assert ended == 73
        assert str(first.pid) in printed
    finally:
        assert await first.stop() == 0


async def test_sigterm_ends_the_bot_in_good_order(sandbox: Sandbox, tmp_path: Path) -> None:
    """Exit code 0, and its log has neither a traceback nor a token."""
    bot = BotProcess(sandbox, tmp_path)
    await bot.start()
    assert await bot.stop() == 0
    log = bot.log.read_text()
    assert "Traceback" not in log
    assert sandbox.token not in log


async def test_a_token_taken_away_while_running_ends_the_process(stage: Stage) -> None:
    """401 for a post stops everything, with the sentence and the exit code of a refused token."""
    _, channel, admin = stage.add_server()
    bot = BotProcess(stage.sandbox, stage.directory.parent)
    await bot.start()
    await stage.configure(admin, channel)
    stage.sandbox.faults.add(
        kind=FaultKind.STATUS, method="POST", route=MESSAGES, status=401, times=None, body={"message": "401"}
    )
    stage.sandbox.sources.publish("LASTONE")
    assert await asyncio.wait_for(bot.wait(), PATIENCE) == 78
    assert "does not accept the bot's token" in bot.log.read_text()


async def test_a_connection_that_breaks_is_made_again_and_commands_answered_once(stage: Stage) -> None:
    """After a dropped connection (resumed or not) a command gets one answer, and codes are still posted once."""
    _, channel, admin = stage.add_server()
    async with stage.bot():
        await stage.configure(admin, channel)
        for resumable in (True, False):
            stage.sandbox.gateway.drop_connections(resumable=resumable)
            await stage.sandbox.gateway.wait_connected(1)
            assert "giftbot" in (await (await admin.command("about")).settled()).text
        stage.sandbox.sources.publish("AFTERALL")
        await stage.sandbox.wait_for_messages(channel)
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 1)
    assert len(stage.sandbox.world.messages(channel)) == 1


async def test_with_only_a_token_the_embedded_store_is_used(sandbox: Sandbox, tmp_path: Path) -> None:
    """The data directory holds the SQLite file; nothing else is needed."""
    bot = BotProcess(sandbox, tmp_path)
    await bot.start()
    await bot.stop()
    assert (tmp_path / "data" / "giftbot.sqlite").is_file()


def _own_settings(bot: BotProcess) -> dict[str, str]:
    return {name: value for name, value in bot.environ.items() if name.startswith(("DISCORD", "GIFT"))}

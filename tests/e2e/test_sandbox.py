"""`giftbot sandbox`, as a newcomer plays with it."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from giftbot.errors import InvalidInputError
from giftbot.sandbox.command import write_settings
from giftbot.sandbox.pulse import PATIENCE
from tests.ops.runs import OURS


class Shell:
    """A `giftbot` command in a directory; what is typed, and what it printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.printed = ""

    @classmethod
    async def start(cls, directory: Path, *arguments: str, **settings: str) -> Shell:
        """Start the command with no other settings in its environment than these."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "giftbot",
                *arguments,
                cwd=directory,
                env={**environ, "PYTHONPATH": str(Path(__file__).parents[2]), **settings},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
        )

    def enter(self, line: str) -> None:
        """Type a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def type(self, line: str, *, shows: str) -> str:
        """Type a line, and return what was printed up to the line that has `shows` in it."""
        self.enter(line)
        return await self.shows(shows)

    async def shows(self, words: str) -> str:
        """Return what is printed up to the line that has the words in it."""
        assert self.process.stdout is not None
        read = ""
        async with asyncio.timeout(PATIENCE):
            while words not in read:
                line = await self.process.stdout.readline()
                assert line, f"{words!r} was not printed, but {read}"
                read += line.decode()
        return read


async def test_a_newcomer_plays_with_the_bot(tmp_path: Path) -> None:
    """The settings lie in .env, the bot finds them, and typed lines are what people do."""
    sandbox = await Shell.start(tmp_path, "sandbox", "--port=0", "--codes=FROST1,WINTER2", "--env-file=.env")
    bot = None
    try:
        await sandbox.shows("Type help")
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
        await sandbox.type("as admin giftcodesettings", shows="no bot is connected")
        bot = await Shell.start(tmp_path, "run")
        await bot.shows("ready")
        await sandbox.type("as admin giftcodesettings", shows="menu:")
        await sandbox.type('choose "#codes"', shows="#codes")
        await sandbox.type("code SNOW3", shows="#codes in Server 1, giftbot:")
        assert "SNOW3" in await sandbox.shows("Redeem")
        sandbox.enter("player 1001 312")
        await sandbox.type("as ada player add id=1001 kingdom=312", shows="1001 is registered")
        await sandbox.type("as ada press Redeem", shows="ada sees (nobody else does):")
        await sandbox.type("as ada giftcodesettings", shows="who lacks MANAGE_GUILD")
        await sandbox.type("server 2", shows="there are 1 servers")
        await sandbox.type("player x y", shows="type help")
        sandbox.enter("quit")
        rest, _ = await asyncio.wait_for(sandbox.process.communicate(), PATIENCE)
        assert (sandbox.process.returncode, b"Traceback" in rest) == (0, False)
    finally:
        for shell in (sandbox, bot):
            if shell is not None and shell.process.returncode is None:
                shell.process.kill()
                await shell.process.communicate()


async def test_a_newcomer_plays_with_invites(tmp_path: Path) -> None:
    """With the setting the bot starts on the sandbox, and knows who brought the people who are typed."""
    sandbox = await Shell.start(tmp_path, "sandbox", "--port=0", "--env-file=.env")
    bot = None
    try:
        await sandbox.shows("Type help")
        bot = await Shell.start(tmp_path, "run", GIFTBOT_INVITES="true")
        await bot.shows("baseline taken")
        sandbox.enter("as ada")
        code = (await sandbox.type("invite", shows="  ")).strip()
        await bot.shows("join decided")
        await sandbox.type(f"join {code} eve", shows=f"eve comes by {code}")
        await bot.shows("join_level=4")
        shown = await sandbox.type("as admin invites who member=@eve", shows="@eve")
        assert "@ada" in shown
    finally:
        for shell in (sandbox, bot):
            if shell is not None and shell.process.returncode is None:
                shell.process.kill()
                await shell.process.communicate()


def test_no_settings_but_those_of_a_sandbox_are_replaced(tmp_path: Path) -> None:
    """A .env with a real token stays as it is."""
    theirs = tmp_path / ".env"
    theirs.write_text("DISCORD_TOKEN=real\n")
    with pytest.raises(InvalidInputError, match="not of an earlier sandbox"):
        write_settings(theirs, {"DISCORD_TOKEN": "other"})
    assert theirs.read_text() == "DISCORD_TOKEN=real\n"
    ours = tmp_path / "sandbox.env"
    for token in ("one", "two"):
        write_settings(ours, {"DISCORD_TOKEN": token})
    assert ours.read_text().splitlines()[1:] == ["DISCORD_TOKEN=two"]
    with pytest.raises(InvalidInputError, match="cannot be written"):
        write_settings(tmp_path / "none" / ".env", {})


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--port=x", "The port is a whole number from 0 to 65535, not “x”."),
        ("--guilds=-1", "The number of servers is a whole number from 0 to 100000, not “-1”."),
        ("--codes=FROST1,no code!", "“no code!” is not a gift code"),
    ],
)
async def test_a_wrong_option_is_a_sentence(tmp_path: Path, option: str, sentence: str) -> None:
    """With what is allowed."""
    shell = await Shell.start(tmp_path, "sandbox", option)
    printed, _ = await asyncio.wait_for(shell.process.communicate(), PATIENCE)
    assert shell.process.returncode == 2
    assert sentence in printed.decode()


async def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    """With what helps."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        shell = await Shell.start(tmp_path, "sandbox", f"--port={port}")
        printed, _ = await asyncio.wait_for(shell.process.communicate(), PATIENCE)
    assert shell.process.returncode == 1
    assert f"giftbot: Port {port} on 127.0.0.1 cannot be used: " in printed.decode()
    assert "--port 0 takes a free one." in printed.decode()

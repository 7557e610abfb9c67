"""What tables and documents look like wherever they go."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import attrs

from giftbot.models.code import CodeStatus
from tests.ops.installation import Installation, code_of
from tests.ops.runs import ALONE, clean_environ, run_ops

LONG = "a reward with many words and no end " * 8
REPOSITORY = str(Path(__file__).parents[2])


def add_code(installation: Installation, rewards: str) -> None:
    """A code with these rewards."""
    code = attrs.evolve(code_of("WIDE2026", "json", CodeStatus.ACTIVE), rewards=rewards)
    installation.with_store(lambda store: store.insert_codes([code]))


def in_terminal(environ: dict[str, str], *arguments: str, columns: int, plain: bool = True) -> str:
    """What a command shows on a terminal of this width, without (`plain`) its control sequences."""
    inherited = {name: value for name, value in clean_environ().items() if name not in {"COLUMNS", "LINES"}}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [sys.executable, "-m", "ops", *arguments],
        env={**inherited, "PYTHONPATH": REPOSITORY, "TERM": "xterm", **environ},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            shown += part
        process.wait()
    os.close(ours)
    return re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()) if plain else shown.decode()


def test_nothing_is_cut_where_there_is_no_terminal(sqlite: Installation) -> None:
    """A row is one line, however long."""
    add_code(sqlite, LONG.strip())
    [line] = [line for line in sqlite.run("inspect", "codes").lines if line.startswith("WIDE2026")]
    assert line.endswith(LONG.strip())


def test_nothing_is_lost_on_a_terminal(sqlite: Installation) -> None:
    """Cells are folded, not cut; no line is wider than the terminal."""
    add_code(sqlite, LONG.strip())
    lines = in_terminal(sqlite.environ, "inspect", "codes", "--code", "WIDE2026", columns=90).splitlines()
    assert all(len(line) <= 90 for line in lines)
    begin = lines[0].index("REWARDS")
    assert lines[1].startswith("WIDE2026  active  -  ")
    assert " ".join(line[begin:].strip() for line in lines[1:]) == LONG.strip()


def test_a_terminal_that_is_too_narrow_for_a_table(sqlite: Installation) -> None:
    """Each row becomes a block of lines, with nothing left out."""
    add_code(sqlite, LONG.strip())
    lines = in_terminal(sqlite.environ, "inspect", "codes", columns=40).splitlines()
    assert all(len(line) <= 40 for line in lines)
    assert lines[lines.index("CODE     SNOW2026") :][:7] == [
        "CODE     SNOW2026",
        "STATUS   active",
        "EXPIRES  -",
        "FOUND    2026-01-02T03:04:05Z",
        "SOURCES  json",
        "REWARDS  -",
        "",
    ]
    begin = lines.index("CODE     WIDE2026") + 5
    assert " ".join(line[9:].strip() for line in lines[begin : begin + 20] if line).startswith(LONG.strip())


def test_levels_are_words_before_they_are_colours(tmp_path: Path) -> None:
    """A terminal shows the words of the doctor's levels in colour; without colours the words remain."""
    environ = {**ALONE, "GIFTBOT_DATA_DIR": str(tmp_path / "nothing")}
    shown = in_terminal({**environ, "NO_COLOR": ""}, "doctor", columns=120, plain=False)
    assert "\x1b[1;31mfailed" in shown
    shown = in_terminal({**environ, "NO_COLOR": "1"}, "doctor", columns=120, plain=False)
    assert "31m" not in shown
    assert "failed" in shown


def test_what_strangers_wrote_cannot_command_the_terminal(sqlite: Installation) -> None:
    """Escape sequences and line breaks in stored texts are shown, not obeyed; markup is text."""
    add_code(sqlite, "\x1b[31mred\x07 [bold]x[/bold] a\nb \u202ec")
    run = sqlite.run("inspect", "codes", "--code", "WIDE2026")
    assert "\\x1b[31mred\\x07 [bold]x[/bold] a\\nb \\u202ec" in run.out
    assert len(run.lines) == 2
    [code] = sqlite.run("inspect", "codes", "--code", "WIDE2026", "--json").document["codes"]
    assert code["rewards"] == "\x1b[31mred\x07 [bold]x[/bold] a\nb \u202ec"
    assert "\x1b" not in sqlite.run("inspect", "codes", "--json").out


async def test_an_encoding_without_our_letters(sqlite: Installation) -> None:
    """Where the terminal has no such letter, an escape is shown instead of an error."""
    run = await run_ops({**sqlite.environ, "PYTHONIOENCODING": "ascii"}, "inspect", "codes", "--code", "“x”")
    assert run.code == 2
    assert run.err.startswith("ops: \\u201c\\u201cx\\u201d\\u201d is not a gift code")


async def test_many_runs_at_once(sqlite: Installation) -> None:
    """Runs beside each other do not get in each other's way."""
    runs = await asyncio.gather(*(run_ops(sqlite.environ, "stats", "--json") for _ in range(4)))
    assert [run.code for run in runs] == [0] * 4
    shown = [json.loads(run.out) for run in runs]
    for one in shown:  # each counted at its own moment
        del one["counted_at"], one["age_seconds"]
    assert shown == [shown[0]] * 4

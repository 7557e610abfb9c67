"""`ops --help`, and what it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from giftbot import __version__
from tests.ops.runs import run_here

HEAVY = (
    "hikari",
    "tanjun",
    "aiohttp",
    "motor",
    "pymongo",
    "aiosqlite",
    "rich",
    "structlog",
    "typed_settings",
    "lxml",
)
"""Each of them takes longer to import than all that the help needs."""


def test_help_imports_nothing_heavy() -> None:
    """The help is there at once: what a command needs is imported when it runs."""
    script = "import sys; from ops.__main__ import app\ntry: app(['--help'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert [name for name in HEAVY if name in done.stdout.split()] == []


def test_every_command_is_in_the_help() -> None:
    """Without arguments the help is shown, too."""
    shown = run_here({}, "--help").out
    for name in ("stats", "inspect", "doctor", "reset", "codes"):
        assert f"\n  {name} " in shown
    assert "Usage: " in run_here({}).out + run_here({}).err


@pytest.mark.parametrize(
    "command",
    [["stats"], ["inspect", "codes"], ["inspect", "sent"], ["inspect", "guilds"], ["doctor"], ["reset"]]
    + [["codes", name] for name in ("held", "release", "discard")]
    + [["backup", name] for name in ("now", "list", "verify")]
    + [["restore"], ["rebuild-totals"]],
    ids=" ".join,
)
def test_every_command_explains_itself(command: list[str]) -> None:
    """Each has a help that names its options."""
    run = run_here({}, *command, "--help")
    assert run.code == 0
    assert "--help" in run.out


def test_the_version() -> None:
    """The bot's own."""
    assert run_here({}, "--version").out == f"{__version__}\n"


def test_an_unknown_state_names_the_known_ones() -> None:
    """A mistyped word is answered with those that there are."""
    run = run_here({}, "inspect", "sent", "--state", "lost")
    assert run.code == 2
    for state in ("pending", "claimed", "sent", "failed", "unknown", "skipped"):
        assert state in run.err

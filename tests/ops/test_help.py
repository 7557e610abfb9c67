"""`ops --help`, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer.main

from giftbot import __version__
from ops.__main__ import app
from ops.commands import COMMANDS
from tests.ops.runs import run_here
from tests.ops.tree import leaves, options_of

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


READING = {
    *("stats", "doctor", "codes held", "players export", "backup list", "backup verify", "schema show", "export"),
    *(f"inspect {what}" for what in ("codes", "sent", "guilds", "players", "jobs", "redemptions")),
    *(f"inspect {what}" for what in ("invites", "joins", "staff", "credits")),
}
WRITING = {
    *(f"codes {what}" for what in ("add", "expire", "verify", "announce-again", "release", "discard")),
    *("jobs stop", "jobs resume", "jobs retry", "players import", "reset", "backup now", "restore"),
    *("rebuild-totals", "migrate", "replay", "schema upgrade", "import"),
}
NEITHER = {"completion"}
"""A script for a shell."""


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


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    """The list is written down, so that it needs no command; it is the first sentence of the command's own help."""
    group: Any = typer.main.get_command(app)
    for name, entry in COMMANDS.items():
        command = group.commands.get(name)
        assert entry.help == f"{command.get_short_help_str(1000).rstrip('.')}.", name


def test_reading_commands_have_json_and_writing_ones_dry_run() -> None:
    """Every command is one or the other; one that is new has to say which."""
    for path, command in leaves():
        words, options = " ".join(path), options_of(command)
        assert (words in READING) + (words in WRITING) + (words in NEITHER) == 1, words
        assert "--json" in options or words not in READING, words
        assert "--dry-run" in options or words not in WRITING, words


def test_the_version() -> None:
    """The bot's own."""
    assert run_here({}, "--version").out == f"{__version__}\n"


def test_an_unknown_state_names_the_known_ones() -> None:
    """A mistyped word is answered with those that there are."""
    run = run_here({}, "inspect", "sent", "--state", "lost")
    assert run.code == 2
    for state in ("pending", "claimed", "sent", "failed", "unknown", "skipped"):
        assert state in run.err

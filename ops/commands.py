"""Which commands there are. A command's module is imported when the command is asked for; the help needs none."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import typer
import typer.main
from typer._completion_classes import completion_init
from typer.core import TyperGroup


class Entry(NamedTuple):
    """Where a command is, and what the list of commands says of it."""

    module: str
    name: str
    """Of the function, or of the group of commands, in that module."""
    help: str
    """The first sentence of the command's own help."""


COMMANDS = {
    "stats": Entry("ops.stats", "stats", "Show what was posted and what is open, in one server or over all."),
    "inspect": Entry(
        "ops.inspection",
        "app",
        "Look at codes, posts, servers, players, jobs, redemptions, invites, joins, staff links and credits.",
    ),
    "doctor": Entry("ops.doctor", "doctor", "Check everything that the bot needs."),
    "codes": Entry(
        "ops.codes", "app", "Add codes, end them, ask the game about them, decide on those that are held."
    ),
    "jobs": Entry("ops.jobs", "app", "Stop, resume or try again what is redeemed."),
    "players": Entry("ops.players", "app", "Import and export a server's players."),
    "reset": Entry(
        "ops.reset",
        "reset",
        "Forget what was posted in a server, so that all codes active now are posted there again.",
    ),
    "backup": Entry(
        "ops.backup", "app", "Copies of invites and staff credit: write them now, list them, check them."
    ),
    "restore": Entry(
        "ops.restore",
        "restore",
        "Take a copy into the tables: what is absent is added, what is newer replaces what is older.",
    ),
    "rebuild-totals": Entry(
        "ops.totals",
        "rebuild_totals",
        "Compare what each invite counts with the joins it brought, and correct it.",
    ),
    "migrate": Entry("ops.migrate", "migrate", "Take over what earlier bots left."),
    "export": Entry(
        "ops.archive",
        "export",
        "Write everything that the bot knows to one file, to move it to another machine or store.",
    ),
    "import": Entry("ops.archive", "import_", "Take an archive in."),
    "replay": Entry("ops.replay", "replay", "Bring what the journal keeps into the store."),
    "schema": Entry("ops.schema", "app", "Show the shape of the stored data, and bring it up to date."),
    "completion": Entry("ops.completion", "completion", "Print the script that completes this command in a shell."),
}
"""By what the operator types, in the order of the help."""


class Commands(TyperGroup):
    """The commands of `COMMANDS`, each made when it is asked for."""

    def __init__(self, **settings: Any) -> None:
        """Take what Typer gives to every group."""
        super().__init__(**settings)
        self.commands = _Made(self.commands)

    def main(self, *arguments: Any, **settings: Any) -> Any:
        """Run; where a shell asks what may come next, answer in its words."""
        completion_init()
        return super().main(*arguments, **settings)

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # Typer's own context
        """Their names."""
        return list(self.commands)

    def format_commands(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # the same
        """List them without making them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


class _Made(dict[str, Any]):
    """Every command under its name; the value is made by the first look at it."""

    def __init__(self, given: Any) -> None:
        super().__init__({**dict.fromkeys(COMMANDS), **given})

    def get(self, name: str, default: Any = None) -> Any:
        if name in self and self[name] is None:
            self[name] = _make(name, COMMANDS[name])
        return super().get(name, default)


def _make(name: str, entry: Entry) -> Any:
    found = getattr(importlib.import_module(entry.module), entry.name)
    if isinstance(found, typer.Typer):
        command: Any = typer.main.get_group(found)
    else:
        alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    command.name = name
    return command

"""The tree of commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer.main

from ops.__main__ import app

Path = tuple[str, ...]


def leaves(command: Any = None, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every command that can be run, with the words that lead to it."""
    group = typer.main.get_command(app) if command is None else command
    if not hasattr(group, "commands"):
        yield path, group
        return
    for name in group.commands:
        yield from leaves(group.commands.get(name), (*path, name))


def options_of(command: Any) -> set[str]:
    """The options of a command, as they are typed."""
    return {word for parameter in command.params for word in parameter.opts}

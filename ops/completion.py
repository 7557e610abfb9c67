"""`ops completion`: the script by which a shell completes commands and options."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


class Shell(enum.StrEnum):
    """A shell that there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


Wanted = Annotated[Shell, typer.Argument(metavar="bash|zsh|fish", help="Your shell.")]


def completion(shell: Wanted) -> None:
    """Print the script that completes this command in a shell. For bash, add it to ~/.bashrc."""
    from typer._completion_shared import get_completion_script  # noqa: PLC0415 - what --show-completion uses

    typer.echo(get_completion_script(prog_name="ops", complete_var="_OPS_COMPLETE", shell=shell.value))

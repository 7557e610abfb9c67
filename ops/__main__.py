"""The `ops` command: one module per command (`ops.commands`); what a command needs is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from giftbot import __version__
from ops import process
from ops.commands import Commands

app = typer.Typer(
    name="ops",
    cls=Commands,
    help="Look after a giftbot: figures, codes, posts, players, and what is wrong. Works beside a running bot.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    debug: Annotated[
        bool, typer.Option("--debug", help="Write the log, with tracebacks, to standard error instead of ops.log.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Settings are those of the bot: run this in the same directory, with the same environment."""
    process.debug.set(debug)


if __name__ == "__main__":
    app()

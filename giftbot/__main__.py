"""The `giftbot` command: run the bot, or try it without an account."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated

import typer

from giftbot import __version__
from giftbot.errors import GiftbotError

app = typer.Typer(
    name="giftbot",
    help="A self-hosted Discord bot that posts every new gift code to every server, effectively once.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command()
def run(
    time_scale: Annotated[float, typer.Option(hidden=True, help="Run the posting protocol faster (tests).")] = 1.0,
) -> None:
    """Start the bot. Settings come from the environment, a .env file or giftbot.toml; see the README."""
    from giftbot.bot import run_bot  # noqa: PLC0415 - the command line must not wait for what it does not use
    from giftbot.logs import configure_logging  # noqa: PLC0415
    from giftbot.models.times import PostingTimes  # noqa: PLC0415
    from giftbot.settings import load_settings  # noqa: PLC0415

    def start() -> Coroutine[None, None, None]:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        return run_bot(settings, times=PostingTimes().scaled(time_scale))

    sys.exit(_ended(start))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _ended(start: Callable[[], Coroutine[None, None, None]]) -> int:
    """The exit code of a run; what ended it early is one sentence on standard error."""
    from giftbot.logs import redact  # noqa: PLC0415

    try:
        asyncio.run(start())
    except GiftbotError as error:
        typer.echo(f"giftbot: {redact(str(error))}", err=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    app()

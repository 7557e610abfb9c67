"""The `giftbot` command: run the bot, or try it without an account."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated

import typer

from giftbot import __version__
from giftbot.arguments import whole_number
from giftbot.errors import GiftbotError

EX_SOFTWARE = 70

app = typer.Typer(
    name="giftbot",
    help="A self-hosted Discord bot that posts every new gift code to every server, effectively once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find gift codes and post each to every server that asked for it, effectively once."""


@app.command(short_help="Start the bot.")
def run(
    time_scale: Annotated[float, typer.Option(hidden=True, help="Run the posting protocol faster (tests).")] = 1.0,
) -> None:
    """Start the bot. Settings come from the environment, a .env file or giftbot.toml; see the README."""
    from giftbot.bot import run_bot  # noqa: PLC0415 - the command line must not wait for what it does not use
    from giftbot.collector import spare_what_was_imported  # noqa: PLC0415
    from giftbot.logs import configure_logging  # noqa: PLC0415
    from giftbot.models.times import PostingTimes  # noqa: PLC0415
    from giftbot.settings import load_settings  # noqa: PLC0415

    def start() -> Coroutine[None, None, None]:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        spare_what_was_imported()
        return run_bot(settings, times=PostingTimes().scaled(time_scale))

    sys.exit(_ended(start))


@app.command(short_help="Show the bot at work, without an account.")
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end.")] = False,
) -> None:
    """Show the bot at work on a Discord of its own: no account, no token, no network. Takes less than 45 s."""
    from giftbot.sandbox.demo import run_demo  # noqa: PLC0415

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(asyncio.run(run_demo(keep=keep)))


@app.command(short_help="Run a Discord on this machine.")
def sandbox(
    port: Annotated[
        int,
        typer.Option(
            parser=whole_number("The port", least=0, most=65_535),
            metavar="PORT",
            help="Port on 127.0.0.1; 0 takes a free one.",
        ),
    ] = 8090,
    spec: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Discord's OpenAPI description: check every request against it."
        ),
    ] = None,
    guilds: Annotated[
        int,
        typer.Option(
            parser=whole_number("The number of servers", least=0, most=100_000),
            metavar="N",
            help="How many servers there are.",
        ),
    ] = 1,
    codes: Annotated[
        str, typer.Option(metavar="CODE,CODE", help="Gift codes that the game has published already.")
    ] = "",
    env_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the settings to this file instead, readable by you alone."),
    ] = None,
) -> None:
    """Run a Discord and a game on this machine, for trying things out, and print the settings that lead to them.

    Messages appear as they are written, and lines that you type are what people do: type help.
    """
    from giftbot.models.code import fold  # noqa: PLC0415
    from giftbot.sandbox.command import serve  # noqa: PLC0415
    from giftbot.sandbox.console import typed_lines  # noqa: PLC0415

    published = [code.strip() for code in codes.split(",") if code.strip()]
    try:
        for code in published:
            fold(code)
        asyncio.run(
            serve(
                port=port,
                spec=spec,
                guilds=guilds,
                codes=published,
                env_file=env_file,
                typed=typed_lines(),
                say=functools.partial(print, flush=True),
            )
        )
    except GiftbotError as error:
        typer.echo(f"giftbot: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        why = f"{error.strerror or error}; --port 0 takes a free one"
        typer.echo(f"giftbot: Port {port} on 127.0.0.1 cannot be used: {why}.", err=True)
        raise typer.Exit(1) from None


@app.command(short_help="Keep copies for bots elsewhere.")
def cloud(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 is every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8095,
    directory: Annotated[Path, typer.Option("--dir", file_okay=False, help="Where the copies are kept.")] = Path(
        "copies"
    ),
    keep: Annotated[int, typer.Option(min=1, max=10_000, help="How many copies are kept.")] = 20,
) -> None:
    """Keep the copies of invites and staff credit that bots send here. CLOUD_API_TOKEN is the token they need."""
    from giftbot.cloud.command import serve  # noqa: PLC0415
    from giftbot.logs import configure_logging  # noqa: PLC0415
    from giftbot.settings import load_settings  # noqa: PLC0415

    def start() -> Coroutine[None, None, None]:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        return serve(directory, token=settings.cloud_token or "", host=host, port=port, keep=keep)

    sys.exit(_ended(start))


def _ended(start: Callable[[], Coroutine[None, None, None]]) -> int:
    """The exit code of a run; what ended it early is one sentence on standard error."""
    import structlog  # noqa: PLC0415

    from giftbot.logs import new_reference, redact  # noqa: PLC0415

    try:
        asyncio.run(start())
    except GiftbotError as error:
        typer.echo(f"giftbot: {redact(str(error))}", err=True)
        return error.exit_code
    except Exception as error:
        reference = new_reference()
        structlog.get_logger(__name__).critical("stopped by an error", ref=reference, exc_info=error)
        typer.echo(f"giftbot stopped because of an error in itself; the log has it under {reference}.", err=True)
        return EX_SOFTWARE
    return 0


if __name__ == "__main__":
    app()

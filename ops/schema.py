"""`ops schema`: which shape the stored data has, and bringing it to the one that this giftbot writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from giftbot.errors import DataDirectoryError, StoreError
from ops.options import DryRun, Json
from ops.process import Process, ops_process, require_data

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.storage import SchemaState

app = typer.Typer(
    help="Show the shape of the stored data, and bring it up to date.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command("show")
def show(json: Json = False) -> None:
    """Show which schema the data has, and which one this giftbot writes."""
    with ops_process() as process:
        state = _look(process)
        if json:
            process.output.document(
                {"place": state.place, "found": state.found, "known": state.known, "standing": standing(state)}
            )
        else:
            process.output.say(f"{state.place}: schema {state.found}, this giftbot writes {state.known}.")
            if state.is_newer:
                process.output.say("A newer giftbot wrote it: update this one.")
            elif state.is_older:
                process.output.say(
                    "To bring it up to date: ops schema upgrade. The bot does so, too, when it starts."
                )


@app.command("upgrade")
def upgrade(dry_run: DryRun = False) -> None:
    """Bring the data to this giftbot's schema, and create the indexes that are missing. Stop the bot first."""
    with ops_process() as process:
        state = _look(process)
        process.output.say(f"{state.place}: schema {state.found}, this giftbot writes {state.known}.")
        if state.is_newer:
            raise StoreError("A newer giftbot wrote this data: update giftbot. Nothing was changed.")
        if dry_run:
            what = f"Would be upgraded to {state.known}." if state.is_older else "There is nothing to upgrade."
            process.output.say(f"{what} Nothing was changed (dry run).")
            return
        if state.is_older:
            _require_no_bot(process)
        process.run(_open, upgrades=True)
        process.output.say(f"Upgraded to {state.known}." if state.is_older else "There was nothing to upgrade.")


def standing(state: SchemaState) -> str:
    """How the data's schema compares with this giftbot's, in a word."""
    return "newer" if state.is_newer else "older" if state.is_older else "same"


def _look(process: Process) -> SchemaState:
    import asyncio  # noqa: PLC0415

    from giftbot.storage import look_at_schema  # noqa: PLC0415

    require_data(process.settings)
    return asyncio.run(look_at_schema(process.settings))


def _require_no_bot(process: Process) -> None:
    from ops.copying import bot_of  # noqa: PLC0415

    pid = bot_of(process.settings)
    if pid is not None:
        raise DataDirectoryError(f"The bot (process {pid}) works on this directory: stop it first.")


async def _open(services: Services) -> None:
    """Opening the store upgrades it, here as when the bot starts; that it answers shows that it worked."""
    await services.store.ping()

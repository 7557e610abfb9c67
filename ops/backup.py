"""`ops backup`: copies of invites and staff credit now, which there are, and whether they are whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from ops.options import DryRun, Json
from ops.process import Process, ops_process, require_data

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.models.copy_status import CopyStatus
    from ops.copying import Found

app = typer.Typer(
    help="Copies of invites and staff credit: write them now, list them, check them.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)


@app.command("now")
def now(dry_run: DryRun = False, json: Json = False) -> None:
    """Copy everything to every place. A running bot writes its own file; then this one goes to the others."""
    with ops_process() as process:
        from ops import copying  # noqa: PLC0415

        if dry_run:
            _preview(process, json=json)
            return
        beside = copying.bot_of(process.settings) is not None
        statuses = process.run(lambda services: _write(services, beside=beside))
        if json:
            process.output.document({"layers": [copying.of_status(one) for one in statuses]})
        else:
            process.output.table(copying.STATUS_HEADINGS, [copying.status_row(one) for one in statuses])
        if beside:
            process.output.complain("A bot works on this directory: its local file is left to it.")
        if any(one.held or one.failed or one.is_waiting for one in statuses):
            raise typer.Exit(1)


@app.command("list")
def list_(json: Json = False) -> None:
    """Show the copy in each place: its series, number, age and size."""
    _show(json=json, entries=False)


@app.command("verify")
def verify(json: Json = False) -> None:
    """Read every copy to its last entry. The exit code is 1 when one cannot be used, or an entry of it."""
    _show(json=json, entries=True)


def _preview(process: Process, *, json: bool) -> None:
    """Which places would be written to, and what is there now."""
    import asyncio  # noqa: PLC0415

    from ops import copying  # noqa: PLC0415

    require_data(process.settings)
    found = asyncio.run(copying.look(process.settings))
    if copying.bot_of(process.settings) is not None:
        found = [one for one in found if one.label != copying.LOCAL]
    if json:
        copies = [copying.of_found(one, entries=False) for one in found]
        process.output.document({"would_be_replaced": copies, "dry_run": True})
        return
    process.output.say("Would be replaced, where it can be read:")
    process.output.table(copying.FOUND_HEADINGS, [copying.found_row(one) for one in found])
    process.output.say("Nothing was changed (dry run).")


async def _write(services: Services, *, beside: bool) -> tuple[CopyStatus, ...]:
    from giftbot.layers import open_copies  # noqa: PLC0415

    async with open_copies(services.settings, services.store, services.clock, writes_file=not beside) as copies:
        await copies.restore(ledgers=not beside)
        return await copies.back_up()


def _show(*, json: bool, entries: bool) -> None:
    with ops_process() as process:
        import asyncio  # noqa: PLC0415

        from ops import copying  # noqa: PLC0415

        found = asyncio.run(copying.look(process.settings))
        if json:
            process.output.document({"copies": [copying.of_found(one, entries=entries) for one in found]})
        else:
            process.output.table(copying.FOUND_HEADINGS, [copying.found_row(one) for one in found])
            for one in found if entries else ():
                for why in one.refused_entries:
                    process.output.complain(f"{one.label}: {why}")
        if entries and any(_is_wrong(one) for one in found):
            raise typer.Exit(1)


def _is_wrong(found: Found) -> bool:
    return bool(found.why or found.refused_entries)

"""`ops players`: tables of a server's players, in and out, as `/player import` and `/player export` do it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.errors import InvalidInputError
from giftbot.models.ids import GuildId
from giftbot.models.roster import MOST_BYTES, ImportReport, LineResult
from ops.options import DryRun, Json, OneGuild
from ops.process import Process, inspecting, ops_process, require_known

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.models.player import Player

app = typer.Typer(
    help="Import and export a server's players.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)

Table = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="CSV with player id, kingdom and nickname; - is standard input."),
]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write to this file instead of standard output.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]

_STDIN = "-"


@app.command("import")
def import_(table: Table, guild: OneGuild, dry_run: DryRun = False, json: Json = False) -> None:
    """Register the players of a table, unproved: the first redemption shows whether id and kingdom are right.

    The exit code is 1 when a line cannot be used; the other lines are.
    """
    with ops_process() as process:
        from giftbot.services.roster_lines import decode_csv  # noqa: PLC0415
        from ops import redeeming_forms as forms  # noqa: PLC0415

        words = decode_csv(_read(table))
        report = _import(process, GuildId(guild), words, dry_run=dry_run)
        if json:
            process.output.document(forms.of_import(report, dry_run=dry_run))
        else:
            process.output.say(_summary(report, dry_run=dry_run))
            remarkable = [line for line in report.lines if line.is_left_out]
            if remarkable:
                process.output.table(forms.LINE_HEADINGS, [forms.line_row(line) for line in remarkable])
        if report.counts[LineResult.BAD]:
            raise typer.Exit(1)


@app.command("export")
def export(guild: OneGuild, out: Out = None, force: Force = False, json: Json = False) -> None:
    """Print the players of a server as CSV, which can be imported again."""
    with ops_process() as process:
        if json:
            _show(process, GuildId(guild), out)
            return
        from giftbot.text.words import counted  # noqa: PLC0415

        guild_id = GuildId(guild)

        async def work(services: Services) -> str:
            await require_known(services, guild_id)
            return await services.players.export_csv(guild_id)

        if out is not None and out.exists() and not force:
            raise InvalidInputError(f"{out} exists already. Name another file, or say --force to replace it.")
        words = process.run(work)
        if out is None:
            process.output.say(words.removesuffix("\r\n"))
        else:
            _write(out, words)
            process.output.say(f"{counted(words.count(chr(10)) - 1, 'player')} written to {out}.")


def _show(process: Process, guild_id: GuildId, out: Path | None) -> None:
    """Print the players as one JSON document."""
    from giftbot.services.inspection import EVERYBODY  # noqa: PLC0415
    from ops import redeeming_forms as forms  # noqa: PLC0415

    async def work(services: Services) -> list[Player]:
        await require_known(services, guild_id)
        return await inspecting(services).players(guild_id=guild_id, limit=EVERYBODY)

    if out is not None:
        raise InvalidInputError("--out is for CSV: leave out --json, or send the document to a file with >.")
    process.output.document({"players": [forms.of_player(player) for player in process.run(work)]})


def _import(process: Process, guild_id: GuildId, words: str, *, dry_run: bool) -> ImportReport:
    with process.output.progress("Importing") as progress:

        async def work(services: Services) -> ImportReport:
            await require_known(services, guild_id)
            return await services.players.import_csv(guild_id, words, None, dry_run=dry_run, progress=progress)

        return process.run(work)


def _summary(report: ImportReport, *, dry_run: bool) -> str:
    from giftbot.text.redemptions import nothing_now  # noqa: PLC0415
    from giftbot.text.words import counted  # noqa: PLC0415

    named = {
        LineResult.ADDED: "added",
        LineResult.UPDATED: "updated",
        LineResult.KNOWN: "known already",
        LineResult.DUPLICATE: "named twice",
        LineResult.BAD: "not usable",
    }
    parts = ", ".join(f"{report.counts[result]} {name}" for result, name in named.items() if report.counts[result])
    sentence = f"{'Would import' if dry_run else 'Imported'}: {parts}."
    if dry_run:
        return f"{sentence} Nothing was changed (dry run)."
    if report.halted is not None:
        return f"{sentence} {nothing_now(report.halted, report.codes)}"
    if report.codes:
        return f"{sentence} {counted(report.codes, 'code')} will be redeemed for them by a running bot."
    return sentence


def _read(table: Path) -> bytes:
    """The table's bytes; one more than are allowed at most. Raises `InvalidInputError`."""
    try:
        if str(table) == _STDIN:
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with table.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"{table} cannot be read: {error.strerror}.") from None


def _write(out: Path, words: str) -> None:
    """Write as a whole, readable by its owner alone. Raises `InvalidInputError`."""
    beside = out.with_name(f".{out.name}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(words)
        beside.replace(out)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InvalidInputError(f"{out} cannot be written: {error.strerror}.") from None

"""`ops migrate`: take over what earlier bots left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from giftbot.models.ids import GuildId
from ops.options import DryRun, Json, guild_id
from ops.process import Process, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.services.migration.migrating import Outcome, Report

From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="PATH|mongo",
        help="A directory or a file of an earlier bot, or the databases of MONGO_URI; may be given several times."
        " Without it: the data directory and MONGO_URI.",
    ),
]
Guild = Annotated[
    int | None,
    typer.Option("--guild", parser=guild_id, metavar="ID", help="The server of rows that name none, by its id."),
]
Again = Annotated[bool, typer.Option("--again", help="Read again what was taken over before.")]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Where skipped rows are listed, one JSON object a line."),
]
HEADINGS = ("source", "state", "found", "changed", "skipped")
SKIPS, FAILED = 2, 1
"""Exit codes: some rows were skipped; something could not be read."""


def migrate(  # noqa: PLR0917 - Typer passes options by name
    source: From = None,
    dry_run: DryRun = False,
    again: Again = False,
    report: ReportOption = None,
    guild: Guild = None,
    json: Json = False,
) -> None:
    """Take over what earlier bots left. It is read only; run it again as often as you like."""
    with ops_process() as process:
        from giftbot.takeover import ReportFile, report_path  # noqa: PLC0415

        wishes: _Wishes = {
            "named": None if guild is None else GuildId(guild),
            "dry_run": dry_run,
            "again": again,
        }
        path = report or (None if dry_run else report_path(process.settings))
        with ReportFile(path) as lines:
            outcomes = process.run(
                lambda services: _run(process, services, source or [], lines, wishes), begins=True
            )
        _show(process, outcomes, dry_run=dry_run, json=json)
        if lines.written is not None and not json:
            process.output.say(f"The skipped rows are in {lines.written}")
        if any(outcome.migration.problem for outcome in outcomes):
            raise typer.Exit(FAILED)
        if any(outcome.migration.counts.skips for outcome in outcomes):
            raise typer.Exit(SKIPS)


class _Wishes(TypedDict):
    """What `Migrating.run` is told."""

    named: GuildId | None
    dry_run: bool
    again: bool


async def _run(
    process: Process, services: Services, places: Sequence[str], lines: Report, wishes: _Wishes
) -> list[Outcome]:
    from giftbot.takeover import open_legacy  # noqa: PLC0415

    async with open_legacy(services.settings, places) as sources:
        with process.output.progress("Reading") as shown:
            return await services.migrating.run(
                sources,
                report=lines,
                progress=lambda source, done, size: shown(done, size),
                waiting=lambda: process.output.complain("Another migration is at work: waiting for its end."),
                **wishes,
            )


def _show(process: Process, outcomes: Sequence[Outcome], *, dry_run: bool, json: bool) -> None:
    if json:
        process.output.document({"dry_run": dry_run, "sources": [_document(outcome) for outcome in outcomes]})
        return
    if not outcomes:
        process.output.say("Nothing of an earlier bot was found.")
        return
    process.output.table(HEADINGS, [_row(outcome) for outcome in outcomes])
    for outcome in outcomes:
        for reason, count in sorted(outcome.migration.counts.skipped.items()):
            process.output.say(f"Skipped in {outcome.migration.name}: {count} ({reason}).")
        if outcome.migration.problem:
            process.output.complain(outcome.migration.problem)
    if dry_run:
        process.output.say("Nothing was changed (dry run).")


def _row(outcome: Outcome) -> tuple[str, ...]:
    migration = outcome.migration
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(migration.counts.found.items()))
    state = "done before" if outcome.was_done else migration.state.value
    return migration.name, state, found or "-", str(migration.counts.changed), str(migration.counts.skips)


def _document(outcome: Outcome) -> dict[str, object]:
    migration = outcome.migration
    return {
        "name": migration.name,
        "place": migration.title,
        "state": migration.state.value,
        "done_before": outcome.was_done,
        "found": dict(migration.counts.found),
        "changed": migration.counts.changed,
        "skipped": dict(migration.counts.skipped),
        "problem": migration.problem,
    }

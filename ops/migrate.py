"""`ops migrate`: take over what earlier bots left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict
from zoneinfo import ZoneInfo

import typer

from giftbot.errors import DataDirectoryError, InvalidInputError
from giftbot.models.ids import GuildId
from ops.options import DryRun, Json, guild_id
from ops.process import Process, has_data, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.services.migration.migrating import Outcome, Report
    from giftbot.settings import Settings

From = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="PATH|mongo|cloud",
        help="A directory or a file of an earlier bot, the databases of MONGO_URI, or what CLOUD_API_URL keeps; may"
        " be given several times. Without it: the data directory and MONGO_URI.",
    ),
]
Guild = Annotated[
    int | None,
    typer.Option("--guild", parser=guild_id, metavar="ID", help="The server of rows that name none, by its id."),
]
Zone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        metavar="NAME",
        help="The time zone of the machine on which the earlier bot ran, such as Europe/Berlin; this machine's"
        " without it.",
    ),
]
Again = Annotated[bool, typer.Option("--again", help="Read again what was taken over before, or given up.")]
GiveUp = Annotated[
    str | None,
    typer.Option(
        "--give-up",
        metavar="SOURCE",
        help="Go on without a source that failed, by its name: the bot no longer waits for it, and posts.",
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Where skipped rows are listed, one JSON object a line."),
]
HEADINGS = ("source", "state", "found", "changed", "skipped")
BLIND = (
    "What this bot knows in MongoDB was not looked at: rows that depend on it may come out otherwise, such as those"
    " that name no server, and staff links."
)
"""Said after a dry run with MongoDB, which has no copy of the tables to try it on."""
SKIPS, FAILED, INTERRUPTED = 2, 1, 130
"""Exit codes: some rows were skipped; something could not be read; Ctrl+C."""


def migrate(  # noqa: PLR0917 - Typer passes options by name
    source: From = None,
    dry_run: DryRun = False,
    again: Again = False,
    report: ReportOption = None,
    guild: Guild = None,
    timezone: Zone = None,
    give_up: GiveUp = None,
    json: Json = False,
) -> None:
    """Take over what earlier bots left. It is read only; run it again as often as you like.

    The exit code is 0 when all that was read now could be used, 2 when some rows could not, 1 when a source
    could not be read.
    """
    with ops_process(keeps_log=not dry_run) as process:
        if give_up is not None:
            _give_up(process, give_up, dry_run=dry_run, json=json)
            return
        zone = None if timezone is None else _zone(timezone)
        named = None if guild is None else GuildId(guild)
        wishes: _Wishes = {"named": named, "dry_run": dry_run, "again": again}
        outcomes = _outcomes(process, source or [], report, zone, wishes, json=json)
        if any(outcome.migration.is_failed for outcome in outcomes):
            raise typer.Exit(FAILED)
        if any(outcome.migration.counts.unusable for outcome in outcomes if not outcome.was_done):
            raise typer.Exit(SKIPS)


class _Wishes(TypedDict):
    """What `Migrating.run` is told."""

    named: GuildId | None
    dry_run: bool
    again: bool


def _outcomes(
    process: Process,
    places: Sequence[str],
    report: Path | None,
    zone: ZoneInfo | None,
    wishes: _Wishes,
    *,
    json: bool,
) -> list[Outcome]:
    """Read everything, and say what came of it."""
    from giftbot.takeover import ReportFile, report_path  # noqa: PLC0415

    real, dry_run = process.settings, wishes["dry_run"]
    path = report or (None if dry_run else report_path(real))

    async def run(services: Services) -> list[Outcome]:
        return await _run(services, process, real, places, lines, zone, wishes)

    with ReportFile(path) as lines, _tables(real, dry_run=dry_run) as process.settings:
        try:
            outcomes = process.run(run, begins=True, upgrades=dry_run)
        except KeyboardInterrupt:
            process.output.complain(_interrupted(dry_run=dry_run))
            raise typer.Exit(INTERRUPTED) from None
    _show(process, outcomes, dry_run=dry_run, json=json)
    if dry_run and real.mongo_uri and not json:
        process.output.say(BLIND)
    if lines.written is not None and not json:
        process.output.say(f"The skipped rows are in {lines.written}")
    return outcomes


@contextmanager
def _tables(settings: Settings, *, dry_run: bool) -> Iterator[Settings]:
    """Settings that lead to where rows are written.

    For a dry run that is a place of its own with a copy of the SQLite file, which is removed.
    """
    import asyncio  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    import attrs  # noqa: PLC0415

    from giftbot.storage import copy_tables  # noqa: PLC0415

    if not dry_run:
        _make_directory(settings.giftbot_data_dir.absolute())
        yield settings
        return
    with tempfile.TemporaryDirectory(prefix="giftbot-dry-run-") as place:
        if has_data(settings):
            asyncio.run(copy_tables(settings, Path(place)))
        none = type(settings.mongo_uri)("")
        yield attrs.evolve(settings, giftbot_data_dir=Path(place), mongo_uri=none)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirectoryError(
            f"The data directory {path} cannot be made ({error.strerror}): set GIFTBOT_DATA_DIR to another one."
        ) from None


async def _run(  # noqa: PLR0917 - what the command was told
    services: Services,
    process: Process,
    settings: Settings,
    places: Sequence[str],
    lines: Report,
    zone: ZoneInfo | None,
    wishes: _Wishes,
) -> list[Outcome]:
    from giftbot.takeover import open_legacy  # noqa: PLC0415
    from ops.reading import progress_of_reading  # noqa: PLC0415

    async with open_legacy(settings, places, zone=zone) as sources:
        with progress_of_reading() as shown:
            return await services.migrating.run(
                sources,
                report=lines,
                progress=lambda source, done, size, rows: shown(source.name, done, size, rows),
                waiting=lambda: process.output.complain("Another migration is at work: waiting for its end."),
                **wishes,
            )


def _interrupted(*, dry_run: bool) -> str:
    if dry_run:
        return "Interrupted. Nothing was changed (dry run)."
    return "Interrupted. What was taken over so far stays; run it again, and it goes on."


def _zone(name: str) -> ZoneInfo:
    """Raises `InvalidInputError` for a zone that nobody knows."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # also for names that are paths, or directories of zones
        raise InvalidInputError(
            f"“{name}” is no time zone: give its name, such as Europe/Berlin or America/New_York."
        ) from None


def _give_up(process: Process, name: str, *, dry_run: bool, json: bool) -> None:
    if not has_data(process.settings):
        raise InvalidInputError(f"No source “{name}” has failed. Nothing was taken over here yet.")
    given_up = process.run(lambda services: services.migrating.give_up(name, dry_run=dry_run))
    if json:
        process.output.document({"dry_run": dry_run, "given_up": given_up.name})
        return
    process.output.say(f"{'Would go' if dry_run else 'Goes'} on without {given_up.title}.")
    if not dry_run:
        process.output.say(
            "A running bot posts within five minutes, also what was posted already if only that source knew it."
            " To read it after all: ops migrate --again"
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
        if outcome.migration.is_failed and outcome.migration.problem:
            process.output.complain(outcome.migration.problem)
    if dry_run:
        process.output.say("Nothing was changed (dry run).")


def _row(outcome: Outcome) -> tuple[str, ...]:
    migration = outcome.migration
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(migration.counts.found.items()))
    return migration.name, _state(outcome), found or "-", str(migration.counts.changed), str(migration.counts.skips)


def _state(outcome: Outcome) -> str:
    if outcome.was_done and outcome.migration.state.value == "done":
        return "done before"
    return outcome.migration.state.value


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

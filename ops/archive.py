"""`ops export` and `ops import`: the whole bot as one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.errors import DataDirectoryError, InvalidInputError
from ops.options import DryRun, Json
from ops.process import Process, has_data, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.archive import ArchiveReader, ArchiveWriter
    from giftbot.models.archive import Manifest
    from giftbot.services.archive.importing import Imported
    from giftbot.settings import Settings

NewFile = Annotated[Path, typer.Argument(metavar="FILE", help="The archive; it must not be there yet.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `ops export` made.")]
Merge = Annotated[
    bool, typer.Option("--merge", help="Also into a store that has data: add what is absent, change nothing else.")
]
SKIPS = 2
"""Exit code: some rows could not be read."""
_SHOWN = 20
"""Ids of rows that cannot be read that are shown."""


def export(path: NewFile, json: Json = False) -> None:
    """Write everything that the bot knows to one file, to move it to another machine or store."""
    with ops_process() as process:
        from giftbot.archive import writing_archive  # noqa: PLC0415
        from ops.copying import bot_of  # noqa: PLC0415

        process.run(_refuse_journal)
        if bot_of(process.settings) is not None:
            process.output.complain("A bot is running: to move it, stop it first, and export again.")
        with writing_archive(path) as writer:
            manifest, left_out = process.run(lambda services: _export(process, services, writer))
        if json:
            process.output.document({"file": str(path), **_of_manifest(manifest)})
        else:
            process.output.table(
                ("table", "rows"), [(one.table, str(one.rows)) for one in manifest.members if one.rows]
            )
            process.output.say(f"{manifest.rows} rows are in {path}. Keep it to yourself: it names people.")
        for table, row_id in left_out[:_SHOWN]:
            process.output.complain(f"Not in the archive, because it cannot be read: {row_id} of {table}.")
        if left_out:
            process.output.complain(f"{len(left_out)} rows could not be read.")
            raise typer.Exit(SKIPS)


async def _refuse_journal(services: Services) -> None:
    """Refuse while posts are known to the journal alone: elsewhere they would be sent again."""
    from giftbot.app import journal_of  # noqa: PLC0415

    marks = await journal_of(services.settings).read()
    if marks:
        raise InvalidInputError(
            f"The journal holds {len(marks)} marks that the store does not have yet: ops replay brings them there."
        )


async def _export(
    process: Process, services: Services, writer: ArchiveWriter
) -> tuple[Manifest, list[tuple[str, str]]]:
    from giftbot.services.archive.exporting import Exporting  # noqa: PLC0415

    exporting = Exporting(store=services.store, clock=services.clock)
    with process.output.progress("Writing") as shown:
        manifest = await exporting.run(writer, progress=shown)
    return manifest, exporting.left_out


def import_(path: File, merge: Merge = False, dry_run: DryRun = False, json: Json = False) -> None:
    """Take an archive in. All of it is checked first; what is in the store is never overwritten."""
    with ops_process() as process:
        from giftbot.archive import reading_archive  # noqa: PLC0415

        with reading_archive(path) as reader, _alone(process.settings, dry_run=dry_run) as process.settings:
            imported = process.run(
                lambda services: _import(process, services, reader, merge=merge, dry_run=dry_run), begins=True
            )
        if json:
            process.output.document(_of_imported(imported, dry_run=dry_run))
        else:
            _show(process, imported, dry_run=dry_run)


@contextmanager
def _alone(settings: Settings, *, dry_run: bool) -> Iterator[Settings]:
    """Settings that lead to a store on which no bot works here; for a dry run without one, a place aside.

    Raises `DataDirectoryError`.
    """
    import tempfile  # noqa: PLC0415

    import attrs  # noqa: PLC0415

    from giftbot.app import held_alone  # noqa: PLC0415
    from ops.copying import bot_of  # noqa: PLC0415

    with ExitStack() as stack:
        if dry_run:
            if not has_data(settings):
                place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                settings = attrs.evolve(settings, giftbot_data_dir=place)
        else:
            pid = bot_of(settings)
            if pid is not None:
                raise DataDirectoryError(
                    f"The bot (process {pid}) works on this directory: stop it first, or look with --dry-run."
                )
            stack.enter_context(held_alone(settings))
        yield settings


async def _import(
    process: Process, services: Services, reader: ArchiveReader, *, merge: bool, dry_run: bool
) -> Imported:
    from giftbot.app import new_owner  # noqa: PLC0415
    from giftbot.services.archive.importing import Importing  # noqa: PLC0415

    importing = Importing(store=services.store, clock=services.clock, owner=new_owner())
    with process.output.progress("Checking") as checking, process.output.progress("Writing") as shown:
        return await importing.run(reader, merge=merge, dry_run=dry_run, checking=checking, progress=shown)


def _show(process: Process, imported: Imported, *, dry_run: bool) -> None:
    manifest = imported.manifest
    if imported.was_done:
        process.output.say("This archive was taken in before. Nothing was changed.")
        return
    rows = [
        (one.table, str(one.rows), str(one.written), str(one.rows - one.written))
        for one in imported.tables
        if one.rows
    ]
    process.output.table(("table", "rows", "new", "left alone"), rows)
    what = f"the archive of {manifest.taken_at:%Y-%m-%dT%H:%M:%SZ} (giftbot {manifest.giftbot}, {manifest.store})"
    if dry_run:
        process.output.say(f"It is whole: {what}. Nothing was changed (dry run).")
    else:
        process.output.say(f"Took in {what}.")


def _of_manifest(manifest: Manifest) -> dict[str, object]:
    from ops.forms import moment  # noqa: PLC0415

    return {
        "giftbot": manifest.giftbot,
        "store": manifest.store,
        "taken_at": moment(manifest.taken_at),
        "rows": manifest.rows,
        "left_out": sum(one.left_out for one in manifest.members),
        "tables": {one.table: one.rows for one in manifest.members},
    }


def _of_imported(imported: Imported, *, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "done_before": imported.was_done,
        **_of_manifest(imported.manifest),
        "written": {one.table: one.written for one in imported.tables},
    }

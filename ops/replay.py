"""`ops replay`: what the journal keeps, brought into the store while no bot runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giftbot.errors import DataDirectoryError
from ops.options import DryRun, Json
from ops.process import Process, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services


def replay(dry_run: DryRun = False, json: Json = False) -> None:
    """Bring what the journal keeps into the store. A running bot does so by itself: this is for a stopped one.

    Nothing that was noted later is undone, and doing it twice changes nothing.
    """
    with ops_process() as process:
        from ops.copying import bot_of  # noqa: PLC0415

        pid = bot_of(process.settings)
        if pid is not None and not dry_run:
            raise DataDirectoryError(
                f"The bot (process {pid}) works on this directory, and replays its journal itself: stop it"
                " first, or look with --dry-run."
            )
        marks = _waiting(process)
        changed = _replay(process) if marks and not dry_run else 0
        if json:
            process.output.document({"marks": marks, "changed": changed, "dry_run": dry_run})
            return
        process.output.say(_summary(marks, changed, dry_run=dry_run))
        if dry_run:
            process.output.say("Nothing was changed (dry run).")


def _waiting(process: Process) -> int:
    import asyncio  # noqa: PLC0415

    from giftbot.app import journal_of  # noqa: PLC0415

    try:
        return len(asyncio.run(journal_of(process.settings).read()))
    except OSError as error:
        raise DataDirectoryError(f"The journal cannot be read: {error.strerror}.") from None


def _replay(process: Process) -> int:
    from giftbot.app import held_alone  # noqa: PLC0415

    async def work(services: Services) -> int:
        return await services.marks.replay()

    with held_alone(process.settings):
        return process.run(work)


def _summary(marks: int, changed: int, *, dry_run: bool) -> str:
    from giftbot.text.words import counted  # noqa: PLC0415

    if not marks:
        return "The journal is empty."
    if dry_run:
        return f"Would bring {counted(marks, 'mark')} into the store."
    return f"Brought {counted(marks, 'mark')} into the store: {counted(changed, 'post')} changed."

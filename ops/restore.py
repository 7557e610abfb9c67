"""`ops restore`: take a copy of invites and staff credit into the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from giftbot.errors import CopyError, DataDirectoryError, InvalidInputError
from ops.options import DryRun
from ops.process import has_data, ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.services.invites.merging import Taken
    from giftbot.services.invites.ports import Copy
    from giftbot.settings import Settings

From = Annotated[
    str | None,
    typer.Option("--from", metavar="local|cloud|objects|FILE", help="Which copy; the newest there is without it."),
]


def restore(source: From = None, dry_run: DryRun = False) -> None:
    """Take a copy into the tables: what is absent is added, what is newer replaces what is older."""
    with ops_process() as process:
        import asyncio  # noqa: PLC0415

        from giftbot.services.invites.merging import describe  # noqa: PLC0415
        from ops.copying import bot_of  # noqa: PLC0415
        from ops.forms import shown  # noqa: PLC0415

        pid = bot_of(process.settings)
        if pid is not None and not dry_run:
            raise DataDirectoryError(
                f"The bot (process {pid}) works on this directory: stop it first, or look with --dry-run."
            )
        copy, label = asyncio.run(_chosen(process.settings, source))
        with _tables(process.settings, dry_run=dry_run) as process.settings:
            taken = process.run(lambda services: _restore(services, copy, dry_run=dry_run), begins=True)
        process.output.say(f"The copy {label}, number {copy.sequence} of {shown(copy.taken_at)}:")
        process.output.say(f"{'Would write' if dry_run else 'Wrote'} {describe(taken.written)}.")
        for why in taken.refused:
            process.output.complain(f"Not used: {why}.")
        if dry_run:
            process.output.say("Nothing was changed (dry run).")


@contextmanager
def _tables(settings: Settings, *, dry_run: bool) -> Iterator[Settings]:
    """Settings that lead to tables, or to where they can be made; for a dry run in a place of their own.

    No bot can start on the directory meanwhile. Raises `DataDirectoryError`, `StoreError`.
    """
    import tempfile  # noqa: PLC0415

    import attrs  # noqa: PLC0415

    from giftbot.app import held_alone  # noqa: PLC0415

    is_there = has_data(settings)
    with ExitStack() as stack:
        if not dry_run and not settings.mongo_uri:
            stack.enter_context(held_alone(settings))
        if dry_run and not is_there:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings = attrs.evolve(settings, giftbot_data_dir=place)
        yield settings


async def _restore(services: Services, copy: Copy, *, dry_run: bool) -> Taken:
    from giftbot.layers import merging_into  # noqa: PLC0415
    from giftbot.services.invites.series import Series  # noqa: PLC0415

    taken = await merging_into(services.store).take_in(copy, dry_run=dry_run)
    if not dry_run:
        series = Series()
        await series.load(services.store)
        series.continue_from(copy)
        await series.save(services.store)
    return taken


async def _chosen(settings: Settings, source: str | None) -> tuple[Copy, str]:
    """The copy that is meant, and its name. Raises `CopyError` when it cannot be used."""
    from giftbot.layers import open_places, read_file  # noqa: PLC0415
    from giftbot.services.invites.merging import newest  # noqa: PLC0415
    from giftbot.services.invites.restoring import look_at  # noqa: PLC0415

    async with open_places(settings, looks_only=True) as places:
        labels = {place.label: place for place in places.every}
        if source is not None and source not in labels:
            if source in {"cloud", "objects"}:
                raise InvalidInputError(f"No such place is set: {source}. See CLOUD_API_URL and CLOUD_OBJECT_URL.")
            return await read_file(Path(source)), source
        looks = {label: await look_at(place) for label, place in labels.items() if source in {None, label}}
    copies = {label: look.copy for label, look in looks.items() if look.copy is not None}
    if not copies:
        whys = [f"{label}: {look.refused or look.failed or 'There is none.'}" for label, look in looks.items()]
        raise CopyError(f"There is no copy that can be used. {' '.join(whys)}")
    best = newest(copies.values())[0]
    return best, next(label for label, copy in copies.items() if copy is best)

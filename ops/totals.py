"""`ops rebuild-totals`: counts of used invites, made anew from the joins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from giftbot.text.words import counted
from ops.options import DryRun, Json
from ops.process import ops_process

if TYPE_CHECKING:  # imported where they are used: `ops --help` must not wait for them
    from giftbot.app import Services
    from giftbot.services.invites.totals import Difference


def rebuild_totals(dry_run: DryRun = False, json: Json = False) -> None:
    """Compare what each invite counts with the joins it brought, and correct it. Also beside a running bot."""
    with ops_process() as process:
        looked_at, found = process.run(lambda services: _rebuild(services, dry_run=dry_run))
        if json:
            process.output.document({"servers": looked_at, "different": [_of(one) for one in found]})
            return
        rows = [
            (str(one.guild_id), code, str(before), str(after))
            for one in found
            for code, (before, after) in one.codes.items()
        ]
        if rows:
            process.output.table(("server", "invite", "was", "is"), rows)
        process.output.say(f"{counted(looked_at, 'server')}, {len(found)} with other totals.")
        if found and not dry_run:
            late = sum(not one.is_written for one in found)
            again = f" {late} changed meanwhile: do it again." if late else ""
            process.output.say(f"{len(found) - late} corrected.{again}")
        if dry_run:
            process.output.say("Nothing was changed (dry run).")


async def _rebuild(services: Services, *, dry_run: bool) -> tuple[int, list[Difference]]:
    from giftbot.services.invites.totals import Totals  # noqa: PLC0415

    return await Totals(services.store, services.clock).rebuild(dry_run=dry_run)


def _of(one: Difference) -> dict[str, object]:
    return {
        "guild_id": str(one.guild_id),
        "is_written": one.is_written,
        "codes": {code: {"was": before, "is": after} for code, (before, after) in one.codes.items()},
    }

"""A check: whether something that earlier bots left is still to be taken over."""

from __future__ import annotations

from giftbot.app import Services
from giftbot.models.check import Check, failed, ok, warning
from giftbot.models.migration import Migration
from giftbot.services.migration.ports import LegacySource
from giftbot.takeover import open_legacy

NAME = "earlier bots"
_READ = "A running bot does it by itself within minutes; or: ops migrate."
_GIVE_UP = "Repair it, or go on without it: ops migrate --give-up"


async def check_legacy(services: Services) -> list[Check]:
    """One line for each source that is left, where the bot itself would look; one when there is none."""
    async with open_legacy(services.settings) as sources:
        waiting = await services.migrating.list_waiting(sources)
    records = {one.name: one for one in await services.store.list_migrations()}
    if not waiting:
        done = len([one for one in sources if one not in waiting])
        return [ok(NAME, f"{done} sources found, all taken over" if done else "nothing of theirs is here")]
    return [_check(source, records.get(source.name)) for source in waiting]


def _check(source: LegacySource, record: Migration | None) -> Check:
    if record is None or not record.is_failed or record.problem is None:
        return warning(NAME, f"{source.title} is not taken over yet", _READ)
    if source.has_posts:
        held = f"{record.problem.rstrip('.')}; nothing is posted until then"
        return failed(NAME, held, f"{_GIVE_UP} {source.name}")
    return warning(NAME, record.problem.rstrip("."), f"{_GIVE_UP} {source.name}")

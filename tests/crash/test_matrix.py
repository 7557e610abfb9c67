"""The bot is killed before and after every await between a new code and its mark, and started again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.conftest import Places
from tests.crash.orders import Point, around
from tests.crash.places import Place
from tests.crash.runs import FULL, Delay, Run, Scenario, each, matrix
from tests.crash.scenarios import BACKFILL, JOINED, REPEATED, RESET, SPREAD
from tests.mongod import Mongod

FINDING = around("store.insert_codes", "store.scan_guilds", "store.enqueue", "store.replace_code")
CLAIMING = (
    *around("journal.read", "store.claim_due", "store.get_guilds", "store.get_codes"),
    *around("store.get_guilds", nth=2),
)
SENDING = around("store.prepare", "announcer.send", "store.finish")
LATER_SENDS = (*around("announcer.send", nth=3), *around("store.finish", nth=2))
JOINING = around("store.join", "store.prepare", "announcer.send", "store.finish")
SENDING_AGAIN = (*around("store.prepare", "announcer.send", nth=2), *around("store.finish"))
FILLING = around("store.list_backfills", "store.list_codes", "store.enqueue")
FILLED = around("store.finish_backfill")
RESETTING = (
    (*around("store.clear_guild_codes"), *FILLING, *FILLED)
    if FULL
    else around("store.clear_guild_codes", "store.enqueue", "store.finish_backfill")
)


def _runs(scenario: Scenario, once: tuple[Point, ...], always: tuple[Point, ...]) -> list[Run]:
    """Runs that end at each point: where nothing was prepared yet, the delay makes no difference."""
    early = each(once, *(tuple(Delay) if FULL else (Delay.INSIDE,)))
    return [Run(scenario, (life,)) for life in (*early, *each(always))]


@pytest.mark.parametrize(
    ("scenario", "once", "always"),
    [
        pytest.param(SPREAD, (*FINDING, *CLAIMING), (*SENDING, *LATER_SENDS), id="spread"),
        pytest.param(JOINED, around("store.claim_due"), JOINING, id="joined"),
        pytest.param(REPEATED, (), SENDING_AGAIN, id="repeated"),
        pytest.param(BACKFILL, (*FILLING, *FILLED), (), id="backfill"),
        pytest.param(RESET, RESETTING, SENDING, id="reset"),
    ],
)
async def test_a_killed_bot_neither_repeats_nor_forgets(
    scenario: Scenario,
    once: tuple[Point, ...],
    always: tuple[Point, ...],
    places: Places,
    tmp_path: Path,
) -> None:
    """Whatever the await at which it dies, after the next start each code stands once in each server."""
    problems = await matrix(_runs(scenario, once, always), places, tmp_path)
    assert not problems, "\n".join(problems)


ROUND_TRIPS = {
    "enqueue, claim, prepare, mark": (
        SPREAD,
        around(
            "gift_codes.insert_many",
            "sent_giftcodes.insert_many",
            "sent_giftcodes.update_many",
            "sent_giftcodes.bulk_write",
        ),
        around("sent_giftcodes.bulk_write", nth=2),
    ),
    "join, prepare, mark the joined rows, mark the anchor": (
        JOINED,
        around("sent_giftcodes.update_many", nth=2),
        (*around("sent_giftcodes.bulk_write", nth=2), *around("sent_giftcodes.bulk_write", nth=3)),
    ),
}
"""What one method of the store on MongoDB does in several writes."""


def _on(mongod: Mongod) -> Places:
    return lambda path: Place(path, mongod.uri)


@pytest.mark.parametrize("name", ROUND_TRIPS)
async def test_a_bot_killed_inside_of_a_mongodb_operation_neither_repeats_nor_forgets(
    name: str, replica_set: Mongod, tmp_path: Path
) -> None:
    """Between two writes of one method: the rows that were written, and those that were not, end as one message."""
    problems = await matrix(_runs(*ROUND_TRIPS[name]), _on(replica_set), tmp_path)
    assert not problems, "\n".join(problems)


async def test_a_standalone_mongodb_is_as_good(standalone: Mongod, tmp_path: Path) -> None:
    """Without a replica set the driver repeats no write; claims, joins and marks are safe all the same."""
    always = around("announcer.send", "store.finish") if not FULL else JOINING
    problems = await matrix(_runs(JOINED, around("store.join"), always), _on(standalone), tmp_path)
    assert not problems, "\n".join(problems)

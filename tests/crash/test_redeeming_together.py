"""Several triggers at once, in servers that share their players: one job each, nobody is asked twice."""

from __future__ import annotations

from pathlib import Path

from tests.crash.chains import Chain, survived
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Outage, Point, around
from tests.crash.runs import FULL

SHARED = Chain("three servers", servers=3, codes=2, errands=("run", "register", "press"))
"""New codes are found while admins run them, players register, and somebody presses the button for everybody."""
KILLED = Chain(
    "three servers, killed",
    (
        *around("store.open_redemptions"),
        Point("game.redeem", Moment.AFTER, nth=4),
        Point("store.record", Moment.AFTER, nth=3),
        Point("store.release_player", Moment.AFTER, nth=3),
    ),
    servers=3,
    codes=2,
    errands=("run", "press"),
)


async def test_overlapping_triggers_in_servers_that_share_players(places: Places, tmp_path: Path) -> None:
    """Automatic, by hand, by registration and by the button, killed or not: as if there had been one of them."""
    problems = await survived([SHARED, KILLED], places, tmp_path)
    assert not problems, "\n".join(problems)


CUT_OFF = (
    "list_players",
    "granted_players",
    "open_redemptions",
    "save_job",
    "due_redemptions",
    "get_players",
    "count_outcomes",
    "take_slot",
    "hold_player",
    "record",
    "next_attempt",
    "set_job_message",
)


async def test_a_store_that_fails_once_anywhere_costs_only_time(places: Places, tmp_path: Path) -> None:
    """Each operation fails once, with nothing done or with its answer lost, and the bot lives on."""
    chains = [
        Chain("cut off", outages=(Outage(f"store.{name}", moment, times=1),))
        for name in CUT_OFF
        for moment in Moment
        if FULL or moment is Moment.AFTER or name in {"granted_players", "record", "save_job"}
    ]
    problems = await survived(chains, places, tmp_path)
    assert not problems, "\n".join(problems)

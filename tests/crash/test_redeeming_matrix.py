"""The bot is killed before and after every await between a new code and the end of its job, and started again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.chains import ANSWER, Chain, survived
from tests.crash.conftest import Places
from tests.crash.orders import around
from tests.crash.places import Place
from tests.crash.runs import FULL
from tests.mongod import Mongod

OPENING = Chain("opening jobs", around("store.insert_codes", "store.open_jobs", "store.replace_code"))
ENROLLING = Chain(
    "enrolling",
    around(
        "store.claim_jobs",
        "store.list_players",
        "store.granted_players",
        "store.open_redemptions",
        "store.save_job",
    ),
)
ASKING = Chain(
    "before anybody was asked",
    around(
        "store.count_outcomes",
        "store.due_redemptions",
        "store.get_players",
        "store.take_slot",
        "store.hold_player",
    ),
)
ASKED = Chain(
    "asking",
    (
        *around("store.granted_players", nth=2)[:1],
        *around("store.granted_players")[1:],
        *around("game.redeem")[:1],
        *around(ANSWER),
        *around("game.redeem")[1:],
    ),
)
RECORDING = Chain("recording", around("store.save_player", "store.record", "store.release_player"), players=12)
ENDING = Chain("ending", around("store.next_attempt", "store.save_job"))
SHOWING = Chain("showing", around("board.post", "store.set_job_message", "board.edit"), players=10, rate=300)
CHAINS = (OPENING, ENROLLING, ASKING, ASKED, RECORDING, ENDING, SHOWING)


async def test_a_killed_bot_redeems_every_code_for_everybody(places: Places, tmp_path: Path) -> None:
    """Wherever it dies: everybody has the code, by one grant, and nobody is asked for what is stored."""
    chains = [one for chain in CHAINS for one in chain.single()] if FULL else list(CHAINS)
    problems = await survived(chains, places, tmp_path)
    assert not problems, "\n".join(problems)


ROUND_TRIPS = Chain(
    "inside of MongoDB's operations",
    (
        *around("redemption_jobs.insert_many", "redemption_jobs.update_many", "auto_redeemed_codes.insert_many"),
        *around("leases.update_one", "leases.find_one_and_update", "auto_redeemed_codes.bulk_write"),
        *around("redemption_jobs.update_one"),
    ),
    players=12,
)
"""What one method of the store on MongoDB does in several writes, and what its transport repeats."""


def _on(mongod: Mongod) -> Places:
    return lambda path: Place(path, mongod.uri)


@pytest.mark.parametrize("server", ["replica_set", "standalone"] if FULL else ["standalone"])
async def test_a_bot_killed_inside_of_a_mongodb_operation_redeems_all_the_same(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Between two writes of one method, and where no replica set repeats what was lost."""
    mongod: Mongod = request.getfixturevalue(server)
    chains = ROUND_TRIPS.single() if FULL else [ROUND_TRIPS]
    problems = await survived(chains, _on(mongod), tmp_path)
    assert not problems, "\n".join(problems)

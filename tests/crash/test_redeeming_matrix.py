"""The bot is killed before and after every await between a new code and the end of its job, and started again."""

from __future__ import annotations

from pathlib import Path

from tests.crash.chains import ANSWER, Chain, survived
from tests.crash.conftest import Places
from tests.crash.orders import around
from tests.crash.runs import FULL

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
ENDING = Chain("ending", around("store.next_attempt", "store.save_job")[:-1])
ENDED = Chain("ended", (*around("store.next_attempt")[:1], *around("store.save_job")[1:]), shown=False)
"""A bot that dies between the end of a job and the last edit of its message leaves that as it was."""
SHOWING = Chain("showing", around("board.post", "store.set_job_message", "board.edit"), players=10, rate=300)
CHAINS = (OPENING, ENROLLING, ASKING, ASKED, RECORDING, ENDING, ENDED, SHOWING)


async def test_a_killed_bot_redeems_every_code_for_everybody(places: Places, tmp_path: Path) -> None:
    """Wherever it dies: everybody has the code, by one grant, and nobody is asked for what is stored."""
    chains = [one for chain in CHAINS for one in chain.single()] if FULL else list(CHAINS)
    problems = await survived(chains, places, tmp_path)
    assert not problems, "\n".join(problems)

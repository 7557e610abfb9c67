"""Two bots redeem on one MongoDB: nobody is asked by both, whichever of them dies or sleeps."""

from __future__ import annotations

import asyncio
import random
import signal
from pathlib import Path

import pytest

from tests.crash.errands import NEWCOMERS
from tests.crash.orders import Moment, Point
from tests.crash.places import Place
from tests.crash.processes import Bot
from tests.crash.rosters import RATE, SCALE, Roster, open_roster
from tests.crash.runs import FULL
from tests.crash.test_two_processes import NAMES, SEED
from tests.mongod import Mongod

RUNS = 12 if FULL else 2
SLEEP = 4 * 60 * SCALE
"""Seconds: four leases of a job."""
HOLD_SCALE = 1 / 6
"""Players are held for ten seconds: longer than `SLEEP`."""
BEYOND = 12.0
"""Seconds: longer than players are held."""


async def _both(roster: Roster, *errands: str, mutant: str | None = None) -> list[Bot]:
    """Start both, and return when they run."""
    case, declared = roster.case, roster.case.declared
    bots = [case.start(directory=name, errands=errands, mutant=mutant, hold_scale=SCALE) for name in NAMES]
    await asyncio.gather(*(case.ready(bot, declared + 1) for bot in bots))
    return bots


async def _end(roster: Roster, *bots: Bot, sound: bool) -> None:
    """Wait until everything is done, stop the bots in order, and count."""
    done = await roster.done()
    codes = [await bot.stopped() for bot in bots]
    assert await roster.problems(sound=sound) == []
    assert done
    assert codes == [0 for _ in bots]


def _add_code(roster: Roster) -> None:
    """Let the source list one more code."""
    roster.case.codes += (f"MORE{len(roster.case.codes):02}",)
    roster.case.publish()


async def test_two_processes_share_the_players(replica_set: Mongod, tmp_path: Path) -> None:
    """Both find the codes, both are told to run them, in both the same players register: everybody once."""
    async with open_roster(Place(tmp_path, replica_set.uri), servers=3, codes=2) as roster:
        roster.case.sandbox.game.latency = 0.03
        roster.players.extend(NEWCOMERS)
        bots = await _both(roster, "run", "register", "press")
        assert await roster.done()
        _add_code(roster)
        await _end(roster, *bots, sound=True)


async def test_two_processes_without_the_lease_of_players_are_noticed(replica_set: Mongod, tmp_path: Path) -> None:
    """The counterpart: with this guard broken, both ask for the same players at once."""
    async with open_roster(Place(tmp_path, replica_set.uri), servers=3, players=12) as roster:
        roster.case.sandbox.game.latency = 0.3
        bots = await _both(roster, "press", mutant="without player's lease")
        await roster.done()
        assert [await bot.stopped() for bot in bots] == [0, 0]
        assert any("at once" in problem for problem in await roster.problems())


@pytest.mark.parametrize("number", range(RUNS))
async def test_either_of_two_processes_may_be_killed_while_redeeming(
    number: int, replica_set: Mongod, tmp_path: Path
) -> None:
    """Codes appear while bots are killed at random moments and started again on the same data."""
    print(f"CRASH_SEED={SEED}")  # noqa: T201 - pytest shows it with the failure
    chance = random.Random(SEED + number)
    async with open_roster(Place(tmp_path, replica_set.uri), servers=3, players=12, rate=RATE / 2) as roster:
        case = roster.case
        bots = await _both(roster, "press")
        for _ in range(3):
            _add_code(roster)
            await asyncio.sleep(chance.uniform(0.0, 1.5))
            victim = chance.randrange(2)
            bots[victim].bury()
            await roster.autopsy("killed", NAMES[victim], alone=False)
            declared = case.declared
            bots[victim] = case.start(directory=NAMES[victim], hold_scale=SCALE, errands=("press",))
            await case.ready(bots[victim], declared)
        await _end(roster, *bots, sound=False)


SLEEPING = [
    Point("store.claim_jobs", Moment.AFTER, signal=signal.SIGSTOP),
    Point("store.save_job", Moment.BEFORE, signal=signal.SIGSTOP),
    Point("store.open_redemptions", Moment.BEFORE, signal=signal.SIGSTOP),
    Point("store.take_slot", Moment.AFTER, signal=signal.SIGSTOP),
    Point("game.redeem", Moment.BEFORE, nth=2, signal=signal.SIGSTOP),
    Point("store.hold_player", Moment.AFTER, nth=2, signal=signal.SIGSTOP),
    Point("store.record", Moment.BEFORE, signal=signal.SIGSTOP),
    Point("store.record", Moment.AFTER, signal=signal.SIGSTOP),
    Point("store.release_player", Moment.BEFORE, signal=signal.SIGSTOP),
    Point("store.next_attempt", Moment.AFTER, signal=signal.SIGSTOP),
]
"""Where a process falls asleep, for longer than it holds its job, and for less than it holds a player."""
LONG_SLEEPING = [
    Point("store.hold_player", Moment.BEFORE, nth=2, signal=signal.SIGSTOP),
    Point("game.redeem", Moment.AFTER, signal=signal.SIGSTOP),
    Point("store.record", Moment.BEFORE, signal=signal.SIGSTOP),
    Point("store.release_player", Moment.BEFORE, signal=signal.SIGSTOP),
]
"""Where it may sleep for longer than that, too: not between its last look at the clock and the socket."""


async def _slept(roster: Roster, point: Point, seconds: float) -> None:
    sleeper = roster.case.start(point, directory="first", hold_scale=HOLD_SCALE)
    assert await sleeper.stopped_itself(), point
    await roster.note_stored()
    other = roster.case.start(directory="second", hold_scale=HOLD_SCALE)
    await asyncio.sleep(seconds)
    await roster.note_stored()
    sleeper.send(signal.SIGCONT)
    await roster.done()
    _add_code(roster)
    await _end(roster, sleeper, other, sound=False)


@pytest.mark.parametrize(
    ("points", "seconds"),
    [
        pytest.param(SLEEPING if FULL else SLEEPING[::2], SLEEP, id="longer than a job's lease"),
        pytest.param(
            LONG_SLEEPING,
            BEYOND,
            id="longer than a player's lease",
            marks=pytest.mark.skipif(not FULL, reason="CRASH_FULL=1"),
        ),
    ],
)
async def test_a_process_that_sleeps_does_no_harm(
    points: list[Point], seconds: float, replica_set: Mongod, tmp_path: Path
) -> None:
    """The other one takes over its jobs, waits for whom it holds, and is not disturbed when it wakes."""

    async def slept(number: int, point: Point) -> None:
        async with open_roster(Place(tmp_path / str(number), replica_set.uri), servers=2, players=4) as roster:
            await _slept(roster, point, seconds)

    await asyncio.gather(*(slept(number, point) for number, point in enumerate(points)))

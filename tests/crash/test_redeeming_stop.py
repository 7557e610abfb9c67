"""Jobs that are stopped, bots that are stopped, and a database that goes away: all in the middle of a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from giftbot.models.ids import CodeKey, job_id
from giftbot.models.job import JobState
from giftbot.sandbox.pulse import PATIENCE
from tests.conftest import MongodFactory
from tests.crash.cases import LOOK
from tests.crash.conftest import Places
from tests.crash.places import Place
from tests.crash.rosters import SCALE, Roster, open_roster

SLOW = 300.0
"""Calls a minute: a job with ten players takes two seconds."""


async def _rounds(roster: Roster, count: int = 2) -> None:
    """Let the bot do everything that it does regularly so many times."""
    sources = roster.case.sandbox.sources
    await sources.wait("json", sources.hits["json"] + count)


async def test_a_stopped_job_rests_through_a_crash_until_it_is_resumed(places: Places, tmp_path: Path) -> None:
    """Stopped by another process: nobody more is asked, not by the next start either; resumed, the others are."""
    async with open_roster(places(tmp_path), players=10, rate=SLOW) as roster:
        case, game = roster.case, roster.case.sandbox.game
        job = job_id(roster.guild_ids[0], CodeKey(case.codes[0]))
        first = case.start(hold_scale=SCALE)
        await game.wait(3)
        assert await case.store.stop_job(job, "The test stopped it.", datetime.now(UTC))
        await _rounds(roster)
        asked = len(game.calls)
        assert 3 <= asked < len(roster.players)
        first.bury()
        await roster.autopsy("stopped and killed")
        second = case.start(hold_scale=SCALE)
        await _rounds(roster)
        assert len(game.calls) == asked
        assert (await roster.jobs())[0].state is JobState.STOPPED
        assert await case.store.resume_job(job, datetime.now(UTC))
        assert await roster.done()
        assert await second.stopped() == 0
        assert await roster.problems() == []
        assert len(game.calls) == len(roster.players)


async def test_a_bot_that_is_stopped_in_a_job_stores_what_it_knows_and_goes_on_later(
    places: Places, tmp_path: Path
) -> None:
    """SIGTERM in the middle: exit code 0, and what was answered is stored; the next start asks the others."""
    async with open_roster(places(tmp_path), servers=2, players=10, rate=SLOW) as roster:
        game = roster.case.sandbox.game
        first = roster.case.start(hold_scale=SCALE)
        await game.wait(4)
        assert await first.stopped() == 0
        await roster.autopsy("stopped in order")
        assert {(call.player_id, call.code) for call in game.calls if call.told} == set(roster.stored)
        declared = roster.case.declared
        last = roster.case.start(hold_scale=SCALE)
        await roster.case.ready(last, declared)
        assert await roster.done()
        assert await last.stopped() == 0
        assert await roster.problems() == []


@pytest.mark.parametrize("how", ["killed", "paused"])
async def test_a_database_that_goes_away_in_a_job_costs_only_time(
    how: str, own_mongod: MongodFactory, tmp_path: Path
) -> None:
    """It goes while the game has granted and not answered: only what could not be stored is asked again."""
    mongod = own_mongod()
    async with open_roster(Place(tmp_path / "bot", mongod.uri), servers=2, players=6) as roster:
        case = roster.case
        hold = case.sandbox.game.faults.hold(player_id=roster.players[3], after_grant=True)
        bot = case.start(hold_scale=SCALE)
        await hold.held()
        await _stored_but(roster, 1)
        await roster.note_stored()
        await asyncio.to_thread(mongod.kill if how == "killed" else mongod.pause)
        hold.release()
        log = tmp_path / "bot" / "bot.log"
        await _until(lambda: "job put off" in log.read_text())
        await asyncio.to_thread(mongod.start if how == "killed" else mongod.resume)
        assert await roster.done(timeout=2 * PATIENCE)
        assert await bot.stopped() == 0
        assert await roster.problems(sound=False) == []


async def _stored_but(roster: Roster, missing: int) -> None:
    """Wait until all players but these have the code, in both servers."""
    wanted = (len(roster.players) - missing) * roster.case.expected
    async with asyncio.timeout(PATIENCE):
        while True:
            if sum(row.is_granted for row in await roster.rows()) >= wanted:
                return
            await asyncio.sleep(LOOK)


async def _until(condition: Callable[[], bool]) -> None:
    """Look at another process's file until it is as wanted."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is looked at is not of this process
            await asyncio.sleep(LOOK)

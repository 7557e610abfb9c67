"""Verification when something is wrong: with its player, with the game, with itself."""

from __future__ import annotations

import asyncio

import pytest

from giftbot.errors import GameHaltedError
from giftbot.models.notice import NoticeKind
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.codes import Codes
from giftbot.services.detection import Detection
from giftbot.services.notices import Notices
from giftbot.services.verification import HALTED_FOR
from tests.fakes import ScriptedSource
from tests.services.verifying import Outcome, Place


@pytest.mark.parametrize("outcome", [Outcome.WRONG_KINGDOM, Outcome.NO_SUCH_PLAYER])
async def test_a_verify_player_that_is_wrong(place: Place, outcome: Outcome) -> None:
    """The owner is told once; what trusted sources list is announced untried, and hints are up to the owner."""
    place.game.always = outcome
    place.json.lists("TRUSTED1", "TRUSTED2")
    place.hints.lists("HINT2026")
    await place.check()
    assert await place.try_at(seconds=1) == 2
    assert await place.pending() == {"TRUSTED1", "TRUSTED2"}
    assert (await place.code("TRUSTED1")).verified_at is None
    assert len(place.game.asked) == 1
    assert [notice.kind for notice in place.notices] == ["verify_player", "held_codes"]
    assert "player 12345678 in kingdom 312" in place.told[0]
    assert place.notices[1].codes == ("HINT2026",)
    place.json.lists("TRUSTED1", "TRUSTED2", "TRUSTED3")
    await place.check()
    await place.try_at(minutes=1)
    assert await place.pending() == {"TRUSTED1", "TRUSTED2", "TRUSTED3"}
    assert len(place.told) == 2


async def test_a_verify_player_that_was_repaired(place: Place) -> None:
    """Hints are decided by the game again, and the next trouble is told again."""
    place.game.always = Outcome.WRONG_KINGDOM
    place.hints.lists("HINT2026")
    await place.check()
    await place.try_at(seconds=1)
    place.game.always = Outcome.REDEEMED
    await place.try_at(hours=1)
    assert await place.pending() == {"HINT2026"}
    place.game.always = Outcome.WRONG_KINGDOM
    place.json.lists("NEXT2026")
    await place.check()
    await place.try_at(seconds=1)
    assert [notice.kind for notice in place.notices].count(NoticeKind.VERIFY_PLAYER) == 2


@pytest.mark.parametrize("halt", [GameHaltedError("It is off."), Outcome.REFUSED_SIGNATURE])
async def test_a_game_that_is_not_asked_does_not_keep_codes_back(
    place: Place, halt: GameHaltedError | Outcome
) -> None:
    """A process that stops announces nothing for it; when it lasts, trusted sources are taken at their word."""
    place.game.always = halt
    place.json.lists("TRUSTED1")
    place.hints.lists("HINT2026")
    await place.check()
    assert await place.try_at(seconds=1) == 0
    assert await place.pending() == set()
    assert await place.try_at(seconds=HALTED_FOR.total_seconds()) == 1
    assert (await place.pending(), len(place.told)) == ({"TRUSTED1"}, 1)


async def test_a_short_halt_changes_nothing(place: Place) -> None:
    """Each one is timed anew."""
    place.game.always = GameHaltedError("The bot stops.")
    place.json.lists("TRUSTED1")
    await place.check()
    await place.try_at(seconds=1)
    place.game.always = Outcome.RETRY
    await place.try_at(seconds=50)
    place.game.always = GameHaltedError("The bot stops.")
    await place.try_at(minutes=1)
    assert await place.pending() == set()


async def test_the_worker_outlives_what_goes_wrong(place: Place) -> None:
    """An error of its own costs one round."""
    place.game.always = RuntimeError("a bug")
    running = asyncio.create_task(place.verification.run())
    try:
        place.json.lists("FROST77")
        await place.check()
        async with asyncio.timeout(PATIENCE):
            await place.game.was_asked.wait()
        place.game.always = Outcome.REDEEMED
        place.codes.to_verify.set()
        async with asyncio.timeout(PATIENCE):
            await place.jobs.called.wait()
    finally:
        running.cancel()
    assert await place.pending() == {"FROST77"}


async def test_without_verification_what_was_held_for_it_is_announced(place: Place) -> None:
    """After a restart without GAME_VERIFY_PLAYER trusted sources count again."""
    place.json.lists("FROST77")
    await place.check()
    codes = Codes(store=place.store, clock=place.clock)
    notices = Notices(store=place.store, notifier=place.people, clock=place.clock)
    source = ScriptedSource("json")
    source.lists("FROST77")
    detection = Detection((source,), codes=codes, notices=notices, clock=place.clock, interval=10)
    result = await detection.check()
    assert [code.key for code in result.new] == ["FROST77"]

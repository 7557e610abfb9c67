"""Which codes are tried, and when: floods, codes that come back, and several at once."""

from __future__ import annotations

import asyncio

from giftbot.models.code import CodeStatus
from giftbot.models.ids import CodeKey
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.verification import DOUBTED_AT_ONCE
from tests.fakes import START
from tests.services.verifying import Outcome, Place


async def test_a_flood_waits_for_the_owner_even_when_the_game_knows_it(place: Place) -> None:
    """The owner hears of it once; dead codes of it end, the others are tried once each, few at a time."""
    place.json.lists("KNOWN11")
    await place.check()
    await place.try_at(seconds=1)
    flood = [f"FLOOD{number:03d}" for number in range(30)]
    place.json.lists("KNOWN11", *flood)
    place.game.says = {"FLOOD000": [Outcome.EXPIRED], "FLOOD001": [Outcome.NOT_FOUND]}
    result = await place.check()
    assert (len(result.held), result.unverified) == (30, ())
    assert sum("30 codes held back" in text for text in place.told) == 1
    place.game.asked.clear()
    for number in range(40):
        await place.try_at(seconds=10)
        assert len(place.game.asked) <= (number + 1) * DOUBTED_AT_ONCE
    assert sorted(place.game.asked) == flood
    assert "FLOOD002" not in place.game.urgent
    statuses = await place.statuses()
    assert (statuses["FLOOD000"], statuses["FLOOD001"]) == ("expired", "invalid")
    assert {statuses[key] for key in flood[2:]} == {"held"}
    assert await place.pending() == {"KNOWN11"}
    await place.reports.release([CodeKey(key) for key in flood])
    assert len(await place.pending() & set(flood)) == 29


async def test_a_flooded_code_that_another_source_lists(place: Place) -> None:
    """What the game knew already is announced at once; what it was not asked about is tried first."""
    place.json.lists("KNOWN11")
    await place.check()
    await place.try_at(seconds=1)
    place.json.lists("KNOWN11", *(f"FLOOD{number:03d}" for number in range(30)))
    await place.check()
    await place.try_at(seconds=1)
    tried = place.game.asked[-1]
    other = "FLOOD005"
    assert tried != other
    place.rss.lists(tried, other)
    await place.check()
    assert (await place.code(tried)).status is CodeStatus.ACTIVE
    assert (await place.code(other)).status is CodeStatus.HELD
    await place.try_at(seconds=1)
    assert (await place.code(other)).status is CodeStatus.ACTIVE


async def test_a_hint_that_a_trusted_source_confirms_stays_held_until_it_was_tried(place: Place) -> None:
    """Confirmation replaces the details, not the game's word."""
    place.game.always = Outcome.RETRY
    place.hints.lists("HINT2026")
    await place.check()
    await place.try_at(seconds=1)
    place.json.lists("HINT2026", rewards="100 gems")
    await place.check()
    code = await place.code("HINT2026")
    assert (code.status, code.rewards, code.is_vouched) == (CodeStatus.HELD, "100 gems", True)
    place.game.always = Outcome.ALREADY
    assert await place.try_at(minutes=1) == 1


async def test_a_code_that_comes_back_is_tried_again(place: Place) -> None:
    """Listed anew a day after it was over, it is announced once more when the game agrees."""
    place.json.lists("BACK111")
    await place.check()
    await place.try_at(seconds=1)
    place.json.lists("OTHER11")
    await place.check()
    place.clock.advance(hours=25)
    await place.codes.expire(place.detection.healthy, place.detection.asked)
    place.clock.advance(hours=25)
    place.json.lists("BACK111", "OTHER11")
    result = await place.check()
    assert [code.key for code in result.unverified] == ["BACK111"]
    code = await place.code("BACK111")
    assert (code.status, code.epoch, code.verified_at, code.fan_out) == (CodeStatus.HELD, 1, None, False)
    await place.try_at(seconds=1)
    code = await place.code("BACK111")
    assert (code.status, code.epoch, code.verified_at) == (CodeStatus.ACTIVE, 1, place.clock.now())


async def test_a_code_whose_date_is_put_off_is_tried_again(place: Place) -> None:
    """The old answer says nothing of the new date."""
    place.json.lists("LONGER1", expires_at=START.replace(hour=13))
    await place.check()
    await place.try_at(seconds=1)
    place.clock.advance(hours=2)
    await place.codes.expire(place.detection.healthy, place.detection.asked)
    place.json.lists("LONGER1", expires_at=START.replace(day=3))
    await place.check()
    assert await place.statuses() == {"LONGER1": "held"}
    await place.try_at(seconds=1)
    assert await place.statuses() == {"LONGER1": "active"}


async def test_codes_found_together_are_announced_together(place: Place) -> None:
    """Many come in rounds; the next one begins at once."""
    place.json.lists(*(f"MANY{number:03d}" for number in range(25)))
    await place.check()
    await place.codes.to_verify.wait(0)
    assert await place.try_at(seconds=1) == 10
    assert place.jobs.calls == 1
    await asyncio.wait_for(place.codes.to_verify.wait(60), timeout=PATIENCE)
    assert await place.try_at(seconds=1) == 10
    assert await place.try_at(seconds=1) == 5
    assert len(await place.pending()) == 25


async def test_the_worker_begins_when_a_code_comes(place: Place) -> None:
    """It does not wait for its next look."""
    running = asyncio.create_task(place.verification.run())
    try:
        place.json.lists("FROST77")
        await place.check()
        async with asyncio.timeout(PATIENCE):
            await place.jobs.called.wait()
        place.jobs.called.clear()
        assert await place.pending() == {"FROST77"}
        place.hints.lists("HINT2026")
        await place.check()
        async with asyncio.timeout(PATIENCE):
            await place.jobs.called.wait()
        assert await place.pending() == {"FROST77", "HINT2026"}
    finally:
        running.cancel()

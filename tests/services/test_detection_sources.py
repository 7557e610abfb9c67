"""Sources that fail, flood or go silent, and what is found all the same."""

from __future__ import annotations

from datetime import timedelta

from giftbot.models.code import CodeStatus
from giftbot.models.source import SourceState
from giftbot.services.detection import Detection
from tests.fakes import START, listing_of
from tests.services.conftest import House


def state_of(house: House) -> SourceState:
    """How the first source fares."""
    return house.detection.health[0].state


async def test_the_fallback_sources_contribute_alone(house: House) -> None:
    """A code that only the feed lists is announced, whether or not the API answers."""
    await house.server()
    house.sources[0].fails()
    house.sources[1].lists("RSSONLY")
    await house.check()
    assert await house.pending() == {"RSSONLY"}


async def test_a_suddenly_empty_source_expires_nothing(house: House) -> None:
    """It is suspect, the owner is told once, and the code stays active for days."""
    house.sources[0].lists("STAYS1")
    await house.check()
    house.sources[0].lists()
    for _ in range(5):
        house.clock.advance(hours=12)
        await house.check()
        await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert [code.key for code in await house.codes.active()] == ["STAYS1"]
    assert state_of(house) is SourceState.SUSPECT
    assert len([notice for notice in house.people.owner if notice.kind == "source"]) == 1


async def test_a_flood_is_held_until_the_owner_releases_it(house: House) -> None:
    """Ten times as many codes as before are kept, announced nowhere, and then accepted on the owner's word."""
    await house.server()
    house.sources[0].lists("STEADY1")
    await house.check()
    flood = [f"FLOOD{number:03}" for number in range(50)]
    house.sources[0].lists("STEADY1", *flood)
    for _ in range(3):
        house.clock.advance(hours=1)
        await house.check()
    assert await house.pending() == {"STEADY1"}
    assert state_of(house) is SourceState.SUSPECT
    held = await house.codes.list_codes([CodeStatus.HELD])
    assert {code.key for code in held} == set(flood)
    await house.reports.release([code.key for code in held])
    assert await house.pending() == {"STEADY1", *flood}
    house.clock.advance(hours=1)
    await house.check()
    assert state_of(house) is SourceState.OK


async def test_a_suspect_listing_survives_a_failure_in_between(house: House) -> None:
    """Suspect, then failing, then unchanged: the listing is judged again, not forgotten."""
    house.sources[0].lists("STEADY1")
    await house.check()
    house.sources[0].lists()
    await house.check()
    suspect = house.sources[0].listing
    house.sources[0].fails()
    house.clock.advance(hours=1)
    await house.check()
    assert state_of(house) is SourceState.FAILING
    house.sources[0].failure = None
    house.sources[0].listing = suspect
    house.clock.advance(hours=1)
    await house.check()
    assert state_of(house) is SourceState.SUSPECT


async def test_a_failing_source_is_asked_more_rarely_and_honours_retry_after(house: House) -> None:
    """Each failure doubles the pause; Retry-After is kept to; the owner is told after three, once."""
    source = house.sources[0]
    source.fails(retry_after=120)
    await house.check()
    house.clock.advance(seconds=100)
    await house.check()
    assert source.fetches == 1
    source.fails()
    for _ in range(30):
        house.clock.advance(seconds=30)
        await house.check()
    assert source.fetches < 12
    assert len([notice for notice in house.people.owner if notice.kind == "source"]) == 1
    source.lists("BACK11")
    house.clock.advance(hours=1)
    await house.check()
    assert state_of(house) is SourceState.OK


async def test_a_source_that_breaks_in_itself_does_not_stop_the_others(house: House) -> None:
    """An error that nobody foresaw makes that source failing; the others are heard."""
    await house.server()
    house.sources[0].failure = RuntimeError("a bug")
    house.sources[1].lists("OTHERS1")
    await house.check()
    assert state_of(house) is SourceState.FAILING
    assert await house.pending() == {"OTHERS1"}


async def test_a_rightly_empty_listing_is_not_suspect(house: House) -> None:
    """After the only code ended by its date, a source may list nothing."""
    house.sources[0].lists("ENDING1", expires_at=START + timedelta(hours=1))
    await house.check()
    house.clock.advance(hours=2)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    house.sources[0].lists()
    await house.check()
    assert state_of(house) is SourceState.OK


async def test_the_owner_is_told_again_of_a_source_that_was_well_across_a_restart(house: House) -> None:
    """The first success after a start ends the earlier trouble."""
    source = house.sources[0]
    for _ in range(2):
        detection = Detection(
            house.sources, codes=house.codes, notices=house.notices, clock=house.clock, interval=10
        )
        source.lists("WELL111")
        source.listing = listing_of(["WELL111"])
        await detection.check()
        source.fails()
        for _ in range(10):
            house.clock.advance(hours=1)
            await detection.check()
    assert len([notice for notice in house.people.owner if notice.kind == "source"]) == 2

"""Finding codes: what is new, what is held, what is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.code import CodeStatus
from giftbot.models.ids import CodeKey, GuildId
from tests.fakes import START
from tests.services.conftest import House


async def test_a_new_code_is_enqueued_in_every_posting_server_once(house: House) -> None:
    """Found by two sources at once it is one code, with both as its provenance."""
    await house.server(1)
    await house.server(2)
    house.sources[0].lists("Frost77")
    house.sources[1].lists("FROST77", rewards="gems")
    await house.check()
    await house.check()
    assert await house.pending(1) == await house.pending(2) == {"FROST77"}
    code = (await house.codes.get([CodeKey("FROST77")]))[CodeKey("FROST77")]
    assert (code.display, code.rewards, set(code.sources)) == ("Frost77", "gems", {"json", "rss"})


async def test_a_store_that_fails_while_merging_loses_no_listing(house: House) -> None:
    """A source answers with a listing once; if it could not be merged, the next check takes it from memory."""
    await house.server()
    house.sources[0].lists("SURVIVES")
    house.observed.fail_next("insert_codes")
    with pytest.raises(StoreUnavailableError):
        await house.check()
    await house.check()
    assert await house.pending() == {"SURVIVES"}


async def test_a_hint_is_held_and_released_by_a_trusted_source(house: House) -> None:
    """What only the shared list knows is not announced; the owner is asked once."""
    await house.server()
    house.sources[2].lists("RUMOUR")
    await house.check()
    assert await house.pending() == set()
    assert [notice.codes for notice in house.people.owner] == [("RUMOUR",)]
    house.sources[0].lists("RUMOUR")
    await house.check()
    assert await house.pending() == {"RUMOUR"}


async def test_a_code_is_over_when_every_healthy_source_left_it_out_for_a_day(house: House) -> None:
    """Not before 24 hours, and not while a source that listed it fails."""
    for source in house.sources[:2]:
        source.lists("LEAVING", "STAYING")
    await house.check()
    house.sources[0].lists("STAYING")
    await house.check()
    house.clock.advance(hours=30)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert len(await house.codes.active()) == 2
    house.sources[1].fails()
    await house.check()
    house.clock.advance(hours=30)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert len(await house.codes.active()) == 2
    house.sources[1].lists("STAYING")
    await house.check()
    house.clock.advance(hours=23)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert len(await house.codes.active()) == 2
    house.clock.advance(hours=2)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert [code.key for code in await house.codes.active()] == ["STAYING"]


async def test_a_code_ends_with_its_expiry_and_an_expired_one_is_never_announced(house: House) -> None:
    """A date that has passed ends a code; one that arrives expired is stored, and posted nowhere."""
    await house.server()
    house.sources[0].lists("SHORT1", expires_at=START + timedelta(hours=1))
    house.sources[1].lists("PAST11", expires_at=START - timedelta(hours=1))
    await house.check()
    assert await house.pending() == {"SHORT1"}
    house.clock.advance(hours=2)
    [ended] = await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert ended.key == "SHORT1"


async def test_a_code_that_comes_back_after_a_day_is_announced_once_more(house: House) -> None:
    """Freshly listed at least 24 hours after it was over: a new epoch. Sooner: nothing."""
    guild_id = await house.server()
    source = house.sources[0]
    source.lists("RETURNS", "OTHER1")
    await house.check()
    await house.announcements.mark_codes_sent(guild_id, [CodeKey("RETURNS"), CodeKey("OTHER1")])
    source.lists("OTHER1")
    await house.check()
    house.clock.advance(hours=25)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    source.lists("RETURNS", "OTHER1")
    house.clock.advance(hours=1)
    await house.check()
    assert await house.pending() == set()
    source.lists("OTHER1")
    await house.check()
    house.clock.advance(hours=24)
    source.lists("RETURNS", "OTHER1")
    await house.check()
    assert await house.pending() == {"RETURNS"}


async def test_nothing_new_needs_no_store_at_all(house: House) -> None:
    """Once everything listed is known, further checks do not call the store."""
    house.sources[0].lists("QUIET1")
    await house.check()
    house.observed.calls.clear()
    for _ in range(5):
        result = await house.detection.check()
    assert (result.asked, result.new, house.observed.calls) == (3, (), [])


async def test_what_an_admin_or_a_hint_says_of_a_code_gives_way_to_a_trusted_source(house: House) -> None:
    """Casing, rewards and expiry of a report do not reach other servers, nor does its end suppress the code."""
    await house.server(1)
    await house.server(2)
    await house.reports.report(
        await house.guilds.get(GuildId(1)),
        "realcode",
        rewards="claim at https://evil.example",
        expires_at=START + timedelta(minutes=1),
        reporter="somebody",
    )
    house.clock.advance(hours=1)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    house.sources[0].lists("RealCode", rewards="1000 gems")
    await house.check()
    code = (await house.codes.get([CodeKey("REALCODE")]))[CodeKey("REALCODE")]
    assert (code.display, code.rewards, code.status) == ("RealCode", "1000 gems", CodeStatus.ACTIVE)
    assert await house.pending(2) == {"REALCODE"}


async def test_a_source_can_prolong_a_code(house: House) -> None:
    """A later date replaces the known one; a code that was over because of the old one is active again."""
    source = house.sources[0]
    source.lists("LONGER1", expires_at=START + timedelta(hours=1))
    await house.check()
    house.clock.advance(hours=2)
    await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert await house.codes.active() == []
    source.lists("LONGER1", expires_at=START + timedelta(hours=100))
    await house.check()
    assert [code.epoch for code in await house.codes.active()] == [0]


async def test_a_report_by_hand_does_not_keep_a_code_alive(house: House) -> None:
    """Only sources that are asked say whether a code is still listed."""
    await house.server()
    house.sources[0].lists("LISTED1", "STAYS11")
    await house.check()
    await house.reports.report(await house.guilds.get(GuildId(1)), "LISTED1", reporter="somebody")
    house.sources[0].lists("STAYS11")
    await house.check()
    house.clock.advance(hours=25)
    ended = await house.codes.expire(house.detection.healthy, house.detection.asked)
    assert [code.key for code in ended] == ["LISTED1"]


async def test_the_owner_hears_of_a_discarded_code_that_a_source_lists_and_can_release_it(house: House) -> None:
    """It stays discarded until the owner decides otherwise; then it is announced."""
    await house.server(1)
    await house.server(2)
    await house.reports.report(await house.guilds.get(GuildId(1)), "DOUBTED", reporter="somebody")
    await house.reports.discard([CodeKey("DOUBTED")])
    house.sources[0].lists("DOUBTED")
    await house.check()
    assert await house.pending(2) == set()
    assert "was discarded" in house.people.owner[-1].text
    await house.reports.release(house.people.owner[-1].codes)
    assert await house.pending(2) == {"DOUBTED"}

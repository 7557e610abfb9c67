"""What the game says of a new code decides whether it is announced."""

from __future__ import annotations

import pytest

from giftbot.models.code import CodeStatus
from giftbot.models.ids import ChannelId, GuildId
from tests.services.verifying import Outcome, Place


@pytest.mark.parametrize("outcome", [Outcome.REDEEMED, Outcome.ALREADY, Outcome.INELIGIBLE])
async def test_a_code_that_the_game_knows_is_announced_and_redeemed(place: Place, outcome: Outcome) -> None:
    """Nothing is posted before it was tried; then everywhere, with the moment noted, and nobody is bothered."""
    place.game.always = outcome
    place.json.lists("Frost77")
    result = await place.check()
    assert ([code.key for code in result.unverified], result.new, result.held) == (["FROST77"], (), ())
    assert await place.pending() == set()
    assert await place.try_at(seconds=1) == 1
    code = await place.code("FROST77")
    assert (code.status, code.verified_at, code.redeem) == (CodeStatus.ACTIVE, place.clock.now(), True)
    assert await place.pending() == {"FROST77"}
    assert (place.jobs.calls, place.told, place.game.asked, place.game.urgent) == (1, [], ["Frost77"], ["Frost77"])
    assert await place.try_at(hours=1) == 0
    assert place.game.asked == ["Frost77"]


async def test_an_expired_code_is_never_announced(place: Place) -> None:
    """It is marked, and stays so while sources go on listing it."""
    place.game.always = Outcome.EXPIRED
    place.json.lists("OLD2025")
    await place.check()
    assert await place.try_at(seconds=1) == 1
    place.rss.lists("OLD2025")
    await place.check()
    assert await place.statuses() == {"OLD2025": "expired"}
    assert await place.try_at(minutes=5) == 0
    assert (await place.pending(), place.told, place.game.asked) == (set(), [], ["OLD2025"])


async def test_a_hint_is_decided_by_the_game(place: Place) -> None:
    """One that exists is announced, one that does not is refused for good; the owner is not asked."""
    place.game.says = {"NOTHING1": [Outcome.NOT_FOUND]}
    place.hints.lists("HINT2026", "NOTHING1")
    await place.check()
    assert await place.try_at(seconds=1) == 2
    assert await place.statuses() == {"HINT2026": "active", "NOTHING1": "invalid"}
    assert (await place.pending(), place.told) == ({"HINT2026"}, [])


async def test_a_reported_code_is_decided_by_the_game(place: Place) -> None:
    """It is posted at once where it was reported, and everywhere once the game knows it."""
    await place.guilds.choose_channel(GuildId(2), ChannelId(20))
    await place.reports.report(await place.guilds.get(GuildId(2)), "GIVEN1", reporter="somebody")
    assert await place.pending() == set()
    assert await place.try_at(seconds=1) == 1
    assert await place.pending() == {"GIVEN1"}
    place.game.always = Outcome.NOT_FOUND
    await place.reports.report(await place.guilds.get(GuildId(2)), "TYPO1", reporter="somebody")
    await place.try_at(seconds=1)
    assert (await place.code("TYPO1")).status is CodeStatus.INVALID


async def test_a_code_of_a_trusted_source_that_the_game_does_not_know_yet(place: Place) -> None:
    """It is tried again, ever more rarely; the owner is asked once, and it is announced when the game knows it."""
    place.game.says = {"EARLY1": [Outcome.NOT_FOUND] * 4 + [Outcome.REDEEMED]}
    place.json.lists("EARLY1")
    await place.check()
    for minutes in (0, 1, 2):
        await place.try_at(minutes=minutes)
    assert len(place.game.asked) == 3
    assert place.told == [
        "EARLY1 (from code API) is held back: the game does not know it. It is asked again now and then, in case"
        " the code is not in effect yet. Announce everywhere, or discard?"
        " The same with: ops codes release, ops codes discard."
    ]
    await place.try_at(minutes=3)
    assert len(place.game.asked) == 3
    await place.try_at(minutes=1)
    assert await place.try_at(minutes=8) == 1
    assert (len(place.told), await place.pending()) == (1, {"EARLY1"})


async def test_used_up_may_be_so_for_one_player_only(place: Place) -> None:
    """Said twice, a minute apart, it is still one player's word: what a trusted source lists is announced."""
    place.game.always = Outcome.EXHAUSTED
    place.json.lists("POPULAR1")
    await place.check()
    await place.try_at(seconds=1)
    for _ in range(3):
        await place.try_at(seconds=15)
    assert (place.game.asked, await place.statuses()) == (["POPULAR1"], {"POPULAR1": "held"})
    assert await place.try_at(seconds=15) == 1
    assert (len(place.game.asked), await place.statuses()) == (2, {"POPULAR1": "active"})
    assert (await place.pending(), place.told) == ({"POPULAR1"}, [])


async def test_a_mere_hint_that_seems_used_up_is_for_the_owner(place: Place) -> None:
    """It stays held, the owner is asked once, and the game now and then."""
    place.game.always = Outcome.EXHAUSTED
    place.hints.lists("POPULAR1")
    await place.check()
    told = len(place.told)
    for minute in range(5):
        await place.try_at(minutes=bool(minute))
    assert await place.statuses() == {"POPULAR1": "held"}
    assert len(place.told) == told + 1
    assert "only the player of GAME_VERIFY_PLAYER has it" in place.told[-1]
    assert len(place.game.asked) in (3, 4)
    await place.reports.release(place.notices[-1].codes)
    assert await place.pending() == {"POPULAR1"}


async def test_one_vote_is_not_enough(place: Place) -> None:
    """When the game says something else the second time, that counts."""
    place.game.says = {"POPULAR1": [Outcome.EXHAUSTED, Outcome.ALREADY]}
    place.json.lists("POPULAR1")
    await place.check()
    await place.try_at(seconds=1)
    assert await place.try_at(minutes=1) == 1
    assert await place.pending() == {"POPULAR1"}


async def test_no_decision_is_asked_for_again_with_growing_pauses(place: Place) -> None:
    """After 1, 2, 4... minutes, an hour at most; the owner may decide from the third time on."""
    place.game.always = Outcome.RETRY
    place.json.lists("LATER1")
    await place.check()
    asked: list[int] = []
    for minute in range(200):
        await place.try_at(minutes=bool(minute))
        if len(place.game.asked) > len(asked):
            asked.append(minute)
    assert asked == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert len(place.told) == 1
    await place.reports.release(place.notices[0].codes)
    assert await place.pending() == {"LATER1"}
    place.game.always = Outcome.EXPIRED
    assert await place.try_at(hours=2) == 0
    assert len(place.game.asked) == 9


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.BY_HAND])
async def test_an_answer_of_which_nobody_knows_what_it_means(place: Place, outcome: Outcome) -> None:
    """The owner is asked at once, with the game's words; discarded, it is not tried any more."""
    place.game.always = outcome
    place.json.lists("ODD2026")
    await place.check()
    await place.try_at(seconds=1)
    assert len(place.told) == 1
    assert f"“4711 {outcome}”".replace("_", "\\_") in place.told[0]
    await place.reports.discard(place.notices[0].codes)
    await place.try_at(hours=2)
    assert (len(place.game.asked), await place.statuses()) == (1, {"ODD2026": "invalid"})

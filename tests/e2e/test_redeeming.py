"""From a new code to every player who has it, and what is never done on the way."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from giftbot.models.ids import GuildId
from giftbot.models.job import JobState
from giftbot.models.redemption import GRANTED, RedemptionOutcome
from giftbot.sandbox import text_of
from giftbot.sandbox.child import BotProcess
from tests.e2e.clubs import KINGDOM, Club, club, kept, later, quick
from tests.e2e.stage import FAST, Stage
from tests.mongod import Mongod

BACKENDS = ("sqlite", "mongodb")


@pytest.fixture(params=BACKENDS)
def either(request: pytest.FixtureRequest, stage: Stage) -> Stage:
    """A stage on each of the stores."""
    if request.param == "mongodb":
        mongod: Mongod = request.getfixturevalue("replica_set")
        stage.environ.update(MONGO_URI=mongod.uri, MONGO_DB_NAME=f"e2e-{uuid.uuid4().hex}")
    return stage


async def test_a_new_code_is_posted_and_redeemed_for_every_player(either: Stage) -> None:
    """With auto-redeem on, a code that a source lists is posted, and every player has it, each asked once."""
    place, other = club(either, "redeems"), club(either, "only posts")
    async with quick(either):
        for one in (place, other):
            await one.settle()
        await place.enlist("101", "102", "103")
        await other.enlist("901")
        await place.turn_on()
        either.sandbox.sources.publish("Fresh11")
        shown = await place.shows("\nFresh11\n", "Fresh11: finished", "**3** redeemed")
        await other.shows("\nFresh11\n")
    assert shown.count("Fresh11: finished") == 1
    assert either.sandbox.game.holders("Fresh11") == {"101", "102", "103"}
    assert len(either.sandbox.game.calls.of(code="Fresh11")) == 3
    async with kept(either) as found:
        assert {row.outcome for row in (await found.rows(place, "FRESH11")).values()} == {
            RedemptionOutcome.REDEEMED
        }
        players = await found.players(place, "101", "102", "103")
        assert {player.state for player in players.values()} == {"active"}
        [job] = await found.jobs(place)
        assert (job.state, job.trigger) == (JobState.DONE, "auto")
        assert await found.jobs(other) == []


async def test_overlapping_triggers_in_servers_that_share_players_ask_once_each(either: Stage) -> None:
    """Found, run by admins and registered at once: one job each, no overlap, nobody is asked after a grant."""
    game = either.sandbox.game
    game.latency = 0.02
    places = [club(either, f"server {number}") for number in range(3)]
    shared = [f"{number}" for number in range(200, 212)]
    async with quick(either):
        for number, place in enumerate(places):
            await place.begin(*shared, f"30{number}")
        either.sandbox.sources.publish("SHARED1")
        await game.wait(1, code="SHARED1")
        await asyncio.gather(*(_meddle(either, place) for place in places))
        for place in places:
            await place.shows("SHARED1: finished", "14 of 14")
    assert game.overlaps == []
    assert game.asked_after_grant() == []
    assert set(game.grants.values()) == {1}
    assert game.holders("SHARED1") == {*shared, "300", "301", "302", "777"}
    async with kept(either) as found:
        for place in places:
            [job] = await found.jobs(place)
            assert job.state is JobState.DONE
            rows = await found.rows(place, "SHARED1")
            assert len(rows) == 14
            assert {row.outcome for row in rows.values()} <= GRANTED
        granted = [row for place in places for row in (await found.rows(place, "SHARED1")).values()]
        assert len([row for row in granted if row.outcome is RedemptionOutcome.REDEEMED]) == len(game.grants)


async def _meddle(stage: Stage, place: Club) -> None:
    """An admin starts the job twice while it runs, and a member registers the same new player everywhere."""
    member = stage.sandbox.user(place.guild, name="newcomer")
    answers = await asyncio.gather(
        place.admin.command("autoredeem run", code="SHARED1"),
        member.command("player add", id="777", kingdom=KINGDOM),
        place.admin.command("autoredeem run"),
    )
    await answers[1].shows("is registered")


async def test_a_new_player_gets_what_is_active_and_again_with_a_repaired_kingdom(stage: Stage) -> None:
    """Registered late they get all active codes; with a wrong kingdom nothing, until that is put right."""
    game = stage.sandbox.game
    game.add_player("55", 312)
    place = club(stage)
    member = stage.sandbox.user(place.guild, name="late")
    stage.sandbox.sources.publish("LATE111")
    stage.sandbox.sources.publish("LATE222")
    async with quick(stage):
        await place.settle()
        await place.known("LATE111", "LATE222")
        await place.turn_on()
        wrong = await member.command("player add", id="55", kingdom=313)
        await wrong.shows("is not in kingdom 313")
        await place.enlist("55", kingdom=311)
        await place.shows("LATE111: finished", "LATE222: finished", "Wrong kingdom: 1 player")
        assert game.holders("LATE111") == set()
        right = await member.command("player add", id="55", kingdom=312)
        await right.shows("2 active codes will be redeemed")
        await game.wait(1, player_id="55", code="LATE111")
        await stage.sandbox.until(lambda: game.holders("LATE111") & game.holders("LATE222") == {"55"})
        await place.shows("**1** redeemed")
    assert game.asked_after_grant() == []
    async with kept(stage) as found:
        [player] = (await found.players(place, "55")).values()
        assert (player.state, player.kingdom) == ("active", 312)


async def test_a_dead_code_ends_the_job_for_all_and_is_over_everywhere(stage: Stage) -> None:
    """One TIME ERROR is enough: the others are not asked, and the post shows on Refresh that the code is over."""
    place, other = club(stage), club(stage, "other")
    players = [f"{number}" for number in range(400, 500)]
    game = stage.sandbox.game
    game.latency = 0.01
    async with stage.bot(GAME_RATE_PER_MINUTE="1200", GAME_PLAYER_SPACING="0"):
        for one in (place, other):
            await one.settle()
        await place.enlist(*players)
        await place.turn_on()
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 1)
        game.expire_code("Dead111")
        stage.sandbox.sources.publish("Dead111")
        await place.shows("Dead111: finished", "The code is over.", "Code expired: 100 players")
        [post] = [one for one in stage.sandbox.world.messages(other.channel) if "\nDead111\n" in text_of(one)]
        await other.admin.press(post, "Refresh")
        await other.shows("Code (expired)")
        assert "Dead111" not in (await place.admin.command("giftcode")).text
    assert len(game.calls.of(code="Dead111")) < 10
    async with kept(stage) as found:
        rows = await found.rows(place, "DEAD111")
        assert len(rows) == 100
        assert {row.outcome for row in rows.values()} == {RedemptionOutcome.EXPIRED}
        assert {row.next_attempt_at for row in rows.values()} == {None}


async def test_stopped_in_good_order_in_the_middle_it_goes_on_where_it_was(either: Stage, tmp_path: Path) -> None:
    """SIGTERM while the game is slow: what was answered is stored, and the next process asks only the others."""
    game, place = either.sandbox.game, club(either)
    players = [f"{number}" for number in range(500, 540)]
    environ = {**either.environ, "GAME_RATE_PER_MINUTE": "1200", "GAME_PLAYER_SPACING": "0"}
    bot = BotProcess(either.sandbox, tmp_path, time_scale=FAST, **environ)
    await bot.start()
    try:
        await place.begin(*players)
        either.sandbox.sources.publish("TERM111")
        await game.wait(8, code="TERM111")
        assert await bot.stop() == 0
        asked = {call.player_id for call in game.calls.of(code="TERM111")}
        assert 8 <= len(asked) < 40
        await bot.start()
        await place.shows("TERM111: finished", "40 of 40")
        assert await bot.stop() == 0
    finally:
        bot.kill()
        await bot.wait()
    assert game.asked_after_grant(lost=True) == []
    assert len(game.calls.of(code="TERM111")) == 40
    assert set(game.grants.values()) == {1}
    assert place.progress.count("TERM111") == place.progress.count("TERM111: finished") + 1


async def test_killed_in_the_middle_of_a_call_everybody_ends_with_the_code(stage: Stage, tmp_path: Path) -> None:
    """SIGKILL after the game granted and before it answered: it goes on at once, and nobody is left out."""
    game, place = stage.sandbox.game, club(stage)
    players = [f"{number}" for number in range(600, 612)]
    bot = BotProcess(stage.sandbox, tmp_path, time_scale=1, GAME_RATE_PER_MINUTE="100000", GAME_PLAYER_SPACING="0")
    await bot.start()
    try:
        await place.begin(*players)
        lost = game.faults.hold(after_grant=True, player_id="605")
        stage.sandbox.sources.publish("KILL111")
        await lost.held()
        await game.wait(11, code="KILL111")
        bot.kill()
        lost.drop()
        await bot.wait()
        await bot.start()
        await place.shows("KILL111: finished", "12 of 12", "had it already")
        assert await bot.stop() == 0
    finally:
        bot.kill()
        await bot.wait()
    assert set(game.grants.values()) == {1}
    assert game.holders("KILL111") == set(players)


async def test_with_rate_0_nothing_is_asked_and_everybody_is_told(stage: Stage) -> None:
    """Registration stores without a proof, /redeem and the status say who can switch it on; codes are posted."""
    place = club(stage)
    member = stage.sandbox.user(place.guild, name="member")
    async with stage.bot(GAME_RATE_PER_MINUTE="0"):
        await place.settle()
        answer = await member.command("player add", id="88", kingdom=KINGDOM)
        await answer.shows("is registered")
        await answer.shows("not checked yet")
        await place.turn_on()
        stage.sandbox.sources.publish("OFF1111")
        await place.shows("\nOFF1111\n", "OFF1111: waiting", "switched off")
        assert "switched off" in (await (await member.command("redeem", code="OFF1111")).settled()).text
        assert "GAME_RATE_PER_MINUTE" in (await place.admin.command("autoredeem status")).text
    assert len(stage.sandbox.game.calls) == 0
    async with later(stage, minutes=1):
        await place.shows("OFF1111: finished", "**1** redeemed")
    async with kept(stage) as found:
        [row] = (await found.rows(place, "OFF1111")).values()
        assert (row.outcome, row.guild_id) == (RedemptionOutcome.REDEEMED, GuildId(place.guild.id))

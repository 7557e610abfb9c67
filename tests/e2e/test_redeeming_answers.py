"""What the game says, and what becomes of it: in the store, for the players, and for those who are told."""

from __future__ import annotations

from giftbot.models.player import PlayerState
from giftbot.models.redemption import RedemptionOutcome
from giftbot.sandbox import text_of
from tests.e2e.clubs import KINGDOM, club, kept, later, owner_reads, quick
from tests.e2e.stage import Stage

ANSWERS: tuple[tuple[int | None, str, RedemptionOutcome, PlayerState], ...] = (
    (20000, "SUCCESS", RedemptionOutcome.REDEEMED, PlayerState.ACTIVE),
    (40008, "RECEIVED.", RedemptionOutcome.ALREADY, PlayerState.ACTIVE),
    (40011, "SAME TYPE EXCHANGE.", RedemptionOutcome.ALREADY, PlayerState.ACTIVE),
    (40006, "STOVE_LV ERROR.", RedemptionOutcome.INELIGIBLE, PlayerState.ACTIVE),
    (40017, "RECHARGE_MONEY ERROR.", RedemptionOutcome.INELIGIBLE, PlayerState.ACTIVE),
    (40018, "RECHARGE_MONEY_VIP ERROR.", RedemptionOutcome.INELIGIBLE, PlayerState.ACTIVE),
    (40020, "USER INFO ERROR.", RedemptionOutcome.WRONG_KINGDOM, PlayerState.WRONG_KINGDOM),
    (40001, "role not exist.", RedemptionOutcome.NO_SUCH_PLAYER, PlayerState.NOT_FOUND),
    (40001, "params error", RedemptionOutcome.UNKNOWN, PlayerState.UNPROVED),
    (40004, "TIMEOUT RETRY.", RedemptionOutcome.RETRY, PlayerState.UNPROVED),
    (40010, "SOMETHING.", RedemptionOutcome.UNKNOWN, PlayerState.UNPROVED),
    (40100, "CAPTCHA GET TOO FREQUENT.", RedemptionOutcome.BY_HAND, PlayerState.UNPROVED),
    (40103, "CAPTCHA CHECK ERROR.", RedemptionOutcome.BY_HAND, PlayerState.UNPROVED),
    (None, "NOT LOGIN.", RedemptionOutcome.BY_HAND, PlayerState.UNPROVED),
    (77777, "WHO KNOWS.", RedemptionOutcome.UNKNOWN, PlayerState.UNPROVED),
)
"""All but those that end a code, or slow down or halt everything."""
DEAD = (
    (40007, "TIME ERROR.", RedemptionOutcome.EXPIRED),
    (40014, "CDK NOT FOUND.", RedemptionOutcome.NOT_FOUND),
)
ASKED_AGAIN = {RedemptionOutcome.INELIGIBLE, RedemptionOutcome.RETRY}


async def test_every_answer_ends_in_its_outcome(stage: Stage) -> None:
    """Each number of the game's table, for a player of its own: outcome, the game's words, next attempt, state."""
    place, game = club(stage), stage.sandbox.game
    players = {f"70{number:02}": answer for number, answer in enumerate(ANSWERS)}
    async with quick(stage):
        await place.settle()
        await place.enlist(*players)
        for player_id, (number, words, _, _) in players.items():
            game.script(number, words, player_id=player_id)
        stage.sandbox.sources.publish("TABLE11")
        await place.known("TABLE11")
        await place.admin.command("autoredeem run", code="TABLE11")
        await place.shows("TABLE11: waiting", "**1** redeemed", "**2** had it already")
    async with kept(stage) as found:
        rows = await found.rows(place, "TABLE11")
        states = await found.players(place, *players)
    for player_id, (number, words, outcome, state) in players.items():
        row = rows[player_id]
        assert (row.outcome, states[player_id].state) == (outcome, state), words
        assert words.rstrip(".") in row.raw
        assert number is None or str(number) in row.raw
        assert row.attempts == 1
        assert (row.next_attempt_at is not None) == (outcome in ASKED_AGAIN), words
        assert (row.redeemed_at is not None) == row.is_granted
    assert len(game.calls.of(code="TABLE11")) == len(players)


async def test_answers_that_end_a_code_end_it(stage: Stage) -> None:
    """Expired and not known: the row says which, and the code is not offered any more."""
    place, game = club(stage), stage.sandbox.game
    async with quick(stage):
        await place.begin("800")
        for number, words, outcome in DEAD:
            code = f"DEAD{number}"
            game.script(number, words, code=code)
            stage.sandbox.sources.publish(code)
            await place.shows(f"{code}: finished")
            async with kept(stage) as found:
                [row] = (await found.rows(place, code)).values()
            assert (row.outcome, row.next_attempt_at) == (outcome, None)
            assert code not in (await place.admin.command("giftcode")).text


async def test_one_vote_does_not_use_up_a_code_and_two_do(stage: Stage) -> None:
    """The first who is told USED may have the code: they are asked again; the second one ends it for all."""
    place, game = club(stage), stage.sandbox.game
    async with quick(stage):
        await place.begin("810")
        game.add_code("LIMIT11", limit=0)
        stage.sandbox.sources.publish("LIMIT11")
        await place.shows("LIMIT11: waiting", "To be asked again: 1 player")
        assert "LIMIT11" in (await place.admin.command("giftcode")).text
        await place.enlist("811")
        await place.shows("LIMIT11: finished", "The code is over.")
        assert "LIMIT11" not in (await place.admin.command("giftcode")).text
    async with kept(stage) as found:
        rows = await found.rows(place, "LIMIT11")
    assert rows["811"].outcome is RedemptionOutcome.EXHAUSTED
    assert {row.next_attempt_at for row in rows.values()} == {None}


async def test_who_is_not_eligible_yet_is_asked_again_the_next_day(stage: Stage) -> None:
    """/player mine says why and when; a day later, with the level reached, the code is theirs."""
    place, game = club(stage), stage.sandbox.game
    member = stage.sandbox.user(place.guild, name="small")
    game.add_player("820", KINGDOM, level=5)
    game.add_code("LEVEL10", level=10)
    async with quick(stage):
        await place.settle()
        await place.turn_on()
        await (await member.command("player add", id="820", kingdom=KINGDOM)).shows("is registered")
        stage.sandbox.sources.publish("LEVEL10")
        await place.shows("LEVEL10: waiting", "Not eligible yet: 1 player")
        mine = await (await member.command("player mine")).settled()
        assert "**LEVEL10**: not eligible yet, next attempt <t:" in mine.text
    game.add_player("820", KINGDOM, level=10)
    async with later(stage, hours=23):
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
        assert game.holders("LEVEL10") == set()
    async with later(stage, hours=25):
        await place.shows("LEVEL10: finished", "**1** redeemed")
    assert len(game.calls.of(code="LEVEL10")) == 2


async def test_an_unknown_answer_is_parked_and_told_once(stage: Stage) -> None:
    """The owner reads it once, however many players and servers got it; nobody is asked again by itself."""
    places, game = [club(stage, "one"), club(stage, "two")], stage.sandbox.game
    game.script(49999, "NEVER SEEN.", code="ODD1111")
    async with quick(stage):
        for number, place in enumerate(places):
            await place.begin(f"83{number}1", f"83{number}2")
        stage.sandbox.sources.publish("ODD1111")
        for place in places:
            await place.shows("ODD1111: finished", "Unknown answer: 2 players")
        await stage.sandbox.until(lambda: any("NEVER SEEN" in words for words in owner_reads(stage)), what="notice")
    game.heal()
    async with later(stage, hours=25):
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
    assert len(game.calls.of(code="ODD1111")) == 4
    assert len([words for words in owner_reads(stage) if "NEVER SEEN" in words]) == 1


async def test_a_refused_signature_halts_everything_until_it_is_repaired(stage: Stage) -> None:
    """One call is enough; the owner is told once, nobody's result is spoilt, and it goes on after the repair."""
    places, game = [club(stage, "one"), club(stage, "two")], stage.sandbox.game
    async with quick(stage):
        for number, place in enumerate(places):
            await place.begin(f"84{number}1", f"84{number}2")
        game.salt = "rotated"
        stage.sandbox.sources.publish("SALT111")
        for place in places:
            await place.shows("SALT111: waiting", "does not accept the bot")
        await stage.sandbox.until(lambda: any("GAME_SIGN_SALT" in words for words in owner_reads(stage)), what="it")
        calls = len(game.calls)
        refused = await places[0].admin.command("player add", id="849", kingdom=KINGDOM)
        await refused.shows("not checked yet")
        assert len(game.calls) == calls
    stage.environ["GAME_SIGN_SALT"] = "rotated"
    async with later(stage, minutes=5):
        for place in places:
            await place.shows("SALT111: finished")
    assert len([words for words in owner_reads(stage) if "GAME_SIGN_SALT" in words]) == 1
    assert game.holders("SALT111") == {"8401", "8402", "8411", "8412", "849"}


async def test_429_slows_down_and_everybody_gets_it_in_the_end(stage: Stage) -> None:
    """Who was refused is asked again later; the status says that the game asked for it."""
    place, game = club(stage), stage.sandbox.game
    players = [f"85{number:02}" for number in range(20)]
    async with quick(stage):
        await place.begin(*players)
        game.faults.throttle(retry_after=1.0)
        stage.sandbox.sources.publish("FAST111")
        shown = await place.shows("FAST111: waiting", "To be asked again")
        assert "The game was busy. It is asked again by itself." in shown
        assert "asked for" in (await place.admin.command("autoredeem status")).text
    async with later(stage, minutes=3):
        await place.shows("FAST111: finished", "20 of 20")
    assert game.holders("FAST111") == set(players)
    assert set(game.grants.values()) == {1}
    assert game.asked_after_grant() == []


async def test_faults_of_the_game_are_not_held_against_players(stage: Stage) -> None:
    """Pages, garbage, lost answers: everybody has the code in the end, and none was taken for wrong."""
    place, game = club(stage), stage.sandbox.game
    players = [f"86{number:02}" for number in range(12)]
    async with quick(stage):
        await place.begin(*players)
        game.faults.fail(503)
        game.faults.garbage()
        game.faults.drop()
        game.faults.lose()
        stage.sandbox.sources.publish("SHAKY11")
        await place.shows("SHAKY11: waiting", "To be asked again")
    async with later(stage, hours=1):
        await place.shows("SHAKY11: finished", "12 of 12")
    assert game.holders("SHAKY11") == set(players)
    assert set(game.grants.values()) == {1}
    async with kept(stage) as found:
        assert {player.state for player in (await found.players(place, *players)).values()} == {PlayerState.ACTIVE}


async def test_with_a_player_to_try_codes_with_a_dead_code_is_never_announced(stage: Stage) -> None:
    """GAME_VERIFY_PLAYER: what the game calls expired is not posted; what it knows is, and is then redeemed."""
    place, game = club(stage), stage.sandbox.game
    stage.environ["GAME_VERIFY_PLAYER"] = f"999:{KINGDOM}"
    game.expire_code("STALE11")
    async with quick(stage):
        await place.begin("870")
        stage.sandbox.sources.publish("STALE11")
        await game.wait(1, player_id="999", code="STALE11")
        stage.sandbox.sources.publish("ALIVE11")
        await place.shows("\nALIVE11\n", "ALIVE11: finished", "**1** redeemed")
        await stage.sandbox.sources.wait("json", stage.sandbox.sources.hits["json"] + 2)
    assert not any("STALE11" in text_of(one) for one in stage.sandbox.world.messages(place.channel))
    assert game.calls.of(player_id="870", code="STALE11") == []

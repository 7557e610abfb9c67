"""What admins and members read while nothing is redeemed, and what becomes of it afterwards."""

from __future__ import annotations

from typing import Any

import attrs

from giftbot.models.ids import PlayerId
from giftbot.models.player import PlayerState
from tests.e2e.clubs import Club, club, kept, quick
from tests.e2e.stage import Stage

KINGDOM = 42
OFF = (
    "Nothing is redeemed now: redeeming is switched off. The bot's owner can switch it on: set GAME_RATE_PER_MINUTE"
)


async def said_to_admin(place: Club, player: str) -> dict[str, str]:
    """What an admin, and a player of theirs, are told by everything that starts a redemption."""
    admin, stage = place.admin, place.stage
    said: dict[str, str] = {}
    asked: tuple[tuple[str, dict[str, Any]], ...] = (
        ("autoredeem on", {}),
        ("autoredeem run", {}),
        ("autoredeem run", {"code": "WAITS11"}),
        ("player add", {"id": player, "kingdom": KINGDOM}),
        ("player mine", {}),
        ("redeem", {"code": "WAITS11"}),
    )
    for name, options in asked:
        said[f"{name} {' '.join(options)}".strip()] = (await (await admin.command(name, **options)).settled()).text
    [post, *_] = stage.sandbox.world.messages(place.channel)
    said["Redeem"] = (await (await admin.press(post, "Redeem")).settled()).text
    panel = await admin.command("giftcodesettings")
    await panel.press("Redemption…")
    await panel.press("Turn auto-redeem off")
    said["panel"] = (await panel.press("Turn auto-redeem on")).text
    return said


async def test_switched_off_everything_says_so_and_what_was_asked_for_is_done_later(stage: Stage) -> None:
    """The settings are stored all the same: with a rate, the codes are redeemed without another word."""
    place = club(stage)
    async with stage.bot(GAME_RATE_PER_MINUTE="0"):
        await place.settle()
        await place.enlist("900")
        stage.sandbox.sources.publish("WAITS11")
        await place.known("WAITS11")
        await place.shows("WAITS11")
        for where, words in (await said_to_admin(place, "901")).items():
            told = OFF if where not in ("redeem code", "Redeem") else "Redeeming is switched off. The bot's owner"
            assert told in words, (where, words)
            assert "will be redeemed" not in words, (where, words)
    assert len(stage.sandbox.game.calls) == 0
    async with quick(stage):
        await place.shows("WAITS11: finished")
    assert stage.sandbox.game.holders("WAITS11") == {"900", "901"}


async def test_a_refused_signature_is_told_to_whoever_asks(stage: Stage) -> None:
    """Not that the game did not decide, whoever asks, and whatever the rows say."""
    place, game = club(stage), stage.sandbox.game
    async with quick(stage):
        await place.settle()
        await (await place.admin.command("player add", id="901", kingdom=KINGDOM)).settled()
        stage.sandbox.sources.publish("WAITS11")
        await place.known("WAITS11")
        await place.shows("WAITS11")
        game.salt = "rotated"
        for _ in range(2):
            answer = await (await place.admin.command("redeem", code="WAITS11")).settled()
            assert "Redeeming has stopped, because the game does not accept the bot at present" in answer.text
            assert "did not decide" not in answer.text
        for where, words in (await said_to_admin(place, "902")).items():
            assert "redeeming has stopped, because the game" in words.lower(), (where, words)
            assert "will be redeemed" not in words, (where, words)
    stage.environ["GAME_SIGN_SALT"] = "rotated"
    async with quick(stage):
        await place.shows("WAITS11: finished")
    assert game.holders("WAITS11") == {"901", "902"}


async def test_a_player_who_was_stored_when_the_bot_died_gets_the_active_codes(stage: Stage) -> None:
    """The next start finds them without being asked to, and asks for nobody else again."""
    place = club(stage)
    async with quick(stage):
        await place.settle()
        await place.enlist("900")
        await place.turn_on()
        stage.sandbox.sources.publish("MISSED1")
        await place.shows("MISSED1: finished", "**1** redeemed")
    async with kept(stage) as store:
        [known] = (await store.players(place, "900")).values()
        lost = attrs.evolve(known, player_id=PlayerId("901"), state=PlayerState.UNPROVED)
        assert await store.store.insert_players([lost])
    async with quick(stage):
        await place.shows("MISSED1: finished", "**2** redeemed")
    assert stage.sandbox.game.holders("MISSED1") == {"900", "901"}
    assert len(stage.sandbox.game.calls.of(code="MISSED1")) == 2


async def test_a_list_of_one_page_has_no_buttons_to_turn_it(stage: Stage) -> None:
    """They come with the second page."""
    place = club(stage)
    async with quick(stage):
        await place.enlist(*(str(number) for number in range(100, 120)))
        assert (await place.admin.command("player list")).buttons == []
        await place.enlist("120")
        assert (await place.admin.command("player list")).buttons == ["Back", "Next"]


async def test_a_check_says_that_codes_await_verification(stage: Stage) -> None:
    """While the game does not answer about them; it does not say that nothing is new."""
    place = club(stage)
    stage.environ["GAME_VERIFY_PLAYER"] = f"999:{KINGDOM}"
    async with quick(stage):
        await place.settle()
        held = stage.sandbox.game.faults.hold(code="UNSURE1")
        stage.sandbox.sources.publish("UNSURE1")
        await held.held()
        panel = await place.admin.command("giftcodesettings")
        await panel.press("Check now")
        await panel.shows("1 new code awaits the game's verification, and can be posted after that.")
        assert "Nothing is new" not in panel.text
        held.release()
        await place.shows("UNSURE1")

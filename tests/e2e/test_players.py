"""Players as their owners and the admins of a server see them."""

from __future__ import annotations

from giftbot.sandbox import Upload
from giftbot.services.proving import IMPOSSIBLE_CODE
from tests.e2e.membership import ADA, BOB, KINGDOM, Place, open_for, said


async def test_players_are_registered_looked_at_paused_and_removed_by_their_owner(place: Place) -> None:
    """A wrong kingdom and an unknown id are told apart before anything is stored; the proof costs no code."""
    async with open_for(place):
        assert "no player in this server yet" in await said(await place.ada.command("player mine"))
        assert "1 to 20 digits" in await said(await place.ada.command("player add", id="12a", kingdom=KINGDOM))
        assert "no default kingdom" in await said(await place.ada.command("player add", id=ADA))
        wrong = await said(await place.ada.command("player add", id=ADA, kingdom=313))
        assert "not in kingdom 313. Nothing was stored" in wrong
        assert "does not know a player 555" in await said(
            await place.ada.command("player add", id="555", kingdom=KINGDOM)
        )
        done = await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM, nickname="*Ada*"))
        assert "is registered in kingdom 312" in done
        assert "registered already" in await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
        await said(await place.ada.command("player add", id=BOB, kingdom=77))
        shown = await said(await place.ada.command("player mine"))
        assert r"\*Ada\* (10000001)" in shown
        assert "Active." in shown
        assert "Kingdom 77" in shown
        offered = await place.ada.autocomplete("player pause", option="player", value="1")
        assert [choice["value"] for choice in offered] == [ADA, BOB]
        assert await place.bob.autocomplete("player remove", option="player", value="1") == []
        assert "is paused" in await said(await place.ada.command("player pause", player=ADA))
        assert "Paused" in await said(await place.ada.command("player mine"))
        assert "not paused any more" in await said(await place.ada.command("player pause", player=ADA))
        assert "not registered any more" in await said(await place.ada.command("player remove", player=BOB))
        assert BOB not in await said(await place.ada.command("player mine"))
    assert {call.code for call in place.stage.sandbox.game.calls} == {IMPOSSIBLE_CODE}
    assert place.stage.sandbox.game.grants == {}


async def test_somebody_elses_player_is_refused_until_an_admin_assigns_it(place: Place) -> None:
    """Neither adding nor removing works; the answer says how to claim, and after that it is theirs."""
    async with open_for(place):
        await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
        refused = await said(await place.bob.command("player add", id=ADA, kingdom=KINGDOM))
        assert "/player assign" in refused
        assert "belongs to somebody else" in await said(await place.bob.command("player remove", player=ADA))
        denied = await said(await place.bob.command("player assign", player=ADA, member=place.bob.member))
        assert "Manage Server" in denied
        offered = await place.admin.autocomplete("player assign", option="player", value="100")
        assert [choice["value"] for choice in offered] == [ADA]
        assigned = await place.admin.command("player assign", player=ADA, member=place.bob.member)
        assert f"belongs to <@{place.bob.id}>" in await said(assigned)
        assert ADA in await said(await place.bob.command("player mine"))
        assert ADA not in await said(await place.ada.command("player mine"))


async def test_the_default_kingdom_counts_in_the_form_and_in_the_command(place: Place) -> None:
    """It may be left out where the server has one."""
    async with open_for(place):
        await place.set_default_kingdom(77)
        post = await place.post("DEFAULT1")
        form = await place.bob.press(post, "Redeem")
        answer = await form.submit({"id": BOB, "kingdom": ""})
        await answer.shows("**DEFAULT1** is redeemed")
        wrong = await said(await place.ada.command("player add", id=ADA))
        assert "not in kingdom 77, this server's default" in wrong


async def test_a_new_player_and_a_repaired_one_get_all_active_codes(place: Place) -> None:
    """With auto-redeem on, by themselves; a player whom the game does not find there any more waits for repair."""
    game = place.stage.sandbox.game
    async with open_for(place):
        await place.post("ACTIVE1")
        await said(await place.admin.command("autoredeem on"))
        done = await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
        assert "1 active code will be redeemed" in done
        await game.wait(player_id=ADA, code="ACTIVE1")
        game.add_player(ADA, 400)
        await place.post("MOVED22")
        shown = await place.mine(place.ada, "Wrong kingdom")
        assert "/player add again with the right one" in shown
        done = await said(await place.ada.command("player add", id=ADA, kingdom=400))
        assert "is registered in kingdom 400. 2 active codes" in done
        await place.mine(place.ada, "**MOVED22**: redeemed")
    assert game.holders("ACTIVE1") == game.holders("MOVED22") == {ADA}
    assert game.asked_after_grant() == []


async def test_with_redemption_switched_off_players_are_stored_and_the_button_says_why(place: Place) -> None:
    """Nobody loses their registration, and the game is left alone."""
    place.stage.environ["GAME_RATE_PER_MINUTE"] = "0"
    async with open_for(place):
        done = await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
        assert "not checked yet: the game was not asked" in done
        post = await place.post("HALTED1")
        assert "switched off" in await said(await place.ada.press(post, "Redeem"))
    assert list(place.stage.sandbox.game.calls) == []


async def test_the_list_is_turned_and_filtered(place: Place) -> None:
    """Twenty a page; the buttons know where they are, also after a restart; others may not use the command."""
    table = "".join(f"{number},312\n" for number in range(100, 145))
    async with open_for(place):
        await said(await place.admin.command("player import", file=Upload("all.csv", table.encode())))
        await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
        assert "Manage Server" in await said(await place.ada.command("player list"))
        listed = await place.admin.command("player list")
        assert "1 to 20 of 46 · 1 active, 45 not checked yet" in await said(listed)
        await listed.press("Next")
        await listed.shows("21 to 40 of 46")
    async with place.stage.bot():
        await listed.press("Next")
        await listed.shows("41 to 46 of 46")
        await listed.press("Back")
        await listed.shows("21 to 40 of 46")
        await listed.press("Back")
        await listed.shows("1 to 20 of 46")
        await listed.select("players-filter:", ["active"])
        await listed.shows("1 to 1 of 1 ·")
        assert f"`{ADA}`" in listed.text
        assert f"<@{place.ada.id}>" in listed.text
        paused = await said(await place.admin.command("player list", state="paused"))
        assert "no such player" in paused

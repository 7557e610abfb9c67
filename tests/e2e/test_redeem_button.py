"""The Redeem button below a post."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import attrs

from giftbot.app import Discord, Role, Services, assemble, new_owner, open_outside
from giftbot.models.ids import GuildId, UserId
from giftbot.models.player import Player
from giftbot.models.times import PostingTimes
from giftbot.services.ports import Store
from giftbot.settings import Settings
from tests.e2e.membership import ADA, BOB, KINGDOM, Place, open_for, said


async def test_redeem_gives_the_codes_of_that_message_to_ones_own_players(place: Place) -> None:
    """Of an old message after a restart; each player and code has a sentence, and nobody else sees it."""
    game = place.stage.sandbox.game
    async with open_for(place):
        old = await place.post("OLDONE1", "OLDTWO2")
        await place.post("NEWONE3")
        await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
        await said(await place.ada.command("player add", id=BOB, kingdom=77))
    game.give(BOB, "OLDONE1")
    game.script(40006, "STOVE_LV ERROR.", player_id=BOB, code="OLDTWO2", times=1)
    async with place.stage.bot():
        answer = await place.ada.press(old, "Redeem")
        text = await said(answer)
        assert text.count("Look into your mail in the game.") == 2
        assert "**OLDONE1** was redeemed before." in text
        assert "level or spending is too low yet" in text
        assert game.holders("NEWONE3") == set()
        calls = len(game.calls)
        again = await said(await place.ada.press(old, "Redeem"))
        assert "level or spending is too low yet. Try again in some minutes" in again
        assert len(game.calls) == calls
        assert "**OLDTWO2**: not eligible yet" in await place.mine(place.ada, "OLDTWO2")
    assert game.asked_after_grant() == []
    assert game.grants[ADA, "OLDONE1"] == game.grants[ADA, "OLDTWO2"] == 1


async def test_who_has_no_player_gets_a_form_and_then_the_codes(place: Place) -> None:
    """The form is the first answer; what is wrong in it is said, and the player is registered for good."""
    async with open_for(place):
        post = await place.post("FORMED1")
        form = await place.bob.press(post, "Redeem")
        assert form.modal is not None
        assert "Player id" in form.text
        assert "from 1 to 9,999" in await said(await form.submit({"id": BOB, "kingdom": "x"}))
        form = await place.bob.press(post, "Redeem")
        assert "not in kingdom 5" in await said(await form.submit({"id": BOB, "kingdom": "5"}))
        form = await place.bob.press(post, "Redeem")
        answer = await form.submit({"id": f" {BOB} ", "kingdom": "#77"})
        await answer.shows("is registered in kingdom 77")
        await answer.shows("**FORMED1** is redeemed")
        assert answer.ephemeral
        assert BOB in await said(await place.bob.command("player mine"))
    assert place.stage.sandbox.game.holders("FORMED1") == {BOB}


class SlowLookUps:
    """A store that finds out whose players are whose only when it is let go."""

    def __init__(self, store: Store, go_on: asyncio.Event) -> None:
        self._store = store
        self._go_on = go_on

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def list_owned(self, guild_id: GuildId, owner_id: UserId) -> list[Player]:
        """A person's players, late."""
        await self._go_on.wait()
        return await self._store.list_owned(guild_id, owner_id)


async def test_when_the_store_is_slow_a_button_opens_the_form(place: Place) -> None:
    """A form must be the first answer: in doubt it comes after one more press, which looks nothing up."""
    go_on = asyncio.Event()

    @asynccontextmanager
    async def slow(settings: Settings, discord: Discord, *, times: PostingTimes | None) -> AsyncIterator[Services]:
        owner = new_owner()
        async with open_outside(settings, Role.BOT, owner=owner) as outside:
            store = cast("Store", SlowLookUps(outside.store, go_on))
            services = assemble(
                settings, attrs.evolve(outside, store=store), discord, owner=owner, times=times or PostingTimes()
            )
            yield services
            await services.governor.stop()

    async with place.stage.bot(opener=slow):
        await place.stage.configure(place.admin, place.channel)
        post = await place.post("SLOWLY1")
        pressed = await place.bob.press(post, "Redeem")
        assert "slow right now" in await said(pressed)
        assert pressed.latency < 2
        form = await pressed.press("Register a player")
        go_on.set()
        answer = await form.submit({"id": BOB, "kingdom": "77"})
        await answer.shows("**SLOWLY1** is redeemed")

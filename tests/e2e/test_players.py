"""Players as their owners and the admins of a server see them, and the Redeem button."""

from __future__ import annotations

import asyncio
import csv
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import attrs
import pytest

from giftbot.app import Discord, Role, Services, assemble, new_owner, open_outside
from giftbot.models.ids import GuildId, UserId
from giftbot.models.player import Player
from giftbot.models.times import PostingTimes
from giftbot.sandbox import Actor, Answer, Upload
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.ports import Store
from giftbot.services.proving import IMPOSSIBLE_CODE
from giftbot.settings import Settings
from tests.e2e.stage import Stage

KINGDOM = 312
ADA, BOB = "10000001", "10000002"
LONGEST_ANSWER = 0.3
"""Seconds in which a command is answered while a table is being imported."""


@attrs.frozen
class Place:
    """A server with an admin and two members, in which codes are posted; the game knows two players."""

    stage: Stage
    guild: Guild
    channel: Channel
    admin: Actor
    ada: Actor
    bob: Actor

    async def post(self, *codes: str) -> dict[str, object]:
        """Let codes be found and posted; the newest message."""
        before = len(self.stage.sandbox.world.messages(self.channel))
        for code in codes:
            self.stage.sandbox.sources.publish(code)
        return (await self.stage.sandbox.wait_for_messages(self.channel, before + 1))[-1]

    async def set_default_kingdom(self, kingdom: int) -> None:
        """Choose the default kingdom in the panel."""
        panel = await self.admin.command("giftcodesettings")
        await panel.press("Redemption…")
        form = await panel.press("Default kingdom…")
        await form.submit({"kingdom": str(kingdom)})
        await panel.shows(f"Default kingdom\n{kingdom}")

    async def mine(self, who: Actor, words: str) -> str:
        """What somebody's list of players says, once it says this; redemption goes on beside it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = (await (await who.command("player mine")).settled()).text
                if words in shown:
                    return shown
                await self.stage.sandbox.sources.wait("json", self.stage.sandbox.sources.hits["json"] + 1)


@pytest.fixture
def place(stage: Stage) -> Place:
    """The server; no bot is running yet."""
    guild, channel, admin = stage.add_server()
    stage.environ |= {"GAME_RATE_PER_MINUTE": "6000", "GAME_PLAYER_SPACING": "0"}
    game = stage.sandbox.game
    game.strict = True
    game.add_player(ADA, KINGDOM)
    game.add_player(BOB, 77)
    ada, bob = (stage.sandbox.user(guild, name=name) for name in ("ada", "bob"))
    return Place(stage, guild, channel, admin, ada, bob)


@asynccontextmanager
async def open_for(place: Place) -> AsyncIterator[None]:
    """The bot, posting in the server."""
    async with place.stage.bot():
        await place.stage.configure(place.admin, place.channel)
        yield


async def said(answer: Answer) -> str:
    """What a command said in the end, to its user only."""
    await answer.settled(timeout=PATIENCE)
    assert answer.ephemeral
    return answer.text


def cells(data: bytes) -> list[list[str]]:
    """A CSV file as a spreadsheet reads it."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


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
        assert "not checked yet: redemption is halted" in done
        post = await place.post("HALTED1")
        assert "switched off" in await said(await place.ada.press(post, "Redeem"))
    assert list(place.stage.sandbox.game.calls) == []


async def test_a_table_is_imported_with_a_result_for_each_line(place: Place) -> None:
    """BOM, semicolons and a header; bad lines by number; the players are claimed by those who know the kingdom."""
    table = f"\ufeffplayer_id;kingdom;nickname\r\n{ADA};312;Ada\r\nx;1\r\n\r\n{BOB};;\r\n{ADA};5\r\n7;77;=Seven\r\n"
    async with open_for(place):
        denied = await place.ada.command("player import", file=Upload("players.csv", table.encode()))
        assert "Manage Server" in await said(denied)
        answer = await place.admin.command("player import", file=Upload("players.csv", table.encode()))
        text = await said(answer)
        assert "5 lines: **2** added, **1** named twice, **2** not usable." in text
        assert "Line 3 (x): A player id has 1 to 20 digits" in text
        _, *lines = cells(answer.files["import.csv"])
        assert [line[:3] for line in lines] == [
            ["2", ADA, "added"],
            ["3", "x", "bad"],
            ["5", BOB, "bad"],
            ["6", ADA, "duplicate"],
            ["7", "7", "added"],
        ]
        exported = await place.admin.command("player export")
        await said(exported)
        assert cells(exported.files["players.csv"]) == [
            ["player_id", "kingdom", "nickname", "status", "owner_id"],
            [ADA, "312", "Ada", "unproved", ""],
            ["7", "77", "'=Seven", "unproved", ""],
        ]
        assert "Manage Server" in await said(await place.ada.command("player export"))
        assert "belongs to nobody yet" in await said(await place.ada.command("player pause", player=ADA))
        assert "not in kingdom 5" in await said(await place.ada.command("player add", id=ADA, kingdom=5))
        assert "is registered" in await said(await place.ada.command("player add", id=ADA, kingdom=KINGDOM))
    assert place.stage.sandbox.game.grants == {}


async def test_without_a_file_the_lines_are_typed(place: Place) -> None:
    """A form takes them as people write them."""
    async with open_for(place):
        form = await place.admin.command("player import")
        assert form.modal is not None
        answer = await form.submit({"roster": f"{ADA} 312 Ada Lovelace\n{BOB} 77"})
        assert "2 lines: **2** added." in await said(answer)
        assert len(cells(answer.files["import.csv"])) == 3
        shown = await said(await place.admin.command("player list"))
        assert f"`{ADA}` · Ada Lovelace · kingdom 312 · not checked yet" in shown


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (Upload("big.csv", b"1,2\n", claimed_size=2_000_000), "larger than 1 MiB"),
        (Upload("liar.csv", b"1" * 2_000_000, claimed_size=10), "larger than 1 MiB"),
        (Upload("gone.csv", b"1,2\n", status=404), "Upload it again"),
        (Upload("broken.csv", b"1,2\n", status=500), "Upload it again"),
        (Upload("old.csv", "1,2,Ádá".encode("cp1252")), "CSV UTF-8"),
        (Upload("empty.csv", b""), "no players"),
        (Upload("long.csv", b"1,2\n" * 5_001), "more than 5,000 lines"),
    ],
    ids=lambda value: value.name if isinstance(value, Upload) else "",
)
async def test_a_file_that_cannot_be_used_is_a_sentence(place: Place, upload: Upload, sentence: str) -> None:
    """What Discord says is too large is not even read."""
    async with open_for(place):
        answer = await place.admin.command("player import", file=upload)
        assert sentence in await said(answer)
        assert "nobody is registered" in await said(await place.admin.command("player list"))
    assert place.stage.sandbox.world.uploads.served == (0 if upload.name == "big.csv" else 1)


async def test_the_largest_table_is_imported_while_commands_are_answered(place: Place) -> None:
    """5,000 lines; meanwhile the bot answers as it does otherwise."""
    table = "".join(f"{number},312,Player {number}\n" for number in range(1, 5_001))
    async with open_for(place):
        importing = await place.admin.command("player import", file=Upload("all.csv", table.encode()))
        latencies = []
        while "5,000 lines" not in importing.text:
            before = time.monotonic()
            await place.ada.command("player mine")
            latencies.append(time.monotonic() - before)
        assert "**5,000** added." in importing.text
        exported = await place.admin.command("player export")
        await said(exported)
        assert len(cells(exported.files["players.csv"])) == 5_001
        assert max(latencies) < LONGEST_ANSWER


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

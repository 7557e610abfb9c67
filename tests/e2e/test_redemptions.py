"""`/autoredeem` and `/redeem`, as admins and players use them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs
import pytest

from giftbot.sandbox import Actor, DriverRefused
from giftbot.sandbox.answer import text_of
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.nouns import Channel
from giftbot.sandbox.pulse import PATIENCE
from tests.e2e.stage import Stage

KINGDOM = 42


@attrs.frozen
class Town:
    """A server with a channel for progress, its admin, and members with a player each."""

    stage: Stage
    guild: Guild
    channel: Channel
    admin: Actor
    members: list[Actor]

    async def shows(self, *words: str, message: int = 0, timeout: float = PATIENCE) -> str:
        """The progress message, once it says all of this."""
        await self.stage.sandbox.until(
            lambda: all(word in self.progress(message) for word in words),
            timeout=timeout,
            what=f"progress that says {words}",
        )
        return self.progress(message)

    def progress(self, message: int = 0) -> str:
        """What a progress message says now; empty while there is none."""
        messages = self.stage.sandbox.world.messages(self.channel)
        return text_of(messages[message]) if len(messages) > message else ""

    async def publish(self, *codes: str) -> None:
        """Let codes be found, and known to the bot."""
        for code in codes:
            self.stage.sandbox.sources.publish(code)
        await self._asked("giftcode", *codes)

    async def status(self, *words: str) -> str:
        """What the status says, once it says all of this."""
        return await self._asked("autoredeem status", *words)

    async def _asked(self, command: str, *words: str) -> str:
        """The answer to a command, once it says all of this; asked again after each check of the sources."""
        async with asyncio.timeout(PATIENCE):
            while True:
                shown = (await self.admin.command(command)).text
                if all(word in shown for word in words):
                    return shown
                await self.stage.sandbox.sources.wait("json", self.stage.sandbox.sources.hits["json"] + 1)


@asynccontextmanager
async def town(stage: Stage, players: int = 3) -> AsyncIterator[Town]:
    """The bot in a server whose members have registered their players 101, 102, ..."""
    guild, channel, admin = stage.add_server()
    members = [stage.sandbox.user(guild, name=f"member{number}") for number in range(1, players + 1)]
    async with stage.bot(GAME_RATE_PER_MINUTE="6000", GAME_PLAYER_SPACING="0"):
        panel = await admin.command("giftcodesettings")
        await panel.press("Redemption…")
        await panel.select("set-redeem-channel:", [channel.id])
        await panel.shows(f"<#{channel.id}>")
        for number, member in enumerate(members, start=1):
            answer = await member.command("player add", id=f"10{number}", kingdom=KINGDOM)
            await answer.shows("is registered")
        yield Town(stage, guild, channel, admin, members)


async def test_auto_redeem_gives_every_player_every_code_and_shows_how_it_goes(stage: Stage) -> None:
    """Turned on it redeems what is active, then what is found; one message a job, and nobody is asked twice."""
    async with town(stage) as place:
        await place.publish("EARLY1")
        turned = await place.admin.command("autoredeem on")
        assert turned.ephemeral
        await turned.shows("1 active code will be redeemed now")
        await place.shows("EARLY1: finished", "3 of 3", "**3** redeemed")
        stage.sandbox.game.give("102", "LATER2")
        await place.publish("LATER2")
        await place.shows("LATER2: finished", "**2** redeemed", "**1** had it already", message=1)
        history = await place.admin.command("autoredeem history")
        assert "**EARLY1** finished: 3 of 3 have it" in history.text
        assert "**LATER2** finished: 3 of 3 have it" in history.text
        results = await (await history.press("Results of LATER2")).settled()
        assert results.ephemeral
        [file] = (results.message or {})["attachments"]
        assert file["filename"] == "redemptions-LATER2.csv"
        await place.admin.command("autoredeem off")
        await place.publish("UNWANTED3")
        assert "nothing is redeemed by itself" in (await place.admin.command("autoredeem off")).text
    assert len(stage.sandbox.world.messages(place.channel)) == 2
    assert stage.sandbox.game.holders("UNWANTED3") == set()
    assert stage.sandbox.game.asked_after_grant() == []


async def test_the_summary_says_why_players_failed_and_what_to_do(stage: Stage) -> None:
    """A wrong kingdom, a player who is gone, one whose level is too low and an answer that nobody knows."""
    game = stage.sandbox.game
    async with town(stage, players=5) as place:
        game.script(40020, "USER INFO ERROR.", player_id="101", code="MIXED1")
        game.script(40001, "role not exist.", player_id="102", code="MIXED1")
        game.script(40006, "STOVE_LV ERROR.", player_id="103", code="MIXED1")
        game.script(49999, "WHAT IS THIS.", player_id="104", code="MIXED1")
        await place.publish("MIXED1")
        await place.admin.command("autoredeem run", code="mixed1")
        shown = await place.shows("MIXED1: waiting", "4 of 5")
        assert "Wrong kingdom: 1 player\nThe kingdom is wrong" in shown
        assert "No such player: 1 player" in shown
        assert "Not eligible yet: 1 player" in shown
        assert "again daily until the code expires" in shown
        assert "Unknown answer: 1 player" in shown
        assert "**1** redeemed" in shown
        assert "goes on" in await place.status("**MIXED1** waits")
        await place.admin.command("autoredeem stop", code="MIXED1")
        await place.shows("MIXED1: stopped", "/autoredeem resume MIXED1")


async def test_a_job_is_stopped_and_resumed_while_another_goes_on(stage: Stage) -> None:
    """Stop ends that one; what was not asked is asked after the resume, and nobody is asked again."""
    game = stage.sandbox.game
    async with town(stage) as place:
        await place.publish("HELD1", "FREE2")
        held = game.faults.hold(code="HELD1")
        started = await place.admin.command("autoredeem run", code="HELD1")
        assert "is being redeemed for every player" in started.text
        await held.held()
        again = await place.admin.command("autoredeem run", code="HELD1")
        assert "already running" in again.text
        choices = await place.admin.autocomplete("autoredeem stop", option="code", value="he")
        assert [choice["value"] for choice in choices] == ["HELD1"]
        await place.status("**HELD1** runs", "asked up to")
        stopped = await place.admin.command("autoredeem stop", code="HELD1")
        assert "/autoredeem resume HELD1" in stopped.text
        await place.admin.command("autoredeem run", code="FREE2")
        await place.shows("HELD1: stopped", "/autoredeem resume HELD1")
        held.release()
        await place.shows("FREE2: finished", message=1)
        assert "HELD1: stopped" in place.progress()
        twice = await place.admin.command("autoredeem stop", code="HELD1")
        assert "is not being redeemed" in twice.text
        choices = await place.admin.autocomplete("autoredeem resume", option="code", value="")
        assert [choice["value"] for choice in choices] == ["HELD1"]
        resumed = await place.admin.command("autoredeem resume", code="HELD1")
        assert "goes on where it was" in resumed.text
        await place.shows("HELD1: finished", "3 of 3")
        assert "is not stopped" in (await place.admin.command("autoredeem resume", code="HELD1")).text
    assert len(stage.sandbox.world.messages(place.channel)) == 2
    assert set(game.grants.values()) == {1}
    assert game.asked_after_grant() == []


async def test_a_progress_message_that_is_deleted_comes_again(stage: Stage) -> None:
    """A moderator deletes it in the middle of the job: the rest is shown in a new one."""
    async with town(stage) as place:
        await place.publish("GONE1")
        held = stage.sandbox.game.faults.hold(code="GONE1")
        await place.admin.command("autoredeem run", code="GONE1")
        await place.shows("Redeeming GONE1")
        [message] = stage.sandbox.world.messages(place.channel)
        stage.sandbox.world.delete_message(message)
        held.release()
        await place.shows("GONE1: finished", "3 of 3")
    assert len(stage.sandbox.world.messages(place.channel)) == 1


async def test_one_message_per_job_also_after_a_restart(stage: Stage) -> None:
    """The bot stops in the middle; the next one resumes the job, and goes on in the same message."""
    async with town(stage) as place:
        await place.publish("BROKEN1")
    async with stage.bot(GAME_RATE_PER_MINUTE="30", GAME_PLAYER_SPACING="0"):
        await place.admin.command("autoredeem run", code="BROKEN1")
        await stage.sandbox.game.wait(1, code="BROKEN1")
        await place.shows("Redeeming BROKEN1")
    assert len(stage.sandbox.game.holders("BROKEN1")) < 3
    async with stage.bot(GAME_RATE_PER_MINUTE="6000", GAME_PLAYER_SPACING="0"):
        await place.shows("BROKEN1: finished", "3 of 3")
    assert len(stage.sandbox.world.messages(place.channel)) == 1
    assert stage.sandbox.game.asked_after_grant() == []


async def test_autoredeem_is_for_managers_only(stage: Stage) -> None:
    """Discord does not offer it to others; who forces it, or presses an old button, is refused by the bot."""
    commands = ["on", "off", "run", "status", "history"]
    async with town(stage) as place:
        member = place.members[0]
        with pytest.raises(DriverRefused):
            await member.command("autoredeem status")
        for name in commands:
            assert "Manage Server" in (await member.command(f"autoredeem {name}", force=True)).text
        for name in ("stop", "resume"):
            assert "Manage Server" in (await member.command(f"autoredeem {name}", force=True, code="ABC")).text
        await place.publish("DONE1")
        await place.admin.command("autoredeem run", code="DONE1")
        await place.shows("DONE1: finished")
        history = await place.admin.command("autoredeem history")
        place.guild.change_member(place.admin.member, roles=())
        assert "Manage Server" in (await history.press("Results of DONE1")).text


async def test_autoredeem_says_what_cannot_be_done(stage: Stage) -> None:
    """No players, no such code, nothing running, nothing finished: a sentence each, and nothing is asked."""
    async with town(stage, players=0) as place:
        await place.publish("LONELY1")
        admin = place.admin
        assert "No player is registered" in (await admin.command("autoredeem run", code="LONELY1")).text
        assert "not an active code" in (await admin.command("autoredeem run", code="NOSUCH1")).text
        assert "is not a gift code" in (await admin.command("autoredeem run", code="no such code!")).text
        assert "nothing to start" in (await admin.command("autoredeem run")).text
        assert "Nothing is being redeemed" in (await admin.command("autoredeem status")).text
        assert "No job has finished" in (await admin.command("autoredeem history")).text
    assert len(stage.sandbox.game.calls.of()) == 0


async def test_redeem_is_for_ones_own_players(stage: Stage) -> None:
    """One code now, for all of one's players or the one that is named, and never for somebody else's."""
    async with town(stage, players=2) as place:
        ada, bob = place.members
        visitor = stage.sandbox.user(place.guild, name="visitor")
        await (await ada.command("player add", id="555", kingdom=KINGDOM, nickname="Second")).shows("is registered")
        await place.publish("NOW111")
        choices = await ada.autocomplete("redeem", option="player", value="sec")
        assert [choice["value"] for choice in choices] == ["555"]
        choices = await ada.autocomplete("redeem", option="code", value="no")
        assert [choice["value"] for choice in choices] == ["NOW111"]
        answer = await ada.command("redeem", code="NOW111", player="555")
        assert answer.ephemeral
        await answer.shows("is redeemed")
        assert stage.sandbox.game.holders("NOW111") == {"555"}
        answer = await ada.command("redeem", code="now111")
        await answer.shows("101: **NOW111** is redeemed")
        assert "Second (555): **NOW111** is redeemed" in answer.text
        assert "none of your players" in (await bob.command("redeem", code="NOW111", player="101")).text
        assert "no player in this server" in (await visitor.command("redeem", code="NOW111")).text
        assert "not an active code" in (await bob.command("redeem", code="NOSUCH1")).text
    assert stage.sandbox.game.holders("NOW111") == {"101", "555"}
    assert stage.sandbox.game.asked_after_grant() == []


async def test_the_status_says_why_the_game_is_not_asked(stage: Stage) -> None:
    """Switched off by the operator, or refused by the game: in plain words, in the status and in the message."""
    async with town(stage) as place:
        await place.publish("SIGNED1")
        stage.sandbox.game.script(40001, "sign error")
        await place.admin.command("autoredeem run", code="SIGNED1")
        await place.shows("SIGNED1: waiting", "does not accept the bot")
        assert "does not accept the bot" in await place.status("**SIGNED1** waits")

"""The panel's page about redemption, and the channel in which messages register players."""

from __future__ import annotations

import pytest

from giftbot.sandbox import Actor, Answer, text_of
from giftbot.sandbox.nouns import Channel
from tests.e2e.stage import NEEDED, Stage

MESSAGE_CONTENT = 1 << 19
"""The application's flag for the privileged intent."""


async def second_page(admin: Actor) -> Answer:
    """The panel, turned to redemption."""
    panel = await admin.command("giftcodesettings")
    await panel.press("Redemption…")
    await panel.shows("Redemption settings")
    return panel


async def test_everything_about_redemption_is_set_on_the_second_page(stage: Stage) -> None:
    """Channel, kingdom and auto-redeem are chosen, shown, kept over a restart, and taken back."""
    _, channel, admin = stage.add_server()
    async with stage.bot(GAME_RATE_PER_MINUTE="6000"):
        panel = await second_page(admin)
        assert panel.ephemeral
        assert "shown nowhere" in panel.text
        await panel.select("set-redeem-channel:", [channel.id])
        await panel.shows(f"is shown in <#{channel.id}>")
        await panel.press("Turn auto-redeem on")
        await panel.shows("Auto-redeem is on")
        await (await panel.press("Default kingdom…")).submit({"kingdom": " #312 "})
        await panel.shows("in kingdom 312 from now on")
        await panel.press("Back")
        await panel.shows("Gift code settings")
        assert "Turn posting off" in panel.buttons
    async with stage.bot(GAME_RATE_PER_MINUTE="6000"):
        panel = await second_page(admin)
        assert f"<#{channel.id}>" in panel.text
        assert "312" in panel.text
        assert "for every player" in panel.text
        await panel.press("Show no progress")
        await panel.shows("is not shown any more")
        await (await panel.press("Default kingdom…")).submit({"kingdom": ""})
        await panel.shows("no default kingdom any more")
        await panel.press("Turn auto-redeem off")
        await panel.shows("Auto-redeem is off")


@pytest.mark.parametrize("kingdom", ["0", "10000", "abc", "-5"])
async def test_a_kingdom_that_is_none_is_refused_with_a_sentence(stage: Stage, kingdom: str) -> None:
    """The panel says what a kingdom is, and nothing is changed."""
    _, _, admin = stage.add_server()
    async with stage.bot():
        panel = await second_page(admin)
        await (await panel.press("Default kingdom…")).submit({"kingdom": kingdom})
        await panel.shows("1 to 9,999")
        assert "Default kingdom\nnone" in panel.text


@pytest.mark.parametrize(("permission", "name"), NEEDED)
async def test_a_redeem_channel_where_the_bot_lacks_a_permission_is_refused_by_name(
    stage: Stage, permission: str, name: str
) -> None:
    """Checked at once, as for the channel of posts."""
    guild, channel, admin = stage.add_server()
    stage.sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny=permission)
    async with stage.bot():
        panel = await second_page(admin)
        await panel.select("set-redeem-channel:", [channel.id])
        await panel.shows(name)
        assert "shown nowhere" in panel.text


async def test_the_second_page_is_for_managers_as_well(stage: Stage) -> None:
    """Every button and menu checks again: rights may be gone since the panel was opened."""
    guild, channel, admin = stage.add_server()
    async with stage.bot():
        panel = await second_page(admin)
        modal = await panel.press("Default kingdom…")
        guild.change_member(admin.member, roles=())
        pressed = [await panel.press(label) for label in ("Turn auto-redeem on", "Default kingdom…", "Back")]
        pressed.append(await panel.select("set-redeem-channel:", [channel.id]))
        pressed.append(await modal.submit({"kingdom": "5"}))
        for answer in pressed:
            assert "Manage Server" in answer.text


def answers(stage: Stage, channel: Channel) -> list[str]:
    """What the bot wrote in a channel."""
    messages = stage.sandbox.world.messages(channel)
    return [text_of(one) for one in messages if one["author"]["id"] == str(stage.sandbox.world.bot.id)]


async def test_a_bare_player_id_registers_its_author_where_the_server_wants_that(stage: Stage) -> None:
    """In that channel only, and everything else that is written there is ignored."""
    stage.sandbox.world.application.flags |= MESSAGE_CONTENT
    guild, channel, admin = stage.add_server()
    other = guild.channel("general")
    ada, bob = (stage.sandbox.user(guild, name=name) for name in ("ada", "bob"))
    stage.sandbox.game.add_player("111", 7)
    settings = {"GIFTBOT_REGISTER_BY_MESSAGE": "true", "GAME_RATE_PER_MINUTE": "6000", "GAME_PLAYER_SPACING": "0"}
    async with stage.bot(**settings):  # type: ignore[arg-type] # mypy takes them for `scale`
        panel = await second_page(admin)
        await panel.select("set-register-channel:", [channel.id])
        await panel.shows(f"in <#{channel.id}> registers that player")
        ada.say(other, "111 7")
        for words in ("hello", "111 is my id", "12345678901234567890123", "111 7 8", "١١١ 7", ""):
            ada.say(channel, words)
        asked = ada.say(channel, " 111 #7 ")
        await stage.sandbox.until(lambda: answers(stage, channel), what="the answer")
        [answer] = stage.sandbox.world.messages(channel)[-1:]
        assert "111 is registered in kingdom 7" in answer["content"]
        assert answer["message_reference"]["message_id"] == asked["id"]
        assert answer["mentions"] == []
        bob.say(channel, "111 7")
        await stage.sandbox.until(lambda: len(answers(stage, channel)) == 2, what="the refusal")
        assert "belongs to somebody else" in answers(stage, channel)[1]
        bob.say(channel, "111")
        await stage.sandbox.until(lambda: len(answers(stage, channel)) == 3, what="the refusal")
        mine = await ada.command("player mine")
        assert "111" in mine.text
        await panel.press("No registering by message")
        await panel.shows("do not register players any more")
        ada.say(channel, "222 7")
        assert "111" in (await ada.command("player mine")).text
    assert answers(stage, other) == []
    assert len(answers(stage, channel)) == 3


async def test_without_the_operator_s_leave_nobody_registers_by_message(stage: Stage) -> None:
    """Off by default: no intent is asked for, and the panel does not offer it."""
    _, _, admin = stage.add_server()
    async with stage.bot():
        panel = await second_page(admin)
        assert "by message" not in panel.text
        assert "No registering by message" not in panel.buttons
    assert all(not one.intents & (1 << 15) for one in stage.sandbox.gateway.identifies)

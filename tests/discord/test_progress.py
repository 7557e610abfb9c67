"""Progress messages as Discord gets them."""

from __future__ import annotations

import pytest

from giftbot.discord.progress import DiscordProgressBoard
from giftbot.models.ids import ChannelId, MessageId
from giftbot.models.post import Field, Page
from giftbot.sandbox import FaultKind, Sandbox
from tests.discord.conftest import Rest

PAGE = Page("Redeeming SUMMER", "`███` 3 of 10", (Field("Wrong kingdom: 1 player", "What to do"),))
NONCE = "n" * 24


async def test_a_page_is_sent_once_and_edited_in_place(sandbox: Sandbox, rest: Rest) -> None:
    """The same nonce gives the same message; an edit changes it, and nobody is mentioned by either."""
    channel = sandbox.world.add_guild().channel("codes")
    board = DiscordProgressBoard(rest.client)
    message_id = await board.post(ChannelId(channel.id), PAGE, NONCE)
    assert message_id is not None
    assert await board.post(ChannelId(channel.id), PAGE, NONCE) == message_id
    assert await board.edit(ChannelId(channel.id), message_id, Page("SUMMER: finished", "<@1> @everyone"))
    [message] = sandbox.world.messages(channel)
    assert message["embeds"][0]["title"] == "SUMMER: finished"
    sent = [*sandbox.requests.of(method="POST"), *sandbox.requests.of(method="PATCH")]
    bodies = [request.body for request in sent if isinstance(request.body, dict)]
    assert [body["allowed_mentions"]["parse"] for body in bodies] == [[], [], []]


async def test_a_message_that_is_gone_or_out_of_reach_is_told_from_one_that_could_not_be_edited(
    sandbox: Sandbox, rest: Rest
) -> None:
    """False where another message is to be sent, None where it is worth trying again."""
    guild = sandbox.world.add_guild()
    channel = guild.channel("codes")
    board = DiscordProgressBoard(rest.client)
    message_id = await board.post(ChannelId(channel.id), PAGE, NONCE)
    assert message_id is not None
    for status in (500, 503):
        sandbox.faults.add(kind=FaultKind.STATUS, method="PATCH", status=status)
        assert await board.edit(ChannelId(channel.id), message_id, PAGE) is None
    sandbox.faults.add(kind=FaultKind.DROP, method="PATCH")
    assert await board.edit(ChannelId(channel.id), message_id, PAGE) is None
    assert await board.edit(ChannelId(channel.id), MessageId(1), PAGE) is False
    sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny="VIEW_CHANNEL")
    assert await board.edit(ChannelId(channel.id), message_id, PAGE) is False


@pytest.mark.parametrize("permission", ["VIEW_CHANNEL", "SEND_MESSAGES", "EMBED_LINKS"])
async def test_a_channel_that_takes_no_messages_is_no_error(sandbox: Sandbox, rest: Rest, permission: str) -> None:
    """None is all that comes of it."""
    guild = sandbox.world.add_guild()
    channel = guild.channel("codes")
    sandbox.world.set_overwrite(channel, guild.roles[guild.bot_role_id], deny=permission)
    assert await DiscordProgressBoard(rest.client).post(ChannelId(channel.id), PAGE, NONCE) is None
    assert await DiscordProgressBoard(rest.client).post(ChannelId(1), PAGE, NONCE) is None

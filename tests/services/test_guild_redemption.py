"""What servers choose about redemption."""

from __future__ import annotations

import pytest

from giftbot.errors import InvalidInputError
from giftbot.models.ids import ChannelId, GuildId
from tests.services.conftest import House

SERVER, CHANNEL = GuildId(1), ChannelId(10)


async def test_choices_about_redemption_are_kept_and_leave_the_others_alone(house: House) -> None:
    """Each is stored by itself, and can be taken back."""
    await house.server()
    await house.guilds.choose_redeem_channel(SERVER, ChannelId(20))
    await house.guilds.choose_register_channel(SERVER, ChannelId(30))
    await house.guilds.choose_kingdom(SERVER, 312)
    await house.guilds.turn_redeeming(SERVER, on=True)
    settings = await house.guilds.get(SERVER)
    assert (settings.channel_id, settings.redeem_channel_id, settings.register_channel_id) == (10, 20, 30)
    assert (settings.default_kingdom, settings.auto_redeem) == (312, True)
    assert house.guilds.known_register_channels == {SERVER: 30}
    await house.guilds.choose_redeem_channel(SERVER, None)
    await house.guilds.choose_register_channel(SERVER, None)
    await house.guilds.choose_kingdom(SERVER, None)
    await house.guilds.turn_redeeming(SERVER, on=False)
    settings = await house.guilds.get(SERVER)
    assert (settings.channel_id, settings.redeem_channel_id, settings.register_channel_id) == (10, None, None)
    assert (settings.default_kingdom, settings.auto_redeem) == (None, False)
    assert house.guilds.known_register_channels == {}


async def test_channels_in_which_the_bot_may_not_write_are_refused(house: House) -> None:
    """With the names of what is missing, and nothing is stored."""
    house.channels.missing = ("Send Messages",)
    for choose in (house.guilds.choose_redeem_channel, house.guilds.choose_register_channel):
        with pytest.raises(InvalidInputError, match="Send Messages"):
            await choose(SERVER, CHANNEL)
    settings = await house.guilds.get(SERVER)
    assert (settings.redeem_channel_id, settings.register_channel_id) == (None, None)


async def test_a_server_that_only_redeems_is_noted_when_it_is_left_and_joined_again(house: House) -> None:
    """It has no channel for posts, and nothing is skipped or posted for it; its choices stay."""
    await house.guilds.turn_redeeming(SERVER, on=True)
    await house.guilds.left(SERVER)
    assert (await house.guilds.get(SERVER)).left_at is not None
    assert SERVER in house.guilds.known_left
    await house.guilds.joined(SERVER)
    settings = await house.guilds.get(SERVER)
    assert (settings.left_at, settings.backfill, settings.auto_redeem) == (None, None, True)
    assert SERVER not in house.guilds.known_left


async def test_leaving_a_server_that_chose_nothing_leaves_nothing_behind(house: House) -> None:
    """No row is written for it."""
    await house.guilds.left(SERVER)
    assert await house.store.get_guilds([SERVER]) == {}


async def test_where_messages_register_is_known_after_a_restart(house: House) -> None:
    """It is learnt with the other settings, before the bot connects."""
    await house.guilds.choose_register_channel(SERVER, CHANNEL)
    house.guilds.known_register_channels.clear()
    await house.guilds.load()
    assert house.guilds.known_register_channels == {SERVER: CHANNEL}

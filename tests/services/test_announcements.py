"""What is to be posted where."""

from __future__ import annotations

import pytest

from giftbot.errors import InvalidInputError
from giftbot.models.guild import Backfill
from giftbot.models.ids import ChannelId, CodeKey, GuildId
from tests.services.conftest import House

ONE = GuildId(1)


async def test_a_reset_while_posting_is_off_takes_effect_when_it_is_on(house: House) -> None:
    """The codes active then are posted again once posting is turned on, as the question promised."""
    await house.server()
    house.sources[0].lists("AGAIN11")
    await house.check()
    await house.announcements.mark_codes_sent(ONE, [CodeKey("AGAIN11")])
    await house.guilds.turn_posting(ONE, on=False)
    await house.announcements.reset(ONE)
    await house.announcements.backfill_leftovers()
    assert await house.pending() == set()
    await house.guilds.turn_posting(ONE, on=True)
    await house.announcements.backfill_leftovers()
    assert await house.pending() == {"AGAIN11"}


async def test_only_new_ones_holds_for_codes_found_before_it_was_chosen(house: House) -> None:
    """What was active is skipped, and stays skipped; "post now" chosen later revives it."""
    house.sources[0].lists("BEFORE1")
    await house.check()
    await house.server()
    await house.guilds.begin(ONE, Backfill.SKIP)
    house.clock.advance(minutes=1)
    house.sources[0].lists("BEFORE1", "AFTER11")
    await house.check()
    assert await house.pending() == {"AFTER11"}
    await house.guilds.begin(ONE, Backfill.POST)
    assert await house.pending() == {"AFTER11", "BEFORE1"}


async def test_a_channel_that_refuses_is_told_of_once_and_again_after_it_was_repaired(house: House) -> None:
    """The admin and the owner hear of each break once, even when it is refused many times."""
    await house.server()
    for _ in range(3):
        await house.guilds.disable(ONE, ChannelId(10), "Missing Permissions (50013)")
    assert len(house.people.admins) == len(house.people.owner) == 1
    await house.guilds.choose_channel(ONE, ChannelId(10))
    await house.guilds.disable(ONE, ChannelId(10), "Missing Permissions (50013)")
    assert len(house.people.admins) == len(house.people.owner) == 2
    await house.guilds.choose_channel(ONE, ChannelId(11))
    await house.guilds.disable(ONE, ChannelId(10), "a late refusal of the old channel")
    assert (await house.guilds.get(ONE)).is_posting


async def test_an_admin_who_cannot_be_reached_yet_is_told_later(house: House) -> None:
    """Discord is away while the channel breaks: the message comes when it is back, once."""
    await house.server()
    house.people.reachable = False
    await house.guilds.disable(ONE, ChannelId(10), "gone")
    house.people.reachable = True
    await house.notices.tell_leftovers()
    await house.notices.tell_leftovers()
    assert len(house.people.admins) == 1
    assert not (await house.guilds.get(ONE)).is_posting


async def test_a_role_that_cannot_be_mentioned_in_the_new_channel_is_said(house: House) -> None:
    """Choosing another channel checks the role that was chosen before."""
    await house.server()
    house.channels.missing = ("Mention Everyone",)
    with pytest.raises(InvalidInputError, match="Mention Everyone"):
        await house.guilds.choose_channel(ONE, ChannelId(11))


async def test_the_owner_gets_one_message_for_all_codes_of_a_check(house: House) -> None:
    """Twelve new codes are one notice, and a second fan-out of the same codes is none."""
    house.sources[0].lists(*(f"NEW{number:03}" for number in range(12)))
    await house.check()
    await house.check()
    [notice] = house.people.owner
    assert "12 new gift codes" in notice.text
    assert "and 2 more" in notice.text

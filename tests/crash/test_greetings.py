"""Messages about joins survive crashes: told late, not lost, and no more than once more."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from giftbot.models.ids import ChannelId
from giftbot.models.invite_settings import InviteSettings
from giftbot.sandbox import text_of
from tests.crash.cases import Case, open_case
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Point
from tests.crash.test_invites import house_of

DIES = [
    (Point("store.commit_batch", Moment.AFTER, 2), 0, 1),
    (Point("store.save_invite_settings", Moment.BEFORE), 1, 2),
    (Point("store.save_invite_settings", Moment.AFTER), 1, 1),
]
"""Decided and not told; told and not noted; noted. And how often it is told by then, and in the end."""


def said(case: Case) -> list[str]:
    """What the bot wrote about joins."""
    texts = map(text_of, case.sandbox.world.messages(case.channels[0]))
    return [words for words in texts if "joined." in words]


async def until_said(case: Case, count: int) -> None:
    """Wait until it wrote so many messages."""
    await case.sandbox.until(lambda: len(said(case)) >= count, what=f"{count} messages")


@pytest.mark.parametrize(("point", "told", "in_the_end"), DIES, ids=str)
async def test_the_bot_dies_around_a_message(
    places: Places, tmp_path: Path, point: Point, told: int, in_the_end: int
) -> None:
    """The next process makes up for it; the one after that has nothing to make up for."""
    async with open_case(places(tmp_path), servers=1, codes=0) as case:
        home = house_of(case)
        invite = home.guild.invites.create(inviter=home.inviter())
        channel_id = ChannelId(case.channels[0].id)
        assert await case.store.save_invite_settings(InviteSettings(home.id, join_channel_id=channel_id))
        first = case.start(point)
        await home.settled()
        (member,) = home.joins(invite.code)
        assert await first.ended() == -signal.SIGKILL
        assert len(said(case)) == told
        for number in range(2):
            bot = case.start()
            await until_said(case, in_the_end)
            await home.decided([member])
            home.joins(invite.code)  # it is told after whatever was left
            count = in_the_end + number + 1
            await until_said(case, count)
            assert len(said(case)) == count
            assert await bot.stopped() == 0
        assert sum(f"<@{member.user.id}>" in words for words in said(case)) == in_the_end

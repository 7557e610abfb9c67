"""How a server's invites stand, as admins see it: what is seen, what is missing, and the copies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from giftbot.sandbox.answer import text_of
from giftbot.services.invites.envelope import LARGEST_COPY
from giftbot.stores.copy_file import COPY_NAME
from tests.e2e.arrivals import LIST
from tests.e2e.offices import Office, open_office
from tests.e2e.stage import Stage

BLIND = "VIEW_CHANNEL|SEND_MESSAGES|EMBED_LINKS|READ_MESSAGE_HISTORY"


async def test_debug_and_refresh(office: Office) -> None:
    """Live against cached by one look; a refresh says what moved; every invite with its owner, in pages."""
    home = office.home
    link = home.guild.invites.create(inviter=office.ann, uses=3)
    for _ in range(10):
        home.guild.invites.create(inviter=office.ben)
    async with home.stage.bot():
        await home.settled()
        shown = await office.asks("debug_invites")
        assert "/invites** says who brought whom" in await office.asks("help")
        assert "I see all invites with their uses." in shown
        assert "11 equal, 0 different" in shown
        home.guild.invites.count(link, 2)
        looks = home.sandbox.requests.count(method="GET", route=LIST)
        debug = await (await office.admin.command("debug_invites")).settled()
        assert home.sandbox.requests.count(method="GET", route=LIST) == looks + 1
        assert f"`{link.code}`: 5 live, 3 cached" in debug.text
        await (await debug.press("Invites")).settled()
        assert f"`{link.code}` **3** uses, made by **ann\\_**" in debug.text
        assert "11 invites, page 1 of 2" in debug.text
        await (await debug.press("Next")).settled()
        assert "page 2 of 2" in debug.text
        done = await office.asks("refresh_invite_cache")
        assert f"`{link.code}`: 3 to 5 (+2)" in done
        assert "11 invites looked at and saved" in done
        await (await debug.press("Overview")).settled()
        await (await debug.press("Channels")).settled()
        assert f"<#{office.hall.id}> (codes): told of new and deleted invites, can make invites" in debug.text
        await (await debug.press("Overview")).settled()
        assert "11 equal, 0 different" in debug.text
        assert f"`{link.code}`: 2 since" in debug.text
        assert "tables" in debug.text


def tampered(copy: Path) -> None:
    """Somebody wrote another name."""
    copy.write_text(copy.read_text("utf-8").replace('"ann_"', '"eve_"'), "utf-8")


def truncated(copy: Path) -> None:
    """Its end is missing."""
    copy.write_bytes(copy.read_bytes()[:-100])


def foreign(copy: Path) -> None:
    """It is something else."""
    copy.write_text('{"users": [1, 2, 3]}', "utf-8")


def too_large(copy: Path) -> None:
    """It is larger than a copy may be."""
    os.truncate(copy, LARGEST_COPY + 1)


@pytest.mark.parametrize("spoil", [tampered, truncated, foreign, too_large])
async def test_a_copy_that_cannot_be_used_is_refused_and_shown(
    office: Office, spoil: Callable[[Path], None]
) -> None:
    """The tables have everything; what was found in the file, and why it is not used, can be read."""
    home = office.home
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        await home.settled()
        (member,) = await home.joined(link.code)
        shown = await office.asks("debug_invites")
        assert "refused" not in shown
    copy = home.stage.directory / COPY_NAME
    spoil(copy)
    spoilt = copy.stat().st_ino
    async with home.stage.bot():
        await home.settled()
        assert "**local**" in (shown := await office.asks("debug_invites"))
        assert "refused: " in shown
        await home.joined(link.code)
        await home.sandbox.until(lambda: copy.exists() and copy.stat().st_ino != spoilt, what="another copy")
        assert "one before was refused: " in await office.asks("debug_invites")
        assert "**ann\\_**" in await office.asks("invites who", member=member.user_id)


async def test_without_the_permission_one_notice_and_no_calls(stage: Stage) -> None:
    """The reason is stored with each join and shown; debug and refresh say what is missing."""
    office = open_office(stage, BLIND)
    home = office.home
    link = home.guild.invites.create(inviter=office.ann)
    async with home.stage.bot():
        (one, _) = await home.joined(link.code, 2)
        await home.joined(link.code)
        shown = await office.asks("invites who", member=one.user_id)
        assert "in a way that I could not make out" in shown
        assert "it needs Manage Server" in shown
        assert "I may not see invites" in await office.asks("debug_invites")
        assert "I lack Manage Server" in await office.asks("refresh_invite_cache")
        assert home.sandbox.requests.count(method="GET", route=LIST) == 0
        owner = home.sandbox.world.users[home.guild.owner_id]
        messages = home.sandbox.world.direct_messages
        await home.sandbox.until(lambda: messages(owner), what="a notice")
        assert ["I lack Manage Server" in text_of(one) for one in messages(owner)] == [True]

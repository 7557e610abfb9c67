"""Discord says no: what is given up, what waits, and what nobody can know."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from giftbot.models.announcement import Announcement, AnnouncementState
from giftbot.sandbox import FaultKind, text_of
from tests.crash.cases import Case, open_case
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Point

MESSAGES = "/channels/{channel_id}/messages"
UNSCALED = 1.0
CLOCKS = 0.05
"""Seconds by which two clocks of this machine may disagree on a wait."""


def _to(case: Case, number: int = 0) -> re.Pattern[str]:
    return re.compile(f"^/channels/{case.channels[number].id}/messages$")


def _moments(case: Case) -> list[float]:
    """When messages were sent to the first server's channel."""
    return [one.at for one in case.sandbox.requests.of(method="POST", route=MESSAGES) if _to(case).match(one.path)]


@pytest.mark.parametrize(
    ("scope", "retry_after"),
    [("user", 1.0), ("shared", 1.0), ("global", 1.0), pytest.param("user", 5.5, id="longer than hikari waits")],
)
async def test_a_rate_limit_is_waited_for(scope: str, retry_after: float, places: Places, tmp_path: Path) -> None:
    """After 429 nothing is sent to the channel for as long as Discord says, and then one message.

    The channel has been used before: hikari does not wait for the global limit on a bucket that it does not know.
    """
    async with open_case(places(tmp_path), servers=1, codes=1) as case:
        bot = case.start(scale=UNSCALED)
        assert await case.settled()
        case.sandbox.faults.add(
            kind=FaultKind.RATE_LIMIT, method="POST", route=_to(case), scope=scope, retry_after=retry_after
        )
        case.codes += ("LATER01",)
        case.publish()
        assert await case.settled()
        assert await bot.stopped() == 0
        assert await case.problems() == []
        _, refused, *others = _moments(case)
        assert [at - refused >= retry_after - CLOCKS for at in others] == [True]


REFUSALS = {
    "Missing Access": (403, 50001),
    "Missing Permissions": (403, 50013),
    "Unknown Channel": (404, 10003),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_disables_the_channel_for_good_and_is_told_once(
    name: str, places: Places, tmp_path: Path
) -> None:
    """One refused request: no retry, not after a restart either; the other servers get their message."""
    status, code = REFUSALS[name]
    async with open_case(places(tmp_path), servers=3, codes=1) as case:
        body = {"message": name, "code": code}
        fault = case.sandbox.faults.add(
            kind=FaultKind.STATUS, method="POST", route=_to(case), status=status, body=body, times=None
        )
        await _start_twice(case)
        assert fault.hits == 1
        assert list(case.shown().values()) == [0, 1, 1]
        [refused] = [row for row in await case.rows() if row.state is AnnouncementState.FAILED]
        assert str(code) in (refused.reason or "")
        settings = await case.store.get_guilds([refused.guild_id])
        assert settings[refused.guild_id].disabled_reason is not None
        assert len(_told(case, "refuses messages")) == 1


async def test_a_malformed_post_is_parked_and_the_others_go_on(places: Places, tmp_path: Path) -> None:
    """400 is our own bug: that row is parked, not sent again after a restart, and the owner hears of it once."""
    async with open_case(places(tmp_path), servers=3, codes=1) as case:
        body = {"message": "Invalid Form Body", "code": 50035}
        fault = case.sandbox.faults.add(
            kind=FaultKind.STATUS, method="POST", route=_to(case), status=400, body=body, times=None
        )
        await _start_twice(case)
        assert fault.hits == 1
        assert list(case.shown().values()) == [0, 1, 1]
        assert len(_told(case, "malformed")) == 1


async def _start_twice(case: Case) -> None:
    """Run until everything is decided, and once more until the sources were asked again."""
    first = case.start()
    assert await case.until_rows(lambda rows: len(rows) == 3 and all(map(_is_final, rows)))
    await case.sandbox.until(lambda: case.sandbox.world.direct_messages(case.sandbox.world.owner), what="a notice")
    assert await first.stopped() == 0
    declared = case.declared
    second = case.start()
    await case.ready(second, declared)
    await case.sandbox.sources.wait("json", case.sandbox.sources.hits["json"] + 2)
    assert await second.stopped() == 0


def _is_final(row: Announcement) -> bool:
    return row.state in {AnnouncementState.SENT, AnnouncementState.FAILED}


def _told(case: Case, words: str) -> list[str]:
    told = map(text_of, case.sandbox.world.direct_messages(case.sandbox.world.owner))
    return [text for text in told if words in text]


async def test_a_token_that_is_not_accepted_any_more_ends_the_process(places: Places, tmp_path: Path) -> None:
    """401 while posting: exit code 78, one sentence, nothing sent; with a good token everything is posted once."""
    async with open_case(places(tmp_path), servers=3, codes=1) as case:
        fault = case.sandbox.faults.add(
            kind=FaultKind.STATUS, method="POST", route=re.compile(r"/messages$"), status=401, times=None
        )
        bot = case.start()
        assert await bot.ended() == 78
        said = (tmp_path / "bot.log").read_text().splitlines()
        assert [line for line in said if line.startswith("giftbot: ")] == [said[-1]]
        assert "token" in said[-1]
        case.sandbox.faults.remove(fault)
        last = case.start()
        assert await case.settled()
        assert await last.stopped() == 0
        assert await case.problems() == []


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_history_that_may_not_be_read_is_not_taken_for_an_empty_one(
    arrived: bool, places: Places, tmp_path: Path
) -> None:
    """Without Read Message History nobody can know: the row is `unknown` until an admin presses "Post again"."""
    async with open_case(places(tmp_path), servers=1, codes=2) as case:
        bot = case.start(Point("announcer.send", Moment.AFTER if arrived else Moment.BEFORE))
        assert await bot.ended() == -9
        guild, channel = case.guilds[0], case.channels[0]
        role = guild.roles[guild.bot_role_id]
        case.sandbox.world.set_overwrite(channel, role, deny="READ_MESSAGE_HISTORY")
        await case.outlive_window()
        last = case.start()
        assert await case.settled(state=AnnouncementState.UNKNOWN)
        await case.sandbox.sources.wait("json", case.sandbox.sources.hits["json"] + 2)
        assert set(case.shown().values()) == {int(arrived)}
        admin = case.sandbox.user(guild, name="admin", permissions="MANAGE_GUILD")
        panel = await admin.command("giftcodesettings")
        await panel.press("Post again")
        assert await case.settled()
        assert await last.stopped() == 0
        assert set(case.shown().values()) == {1 + int(arrived)}

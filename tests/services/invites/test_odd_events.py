"""Guests, channels that go, and events with nothing in them, as the actor meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.models.ids import ChannelId, GuildId, InviteCode, UserId
from giftbot.models.invite import Gone, Invite
from giftbot.models.invite_event import InviteEvent, InviteEventKind
from giftbot.models.join import Level, Source
from tests.fakes import START
from tests.services.invites.processes import Stage, staged
from tests.services.invites.server import OTHER
from tests.services.invites.town import CHANNELS, Gale, Town
from tests.services.invites.truths import check, check_all_rows, check_sound, found, held_uses
from tests.virtual_time import run

ONE = GuildId(1)
NewFile = Callable[[], Path]


async def begun(stage: Stage) -> Town:
    """A server with two invites in two channels, and a bot with a baseline."""
    gale = stage.discord = Gale(stage.clock, 0)
    town = gale.add_town(1)
    town.add_code("a", 101)
    town.add_code("b", 102, channel_id=CHANNELS[1])
    stage.start()
    await stage.clock.sleep(10)
    return town


def test_a_guest_is_no_member(new_file: NewFile) -> None:
    """No row, and no credit for the next member: the use is kept for a minute, then archived."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            town = await begun(stage)
            town.welcome_guest("a")
            await stage.clock.sleep(70)
            await stage.processes[0].actors.refresh(ONE)
            assert (await found(stage, ONE)).rows == ()
            await stage.clock.sleep(70)
            town.join("b")
            await stage.clock.sleep(20)
            seen = await check(stage, ONE)
            [row] = seen.rows
            assert (row.code, row.level) == ("b", Level.COUNTED)
            assert held_uses(seen.ledger) == {"a": 1, "b": 1}
            assert seen.ledger.claimed == {"b": 1}

    run(main())


def test_an_invite_whose_channel_is_deleted_is_gone_for_that_reason(new_file: NewFile) -> None:
    """Whoever came by it keeps what was counted; whoever comes later did not come by it."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            town = await begun(stage)
            came = town.join("b")
            await stage.clock.sleep(20)
            town.delete_channel(CHANNELS[1])
            await stage.clock.sleep(20)
            stones = (await found(stage, ONE)).ledger.tombstones
            assert [(stone.invite.code, stone.gone, stone.final_uses) for stone in stones] == [
                ("b", Gone.CHANNEL, None)
            ]
            later = town.join(OTHER)
            await stage.clock.sleep(20)
            seen = await check(stage, ONE)
            check_all_rows(seen)
            check_sound(seen)
            rows = {row.user_id: row for row in seen.rows}
            assert (rows[came].code, rows[came].level) == ("b", Level.COUNTED)
            assert (rows[later].source, rows[later].level) == (Source.OTHER, Level.INFERRED)
            assert "b" not in seen.ledger.invites

    run(main())


def test_a_limited_invite_that_goes_with_its_channel_is_not_taken_for_used_up(new_file: NewFile) -> None:
    """Somebody comes otherwise just then: nothing is certain."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            town = await begun(stage)
            town.add_code("short", 103, max_uses=1, channel_id=CHANNELS[2])
            await stage.clock.sleep(20)
            town.delete_channel(CHANNELS[2])
            town.join(OTHER)
            await stage.clock.sleep(20)
            seen = await check(stage, ONE)
            check_sound(seen)
            [row] = seen.rows
            assert row.level is Level.CANDIDATES
            assert {one.code for one in row.candidates} == {"short", None}

    run(main())


def test_a_channel_that_was_deleted_while_the_bot_was_down_makes_no_use(new_file: NewFile) -> None:
    """Its limited invite did not vanish by its last use, although nobody told of the channel."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            town = await begun(stage)
            town.add_code("short", 103, max_uses=1, channel_id=CHANNELS[2])
            await stage.clock.sleep(20)
            await stage.crash(stage.processes[0])
            town.delete_channel(CHANNELS[2])
            town.join(OTHER)
            await stage.clock.sleep(5)
            stage.start()
            await stage.clock.sleep(30)
            seen = await check(stage, ONE)
            check_sound(seen)
            assert [row.level for row in seen.rows] == [Level.CANDIDATES]
            assert [stone.gone for stone in seen.ledger.tombstones] == [Gone.CHANNEL]

    run(main())


BLANK = InviteEvent(ONE, 0, InviteEventKind.CREATED, START)
NOBODY, SOMEBODY = UserId(7), UserId(100_900)
BARE = Invite(InviteCode("bare"), 0)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(BLANK, id="made, without an invite"),
        pytest.param(attrs.evolve(BLANK, code=BARE.code, invite=BARE), id="made, without inviter or channel"),
        pytest.param(attrs.evolve(BLANK, kind=InviteEventKind.DELETED), id="gone, without a code"),
        pytest.param(
            attrs.evolve(BLANK, kind=InviteEventKind.DELETED, code=InviteCode("x")), id="gone, never seen before"
        ),
        pytest.param(attrs.evolve(BLANK, kind=InviteEventKind.CHANNEL_GONE), id="a channel without an id"),
        pytest.param(
            attrs.evolve(BLANK, kind=InviteEventKind.CHANNEL_GONE, channel_id=ChannelId(77)), id="unknown channel"
        ),
        pytest.param(
            attrs.evolve(BLANK, kind=InviteEventKind.JOINED, user_id=SOMEBODY, flags=(1 << 60) | (1 << 4)),
            id="a guest with flags that nobody knows",
        ),
        pytest.param(attrs.evolve(BLANK, kind=InviteEventKind.LEFT, user_id=NOBODY), id="a leave of a stranger"),
        pytest.param(attrs.evolve(BLANK, kind=InviteEventKind.ROLES, user_id=NOBODY), id="roles of a stranger"),
    ],
)
def test_an_event_with_nothing_in_it_stops_nothing(event: InviteEvent, new_file: NewFile) -> None:
    """Nothing fails, the event is dealt with in time, and the next join is counted."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            with capture_logs() as logged:
                town = await begun(stage)
                stage.processes[0].hear(event)
                await stage.clock.sleep(5)
                town.join("a")
                await stage.clock.sleep(120)
                await stage.processes[0].actors.refresh(ONE)
                await stage.clock.sleep(60)
                seen = await check(stage, ONE)
            check_all_rows(seen)
            assert [(row.code, row.level) for row in seen.rows] == [("a", Level.COUNTED)]
            assert [line for line in logged if line["log_level"] == "error"] == []

    run(main())


def test_a_member_of_whom_little_is_told_is_counted(new_file: NewFile) -> None:
    """Without a name, without the moment, with flags that nobody knows, by an invite of nobody's."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            town = await begun(stage)
            code = town.add_code("widget", 1)
            code.owner = None  # type: ignore[assignment]  # as of an invite that a widget made
            await stage.clock.sleep(40)
            town.codes["widget"].uses += 1
            odd = attrs.evolve(BLANK, kind=InviteEventKind.JOINED, user_id=SOMEBODY, flags=1 << 60)
            stage.processes[0].hear(odd)
            await stage.clock.sleep(30)
            seen = await found(stage, ONE)
            [row] = seen.rows
            assert (row.user_id, row.source, row.code) == (SOMEBODY, Source.WIDGET, "widget")
            assert (row.level, row.owner_id, seen.waiting) == (Level.COUNTED, None, 0)

    run(main())

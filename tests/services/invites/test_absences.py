"""What is missed while the bot may not look, is down, or hears of an end before the beginning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from giftbot.models.ids import ChannelId, GuildId, InviteCode
from giftbot.models.invite import Coverage, Gone, Unclaimed
from giftbot.models.invite_event import InviteEventKind
from giftbot.services.invites.ledgers import ledger_told
from tests.services.invites.processes import Stage, staged
from tests.services.invites.server import Server
from tests.services.invites.town import Gale
from tests.services.invites.truths import check, check_rows, found
from tests.services.invites.worlds import at, created, decided, invite, is_conserved, joined, ledger, look, told
from tests.virtual_time import run

ONE = GuildId(1)
NewFile = Callable[[], Path]


def begun(stage: Stage) -> Server:
    """A server in which the bot has a baseline after five seconds."""
    server = stage.discord.add_server(1)
    server.add_code("a", 101)
    stage.start()
    return server


def test_a_leave_is_noticed_though_the_bot_could_not_look_for_a_while(new_file: NewFile) -> None:
    """The permission was lost, the bot died, somebody left: their membership ends when it may look again."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            server = begun(stage)
            await stage.clock.sleep(5)
            user = server.join("a")
            await stage.clock.sleep(10)
            server.coverage = Coverage.NONE
            server.join("a")
            await stage.clock.sleep(60)
            await stage.crash(stage.processes[0])
            server.leave(user)
            await stage.clock.sleep(1)
            stage.start()
            await stage.clock.sleep(60)
            server.coverage = Coverage.FULL
            stage.processes[0].catch_up()
            await stage.clock.sleep(60)
            check_rows(await found(stage, ONE))

    run(main())


def test_who_left_before_they_were_decided_while_the_bot_was_down_is_gone(new_file: NewFile) -> None:
    """Their join is stored and waits for a look; nobody tells of their leave."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            gale = stage.discord = Gale(stage.clock, 0)
            server = gale.add_town(1)
            server.add_code("a", 101)
            stage.start()
            await stage.clock.sleep(5)
            gale.is_refusing = True
            user = server.join("a")
            await stage.clock.sleep(10)
            await stage.crash(stage.processes[0])
            server.leave(user)
            await stage.clock.sleep(1)
            gale.is_refusing = False
            stage.start()
            await stage.clock.sleep(90)
            assert len((await found(stage, ONE)).rows) == 1
            await check(stage, ONE)

    run(main())


def test_uses_that_were_left_over_are_kept_when_counting_begins_anew() -> None:
    """After the permission was lost the next look is a first one: what nobody had taken is archived."""
    left = Unclaimed(InviteCode("a"), 2, at(1))
    state = ledger(invite("a", 3), taken_at=None, unclaimed=(left,), archived={InviteCode("a"): 1})
    decision = decided(state, look(invite("a", 5), asked=1), joined(1, 5))
    assert (decision.ledger.unclaimed, decision.ledger.archived) == ((), {"a": 3})
    assert is_conserved(state, decision)


def test_a_channel_that_is_heard_to_be_gone_before_its_invite_was_made_ends_it() -> None:
    """Otherwise it would seem to vanish by its last use."""
    gone = told(InviteEventKind.CHANNEL_GONE, 1, 3, channel_id=ChannelId(5))
    made = created(invite("short", max_uses=1), 2, 3.1)
    known = ledger_told(ledger(invite("b", channel_id=ChannelId(6))), [gone, made])
    assert list(known.invites) == ["b"]
    assert [(stone.invite.code, stone.gone) for stone in known.tombstones] == [("short", Gone.CHANNEL)]

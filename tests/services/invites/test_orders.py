"""What is told in another order, or looked at more often, leaves the same records, or surer ones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import attrs
import pytest

from giftbot.models.ids import GuildId, InviteCode, RoleId, UserId
from giftbot.models.invite import Gone
from giftbot.models.invite_event import InviteEvent
from giftbot.models.join import Join, Level
from tests.services.invites.network import Weather
from tests.services.invites.processes import Stage, staged
from tests.services.invites.server import OTHER, Server
from tests.services.invites.truths import Found, check, check_all_rows, check_sound, found
from tests.virtual_time import run

ONE = GuildId(1)
NewFile = Callable[[], Path]
Gist = tuple[dict[UserId, Join], dict[InviteCode, int], set[tuple[InviteCode, Gone]]]


def gist(seen: Found) -> Gist:
    """The records without the moments at which they were written."""
    rows = {
        row.user_id: attrs.evolve(row, updated_at=None, batch=None, uses_before=None, uses_after=None)
        for row in seen.rows
    }
    return rows, seen.ledger.claimed, {(stone.invite.code, stone.gone) for stone in seen.ledger.tombstones}


async def told(stage: Stage, order: Sequence[int]) -> Found:
    """One takes the last use of an invite that gives a role, another comes by a second invite: four messages."""
    said: list[InviteEvent] = []
    server = Server(ONE, stage.clock, lambda event, _later: said.append(event))
    stage.discord.servers[ONE] = server
    server.add_code("once", 101, max_uses=1, role=RoleId(900))
    server.add_code("b", 102)
    process = stage.start()
    await stage.clock.sleep(10)
    said.clear()
    first = server.join("once", role_lag=0.01)
    second = server.join("b")
    kinds = [(event.kind.value, event.user_id) for event in said]
    assert sorted(kinds, key=str) == sorted(
        [("deleted", None), ("joined", first), ("roles", first), ("joined", second)], key=str
    )
    for place in order:
        await stage.clock.sleep(0.05)
        process.hear(said[place])
    await stage.clock.sleep(20)
    return await found(stage, ONE)


def test_the_order_of_messages_within_the_grace_changes_nothing(new_file: NewFile) -> None:
    """A deletion, two joins and a change of roles, in each of the 24 orders."""

    async def main(order: Sequence[int]) -> Gist:
        async with staged(new_file()) as stage:
            return gist(await told(stage, order))

    expected = run(main(range(4)))
    rows, claimed, stones = expected
    assert [(row.code, row.owner_id) for _, row in sorted(rows.items())] == [("once", 101), ("b", 102)]
    assert min(row.level for row in rows.values()) >= Level.COUNTED
    assert (claimed, stones) == ({"once": 1, "b": 1}, {("once", Gone.DELETED)})
    for order in itertools.permutations(range(4)):
        assert run(main(order)) == expected, order


@pytest.mark.parametrize("heard", [0, 1])
def test_a_join_that_is_heard_after_the_answer_but_within_the_grace_is_counted_in(
    heard: int, new_file: NewFile
) -> None:
    """Two come at once, one by an invite; whichever is heard first, the look gives the invite to neither."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            said: list[InviteEvent] = []
            server = Server(ONE, stage.clock, lambda event, _later: said.append(event))
            stage.discord.servers[ONE] = server
            server.add_code("a", 101)
            process = stage.start()
            await stage.clock.sleep(10)
            said.clear()
            server.join("a")
            server.join(OTHER)
            stage.discord.weather = Weather(look=(0.2, 0.2))
            process.hear(said[heard])
            await stage.clock.sleep(0.4)
            process.hear(said[1 - heard])
            await stage.clock.sleep(30)
            seen = await check(stage, ONE)
            check_all_rows(seen)
            check_sound(seen)
            assert [row.level for row in seen.rows] == [Level.CANDIDATES] * 2

    run(main())


@pytest.mark.parametrize("ways", ["aab", "abba", f"a{OTHER[0]}b", "aaaa"])
def test_more_looks_during_a_burst_lower_no_level(ways: str, new_file: NewFile) -> None:
    """The same burst, seen by few slow looks or many quick ones: whoever came by an invite is at least as sure."""

    async def main(look: tuple[float, float]) -> tuple[int, dict[str, int], list[Level]]:
        async with staged(new_file(), seed=len(ways)) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.add_code("b", 102)
            stage.start()
            await stage.clock.sleep(10)
            before = len(stage.discord.requests)
            stage.discord.weather = Weather(look=look)
            for way in ways:
                server.join(OTHER if way == OTHER[0] else way)
                await stage.clock.sleep(0.7)
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            check_all_rows(seen)
            check_sound(seen)
            levels = [row.level for row in sorted(seen.rows, key=lambda row: row.user_id)]
            claimed = {str(code): count for code, count in seen.ledger.claimed.items()}
            return len(stage.discord.requests) - before, claimed, levels

    few, claimed, coarse = run(main((6.0, 6.1)))
    many, claimed_too, fine = run(main((0.02, 0.05)))
    assert few < many
    assert claimed == claimed_too
    for way, low, high in zip(ways, coarse, fine, strict=True):
        assert high >= low or way == OTHER[0]

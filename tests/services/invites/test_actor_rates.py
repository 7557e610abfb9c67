"""How much of a rush is decided, and what it costs: counts, on virtual time."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from giftbot.models.ids import GuildId, RoleId
from giftbot.models.join import Join, Level
from giftbot.models.staff import StaffLink
from tests.services.invites.processes import Stage, staged
from tests.services.invites.truths import Found, check, check_all_rows, check_sound, check_totals
from tests.virtual_time import await_threads, run

ONE = GuildId(1)
CODES, OWNERS = 10, 3
NewFile = Callable[[], Path]


async def rush(stage: Stage, *, count: int, per_second: float, marked: bool = False, codes: int = CODES) -> Found:
    """So many come at random moments by random invites of several owners."""
    chance = random.Random(7)
    server = stage.discord.add_server(1)
    for number in range(codes):
        role = RoleId(900 + number) if marked else None
        code = server.add_code(f"c{number}", 101 + number % OWNERS, role=role)
        if marked:
            link = StaffLink(ONE, code.name, code.owner, code.created_at, marker_role_id=role)
            await_threads(True)
            await stage.store.save_link(link)
            await_threads(False)
    process = stage.start()
    await stage.clock.sleep(10)
    for _ in range(count):
        await stage.clock.sleep(chance.expovariate(per_second))
        server.join(f"c{chance.randrange(codes)}", role_lag=chance.choice([0.0, 0.5]))
    await stage.clock.sleep(60)
    looks = len(stage.discord.requests)
    await process.actors.refresh(ONE)
    await stage.clock.sleep(60)
    del stage.discord.requests[looks:]
    seen = await check(stage, ONE)
    check_all_rows(seen)
    check_sound(seen)
    check_totals(seen)
    return seen


def share(rows: tuple[Join, ...], level: Level) -> float:
    """Which part of them is that certain."""
    return sum(row.level >= level for row in rows) / len(rows)


def test_ten_joins_per_second(new_file: NewFile) -> None:
    """Over ten invites of three owners nothing certain is wrong, and a look serves two joins or more."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            seen = await rush(stage, count=300, per_second=10)
            assert len(stage.discord.requests) <= 0.5 * len(seen.rows)
            assert stage.discord.most_in_flight == 1

    run(main())


def test_ten_joins_per_second_with_marker_roles(new_file: NewFile) -> None:
    """Every one of them is known for sure."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            seen = await rush(stage, count=300, per_second=10, marked=True)
            assert share(seen.rows, Level.CONFIRMED) == 1.0

    run(main())


@pytest.mark.parametrize(("per_second", "at_least"), [(0.5, 0.8), (0.1, 0.9)])
def test_slow_joins_are_told_apart(new_file: NewFile, per_second: float, at_least: float) -> None:
    """At usual rates most owners are certain, with ten invites of three owners in use."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            seen = await rush(stage, count=400, per_second=per_second)
            assert share(seen.rows, Level.OWNER) >= at_least
            assert len(stage.discord.requests) <= len(seen.rows) + 3

    run(main())


@pytest.mark.parametrize("per_second", [0.5, 10.0])
def test_a_single_invite_is_always_right(new_file: NewFile, per_second: float) -> None:
    """With one invite in use everybody is counted to it, at any rate."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            seen = await rush(stage, count=60, per_second=per_second, codes=1)
            assert share(seen.rows, Level.COUNTED) == 1.0

    run(main())


def test_a_burst_costs_two_looks(new_file: NewFile) -> None:
    """However many come within the time of one request."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.add_code("b", 102)
            stage.start()
            await stage.clock.sleep(10)
            before = len(stage.discord.requests)
            for number in range(15):
                server.join("ab"[number % 2])
                await stage.clock.sleep(0.01)
            await stage.clock.sleep(60)
            check_totals(await check(stage, ONE))
            assert len(stage.discord.requests) - before <= 2

    run(main())

"""Members of whom a copy knows more than the tables, when it is read after the first look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite import Coverage
from giftbot.models.join import Join, Kind, Left, Level, Reason
from tests.services.invites.processes import Stage, staged
from tests.services.invites.truths import check, check_sound
from tests.virtual_time import await_threads, run

ONE = GuildId(1)


async def _restored(stage: Stage, joins: list[Join]) -> None:
    """Let these rows be taken in, as a copy's are."""
    await_threads(True)
    await stage.store.insert_joins(joins)
    await_threads(False)


async def _rows(stage: Stage) -> list[Join]:
    await_threads(True)
    try:
        return await stage.store.list_joins(ONE, limit=100)
    finally:
        await_threads(False)


async def _lost(stage: Stage) -> tuple[list[Join], datetime]:
    """Two joins of which an earlier life of the bot knew, and since when it knew all."""
    server = stage.discord.servers[ONE]
    since = stage.clock.now()
    await stage.clock.sleep(5)
    users = {code: server.join(code) for code in ("a", "b")}
    rows = [
        Join(ONE, user, server.members[user].joined_at, level=Level.COUNTED, code=InviteCode(code), batch=7)
        for code, user in users.items()
    ]
    await stage.clock.sleep(5)
    return rows, since


def test_who_joined_before_the_first_look_gets_a_row(new_file: Callable[[], Path]) -> None:
    """Level 0 with the reason, once; whoever the copy knows is untouched, and who is gone is closed."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.add_code("b", 102)
            old = server.join("a")
            await stage.clock.sleep(1)
            rows, since = await _lost(stage)
            between = server.join("a")
            server.leave(rows[1].user_id)
            await stage.clock.sleep(5)
            server.first_uses = {"a": 3, "b": 1}
            process = stage.start()
            await stage.clock.sleep(5)
            later = server.join("b")
            await stage.clock.sleep(10)
            await _restored(stage, rows)
            process.actors.known_since({ONE: since})
            await stage.clock.sleep(60)
            process.actors.known_since({ONE: since})
            await stage.clock.sleep(60)
            found = {row.user_id: row for row in await _rows(stage)}
            assert set(found) == {rows[0].user_id, rows[1].user_id, between, later}
            assert old not in found
            unknown = found[between]
            assert (unknown.level, unknown.reason, unknown.kind) == (Level.UNKNOWN, Reason.NO_BASELINE, Kind.FIRST)
            assert (found[later].level, found[later].code) == (Level.COUNTED, "b")
            assert found[rows[1].user_id].left is Left.AWAY
            assert found[rows[0].user_id] == rows[0]
            server.memberships = [one for one in server.memberships if one.user_id != old]
            check_sound(await check(stage, ONE))

    run(main())


def test_somebody_who_came_again_gets_a_second_row(new_file: Callable[[], Path]) -> None:
    """It leads to the first, which has ended, nobody knows when."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.add_code("b", 102)
            rows, since = await _lost(stage)
            server.leave(rows[0].user_id)
            await stage.clock.sleep(100)
            again = server.join("b", rows[0].user_id)
            await stage.clock.sleep(5)
            process = stage.start()
            await stage.clock.sleep(5)
            await _restored(stage, rows)
            process.actors.known_since({ONE: since})
            await stage.clock.sleep(60)
            first, second = sorted(
                (row for row in await _rows(stage) if row.user_id == again), key=lambda row: row.joined_at
            )
            assert (first.join_id, first.left, first.left_at) == (rows[0].join_id, Left.UNSEEN, second.joined_at)
            assert (second.previous, second.level, second.is_open) == (first.join_id, Level.UNKNOWN, True)

    run(main())


@pytest.mark.parametrize("moment", ["before", "after"])
def test_somebody_who_leaves_meanwhile_is_not_there_for_ever(new_file: Callable[[], Path], moment: str) -> None:
    """Whether the leave is told before the members are shown or after."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            since = stage.clock.now()
            await stage.clock.sleep(5)
            leaver = server.join("a")
            await stage.clock.sleep(5)
            process = stage.start()
            await stage.clock.sleep(5)
            if moment == "before":
                server.leave(leaver)
            process.actors.known_since({ONE: since})
            if moment == "after":
                await stage.clock.sleep(0.4)
                server.leave(leaver)
            await stage.clock.sleep(60)
            assert not any(row.is_open for row in await _rows(stage))

    run(main())


def test_a_server_that_is_not_there_yet(new_file: Callable[[], Path]) -> None:
    """Nothing is asked and nobody is bothered until the bot may look; then the row is written."""

    async def main() -> None:
        async with staged(new_file()) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            since = stage.clock.now()
            await stage.clock.sleep(5)
            user = server.join("a")
            await stage.clock.sleep(5)
            server.coverage = Coverage.NONE
            process = stage.start()
            await stage.clock.sleep(5)
            process.complaints.clear()
            process.actors.known_since({ONE: since})
            await stage.clock.sleep(60)
            assert (process.complaints, await _rows(stage)) == ([], [])
            server.coverage = Coverage.FULL
            process.actors.catch_up(ONE)
            await stage.clock.sleep(60)
            [row] = await _rows(stage)
            assert (row.user_id, row.level, row.reason) == (user, Level.UNKNOWN, Reason.NO_BASELINE)

    run(main())

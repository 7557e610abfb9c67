"""One server's actor on a real store: what it stores, looks at, decides and publishes, also when it is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.ids import GuildId
from giftbot.models.invite import Coverage
from giftbot.models.join import Level, Reason
from tests.services.invites.processes import staged
from tests.services.invites.truths import check, check_all_rows, check_requests, check_sound, found
from tests.virtual_time import run

ONE = GuildId(1)


def test_one_join_is_counted(tmp_path: Path) -> None:
    """One join and one use: level 4, one look, one batch published."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.add_code("b", 102)
            stage.start()
            await stage.clock.sleep(5)
            server.join("a")
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            check_sound(seen)
            check_requests(stage, ONE)
            [row] = seen.rows
            assert (row.level, row.code) == (Level.COUNTED, "a")

    run(main())


def test_a_batch_whose_answer_was_lost_is_published_once(tmp_path: Path) -> None:
    """The store has it although it said that it failed: it is passed on, and nobody is decided again."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            process = stage.start()
            await stage.clock.sleep(5)
            lost: list[str] = []

            def lose_one(name: str, is_after: bool) -> None:
                if name == "commit_batch" and is_after and not lost:
                    lost.append(name)
                    raise StoreUnavailableError("The answer was lost.")

            process.handle.gate = lose_one
            user = server.join("a")
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            assert lost
            assert [row.code for row in seen.rows] == ["a"]
            told = [join.user_id for batch in process.published for join in batch.joins]
            assert told == [user]

    run(main())


def test_without_permission_nothing_is_asked(tmp_path: Path) -> None:
    """Joins are written down with the reason, and the owner is told."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.coverage = Coverage.NONE
            process = stage.start()
            await stage.clock.sleep(5)
            server.join("a")
            await stage.clock.sleep(60)
            seen = await found(stage, ONE)
            assert [(row.level, row.reason) for row in seen.rows] == [(Level.UNKNOWN, Reason.NO_PERMISSION)]
            assert stage.discord.requests == []
            assert ONE in process.complaints

    run(main())


@pytest.mark.parametrize("has_gate", [True, False])
def test_a_use_waits_for_a_member_who_is_approved(tmp_path: Path, has_gate: bool) -> None:
    """Case 27: where members are approved by hand, who applied hours ago may be who joins; elsewhere not."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.has_gate = has_gate
            server.add_code("a", 101)
            server.add_code("b", 102)
            stage.start()
            await stage.clock.sleep(5)
            server.apply("a")
            server.join("b")
            await stage.clock.sleep(10_000)
            approved = server.approve("a")
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            check_sound(seen)
            [row] = [row for row in seen.rows if row.user_id == approved]
            assert ({"a", "b"} <= {one.code for one in row.candidates}) is has_gate
            assert row.level is (Level.CANDIDATES if has_gate else Level.INFERRED)
            assert (seen.ledger.archived == {}) is has_gate

    run(main())


def test_who_is_approved_is_not_taken_for_who_applies(tmp_path: Path) -> None:
    """Case 27: one use and one join at the same time, of two people: nothing is certain."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.has_gate = True
            server.add_code("a", 101)
            server.add_code("b", 102)
            process = stage.start()
            await stage.clock.sleep(5)
            server.apply("a")
            await process.actors.refresh(ONE)
            server.apply("b")
            server.approve("a")
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            check_sound(seen)
            assert [row.level for row in seen.rows] == [Level.CANDIDATES]

    run(main())


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("number", range(0, 16, 3))
def test_killed_at_a_call_of_the_store(tmp_path: Path, number: int, is_after: bool) -> None:
    """Before it or after it: the next process decides what was left, each use once."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            process = stage.start()
            await stage.clock.sleep(5)
            calls: list[str] = []

            def die(name: str, after: bool) -> None:
                if after is is_after:
                    calls.append(name)
                if len(calls) > number:
                    process.handle.is_cut = True
                    raise StoreUnavailableError("The process is dead.")

            process.handle.gate = die
            server.join("a")
            await stage.clock.sleep(0.3)
            server.join("a")
            await stage.clock.sleep(20)
            await stage.crash(process)
            again = stage.start()
            await stage.clock.sleep(60)
            await again.actors.refresh(ONE)
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            check_all_rows(seen)
            check_sound(seen)
            assert seen.ledger.claimed == {"a": 2}

    run(main())

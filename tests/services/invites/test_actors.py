"""What the actors of all servers do besides deciding."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from giftbot.errors import InviteLookError
from giftbot.models.ids import GuildId
from giftbot.services.invites.actors import TIDY
from tests.services.invites.processes import staged
from tests.virtual_time import run

ONE = GuildId(1)
KEPT = 50
"""Batches that are kept of each server."""


def test_old_batches_are_forgotten_and_the_baseline_is_logged_once(tmp_path: Path) -> None:
    """Joins stay; of the batches that made them the newest are kept."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            with capture_logs() as logged:
                stage.start()
                for _ in range(KEPT + 2 * TIDY):
                    await stage.clock.sleep(5)
                    server.join("a")
                await stage.clock.sleep(60)
            assert len(await stage.store.list_batches(ONE, limit=1000)) < KEPT + TIDY
            assert len(await stage.store.list_joins(ONE, limit=1000)) == KEPT + 2 * TIDY
            taken = [event for event in logged if event["event"] == "baseline taken"]
            assert [(event["guild"], event["codes"]) for event in taken] == [(ONE, 1)]

    run(main())


def test_a_start_with_many_servers_takes_them_one_after_the_other(tmp_path: Path) -> None:
    """All get their baseline, and a join in the last of them waits for nobody."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            servers = [stage.discord.add_server(number) for number in range(1, 61)]
            for server in servers:
                server.add_code("a", 101)
            process = stage.start()
            servers[-1].join("a")
            await process.actors.settled()
            assert [join.guild_id for join in await stage.store.list_joins(limit=100)] == [GuildId(60)]
            for server in servers:
                ledger = await stage.store.get_ledger(GuildId(server.guild_id))
                assert ledger is not None
                assert ledger.taken_at is not None

    run(main())


def test_whoever_waits_for_a_look_hears_that_something_went_wrong(tmp_path: Path) -> None:
    """Not that the bot is stopping, for it goes on; and the next who asks gets an answer."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            stage.discord.add_server(1).add_code("a", 101)
            process = stage.start()
            await process.actors.settled()

            def breaks(name: str, _is_after: bool) -> None:
                if name == "commit_batch":
                    raise RuntimeError("Nobody thought of this.")

            whole, process.handle.gate = process.handle.gate, breaks
            with capture_logs() as logged, pytest.raises(InviteLookError, match="went wrong"):
                await process.actors.refresh(ONE)
            assert [event["guild"] for event in logged if event["event"] == "attribution failed"] == [ONE]
            process.handle.gate = whole
            await stage.clock.sleep(60)
            assert "a" in (await process.actors.refresh(ONE)).invites

    run(main())

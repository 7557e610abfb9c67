"""One server's actor on a real store: what it stores, looks at, decides and publishes, also when it is killed."""

from __future__ import annotations

from pathlib import Path

from giftbot.models.ids import GuildId
from giftbot.models.join import Level
from tests.services.invites.processes import staged
from tests.services.invites.truths import check, check_requests, check_sound
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

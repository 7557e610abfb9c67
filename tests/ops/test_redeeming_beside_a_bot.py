"""`ops` while the bot redeems: what it stops, resumes, imports or tries again, the bot finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.clubs import KINGDOM, Club, club
from tests.e2e.stage import Stage
from tests.mongod import Mongod
from tests.ops.runs import Run, environ_of, run_ops

CALLS_A_MINUTE = "600"
"""Slow enough for `ops` to come in between, fast enough for a test."""
MANY = [str(number) for number in range(101, 221)]
"""As many as take twelve seconds: a process of `ops` needs five on a busy machine."""


@pytest.fixture(params=["sqlite", "mongo"])
def beside(request: pytest.FixtureRequest, stage: Stage, database_name: str) -> Stage:
    """A stage whose bot keeps its data in each store."""
    stage.environ.update(GAME_RATE_PER_MINUTE=CALLS_A_MINUTE, GAME_PLAYER_SPACING="0")
    if request.param == "mongo":
        mongod: Mongod = request.getfixturevalue("replica_set")
        stage.environ.update(MONGO_URI=mongod.uri, MONGO_DB_NAME=database_name)
    return stage


async def ops(stage: Stage, *arguments: str) -> Run:
    """Run `ops` with the bot's own settings."""
    return await run_ops({**environ_of(stage.sandbox, stage.directory), **stage.environ}, *arguments)


async def job_of(place: Club, code: str) -> dict[str, object]:
    """A job as `ops` sees it."""
    run = await ops(place.stage, "inspect", "jobs", "--guild", str(place.guild.id), "--code", code, "--json")
    [job] = run.document["jobs"]
    assert isinstance(job, dict)
    return job


async def test_a_running_job_is_stopped_and_resumed(beside: Stage) -> None:
    """The bot asks nobody more, says who stopped it, and goes on where it was."""
    place, game = club(beside), beside.sandbox.game
    named = ("--guild", str(place.guild.id), "--code", "slow111")
    async with beside.bot():
        await place.begin(*MANY)
        beside.sandbox.sources.publish("SLOW111")
        await game.wait(2, code="SLOW111")
        run = await ops(beside, "jobs", "stop", *named)
        assert (run.code, run.err) == (0, "")
        await place.shows("The bot's operator stopped it.")
        asked = len(game.calls.of(code="SLOW111"))
        assert 2 <= asked < len(MANY)
        job = await job_of(place, "SLOW111")
        assert job["state"] == "stopped"
        assert len(game.calls.of(code="SLOW111")) == asked
        run = await ops(beside, "jobs", "resume", *named)
        assert (run.code, run.err) == (0, "")
        await place.shows("SLOW111: finished", f"**{len(MANY)}** redeemed")
    assert game.holders("SLOW111") == set(MANY)
    assert set(game.grants.values()) == {1}
    assert game.asked_after_grant() == []


async def test_an_unknown_answer_is_tried_again(beside: Stage) -> None:
    """The doctor tells of it; after `retry` the bot asks for those who lack the code, and for nobody else."""
    place, game = club(beside), beside.sandbox.game
    game.script(49_999, "STRANGE", player_id="102")
    async with beside.bot():
        await place.begin("101", "102", "103")
        beside.sandbox.sources.publish("ODD2026")
        await place.shows("ODD2026: finished", "**2** redeemed")
        run = await ops(beside, "doctor")
        assert "1 redemption parked, because nobody knows what this means: “49999 STRANGE”." in run.out
        run = await ops(beside, "inspect", "redemptions", "--outcome", "unknown", "--json")
        assert [row["player_id"] for row in run.document["redemptions"]] == ["102"]
        game.heal()
        run = await ops(beside, "jobs", "retry", "--guild", str(place.guild.id), "--code", "ODD2026")
        assert run.out == f"Will be asked for again: 1 player without ODD2026 in server {place.guild.id}.\n"
        await game.wait(2, player_id="102", code="ODD2026")
        await place.shows("**3** redeemed")
    assert game.holders("ODD2026") == {"101", "102", "103"}
    assert len(game.calls.of(code="ODD2026")) == 4


async def test_imported_players_get_the_codes_that_are_active(beside: Stage, tmp_path: Path) -> None:
    """The running bot redeems for them, without anybody else's doing; what was there before is not asked again."""
    place, game = club(beside), beside.sandbox.game
    table = tmp_path / "players.csv"
    table.write_text(f"101,{KINGDOM}\n102,{KINGDOM},Bea\n103,{KINGDOM}\n")
    async with beside.bot():
        await place.begin("101")
        beside.sandbox.sources.publish("ACTIVE1")
        await place.shows("ACTIVE1: finished")
        run = await ops(beside, "players", "import", str(table), "--guild", str(place.guild.id))
        assert (run.code, run.err) == (0, "")
        assert run.out == (
            "Imported: 2 added, 1 known already. 1 code will be redeemed for them by a running bot.\n"
        )
        for player_id in ("102", "103"):
            await game.wait(1, player_id=player_id, code="ACTIVE1")
        await place.shows("**3** redeemed")
        run = await ops(beside, "players", "export", "--guild", str(place.guild.id))
    assert [line.split(",")[:4] for line in run.out.splitlines()[1:]] == [
        ["101", str(KINGDOM), "", "active"],
        ["102", str(KINGDOM), "Bea", "active"],
        ["103", str(KINGDOM), "", "active"],
    ]
    assert len(game.calls.of(code="ACTIVE1")) == 3

"""`ops codes verify`, with the sandbox's game."""

from __future__ import annotations

from pathlib import Path

import pytest

from giftbot.models.code import CodeStatus
from giftbot.sandbox import Sandbox
from tests.mongod import Mongod
from tests.ops.installation import Installation, fill, on_mongo, on_sqlite
from tests.ops.runs import Run, environ_of, run_ops

PLAYER = {"GAME_VERIFY_PLAYER": "12345678:312", "GAME_PLAYER_SPACING": "0"}


@pytest.fixture(params=["sqlite", "mongo"])
async def asking(
    request: pytest.FixtureRequest, sandbox: Sandbox, tmp_path: Path, database_name: str
) -> Installation:
    """An installation that asks the sandbox's game, on each store."""
    directory = tmp_path / "data"
    environ = {**environ_of(sandbox, directory), **PLAYER}
    if request.param == "mongo":
        mongod: Mongod = request.getfixturevalue("replica_set")
        made = on_mongo(directory, mongod.uri, database_name, **environ)
    else:
        made = on_sqlite(directory, **environ)
    await made.on_store(fill)
    sandbox.game.add_player("12345678", 312)
    sandbox.sources.publish("HELD1")
    return made


async def verify(installation: Installation, *arguments: str) -> Run:
    """Run it as users do."""
    return await run_ops(installation.environ, "codes", "verify", *arguments)


async def test_a_held_code_that_the_game_gives_is_released(asking: Installation, sandbox: Sandbox) -> None:
    """The game is asked once, with the player; the code goes to every server that posts."""
    look = await verify(asking, "held1", "--dry-run")
    assert look.lines == [
        "Would ask the game about HELD1.",
        "HELD1 is held, as before.",
        "Nothing was changed (dry run).",
    ]
    assert list(sandbox.game.calls) == []
    run = await verify(asking, "held1")
    assert (run.code, run.err) == (0, "")
    assert run.lines[0].endswith("): the code is good, and your player has it now.")
    assert run.lines[1] == "HELD1 was held and is active now."
    assert [(call.player_id, call.code) for call in sandbox.game.calls] == [("12345678", "HELD1")]
    posts = (await run_ops(asking.environ, "inspect", "sent", "--code", "HELD1", "--json")).document["posts"]
    assert {post["state"] for post in posts} == {"pending"}


async def test_a_code_that_there_is_not_is_refused(asking: Installation) -> None:
    """Only hints knew it, so it is refused for good; the exit code says that the game does not give it."""
    run = await verify(asking, "HELD2", "--json")
    assert run.code == 1
    document = run.document
    assert (document["outcome"], document["before"], document["after"]) == ("not_found", "held", "invalid")


async def test_a_code_that_is_not_stored_is_only_asked_about(asking: Installation, sandbox: Sandbox) -> None:
    """The answer is told, and what to do with it."""
    sandbox.sources.publish("SECRET1")
    run = await verify(asking, "SECRET1")
    assert run.code == 0
    assert run.lines[1] == "SECRET1 is not known here. To announce it: ops codes add SECRET1."
    codes = await asking.on_store(lambda store: store.list_codes(tuple(CodeStatus)))
    assert "SECRET1" not in {code.key for code in codes}


async def test_without_a_player_nobody_is_asked(asking: Installation, sandbox: Sandbox) -> None:
    """It is said which setting is missing."""
    for less in ({"GAME_VERIFY_PLAYER": ""}, {"GAME_RATE_PER_MINUTE": "0"}):
        run = await run_ops({**asking.environ, **less}, "codes", "verify", "HELD1")
        assert (run.code, run.out) == (2, "")
        assert run.err == (
            "ops: The game is asked with a player of yours: set GAME_VERIFY_PLAYER to their id and kingdom, as in"
            " 12345678:312, and GAME_RATE_PER_MINUTE above 0.\n"
        )
    assert list(sandbox.game.calls) == []


async def test_a_game_that_is_away(asking: Installation, sandbox: Sandbox) -> None:
    """Nothing is decided, and nothing changes."""
    run = await run_ops({**asking.environ, "GAME_API_URL": "http://127.0.0.1:9/api"}, "codes", "verify", "HELD1")
    assert run.code == 1
    assert run.lines[0].endswith("nothing was decided: try again later.")
    assert run.lines[1] == "HELD1 is held, as before."

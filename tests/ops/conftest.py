"""Installations, and a stage with a running bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from giftbot.sandbox import Sandbox
from tests.e2e.stage import Stage
from tests.mongod import Mongod
from tests.ops.examining import Place, make_place
from tests.ops.installation import Installation, fill, on_mongo, on_sqlite


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty directory: no `.env` of the developer is read."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(params=["sqlite", "mongo"])
def installation(request: pytest.FixtureRequest, tmp_path: Path, database_name: str) -> Installation:
    """An installation with some history, on each store."""
    if request.param == "sqlite":
        made = on_sqlite(tmp_path / "data")
    else:
        mongod: Mongod = request.getfixturevalue("replica_set")
        made = on_mongo(tmp_path / "data", mongod.uri, database_name)
    made.with_store(fill)
    return made


@pytest.fixture
def sqlite(tmp_path: Path) -> Installation:
    """An installation with some history, on SQLite."""
    made = on_sqlite(tmp_path / "data")
    made.with_store(fill)
    return made


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A stage without servers."""
    return Stage(sandbox, tmp_path / "data")


@pytest.fixture
async def place(sandbox: Sandbox, tmp_path: Path) -> Place:
    """A server whose channel is chosen, and a code that every source lists."""
    return await make_place(sandbox, tmp_path)

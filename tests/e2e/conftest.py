"""The stage of a whole run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from giftbot.sandbox import Sandbox
from tests.e2e.lives import Cloud
from tests.e2e.membership import Place, make_place
from tests.e2e.offices import Office, open_office
from tests.e2e.stage import Stage


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A stage without servers."""
    return Stage(sandbox, tmp_path / "data")


@pytest.fixture
def place(stage: Stage) -> Place:
    """A server whose members are known to the game; no bot is running yet."""
    return make_place(stage)


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A backup service that is down."""
    made = Cloud(tmp_path / "copies")
    yield made
    await made.go_down()


@pytest.fixture
def office(stage: Stage) -> Office:
    """A server in which the bot sees everything."""
    return open_office(stage)

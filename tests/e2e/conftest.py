"""The stage of a whole run."""

from __future__ import annotations

from pathlib import Path

import pytest

from giftbot.sandbox import Sandbox
from tests.e2e.membership import Place, make_place
from tests.e2e.stage import Stage


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A stage without servers."""
    return Stage(sandbox, tmp_path / "data")


@pytest.fixture
def place(stage: Stage) -> Place:
    """A server whose members are known to the game; no bot is running yet."""
    return make_place(stage)

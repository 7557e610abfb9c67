"""The stage of a whole run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from giftbot.sandbox import Limits, Sandbox
from tests.e2e.membership import Place, make_place
from tests.e2e.stage import SPEC, Stage


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A Discord in which nothing may break Discord's rules."""
    async with Sandbox(limits=Limits.none(), spec=SPEC if SPEC.exists() else None) as opened:
        yield opened
        assert opened.findings == []


@pytest.fixture
def stage(sandbox: Sandbox, tmp_path: Path) -> Stage:
    """A stage without servers."""
    return Stage(sandbox, tmp_path / "data")


@pytest.fixture
def place(stage: Stage) -> Place:
    """A server whose members are known to the game; no bot is running yet."""
    return make_place(stage)

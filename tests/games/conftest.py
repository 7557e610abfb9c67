"""The real client on the sandbox's game."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from giftbot.clock import SystemClock
from giftbot.games.catalogue import build_game
from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.game import Game as SandboxGame
from giftbot.services.ports import Game


@pytest.fixture
async def town() -> AsyncIterator[SandboxGame]:
    """The sandbox's game, with one code."""
    async with Sandbox(limits=Limits.none()) as sandbox:
        sandbox.game.add_code("FROST77")
        yield sandbox.game


@pytest.fixture
async def game(town: SandboxGame) -> AsyncIterator[Game]:
    """The client, with less patience than in production."""
    built = build_game("whiteout", clock=SystemClock(), api_url=town.url, allow_private=True, timeout=5.0)
    yield built
    await built.aclose()

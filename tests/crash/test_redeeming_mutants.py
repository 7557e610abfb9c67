"""The tests of redemption notice a missing guard: with any one of them broken they fail, with all in place not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import attrs
import pytest

from tests.crash.chains import Chain, survived
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Point
from tests.crash.runs import FULL

PATIENCES = (6.0, 18.0, 54.0)
"""Seconds that are waited for a broken bot to redeem everything, which it may never do; busy machines need more."""
SHARED = Chain("servers that share players", servers=3)
LET_GO = Chain("killed after a player was let go of", (Point("store.release_player", Moment.AFTER),))


@pytest.mark.parametrize(
    ("mutant", "chain", "harm"),
    [
        pytest.param("without look-up", SHARED, "asked again", id="without look-up"),
        pytest.param("recorded late", SHARED, "asked again", id="recorded late"),
        pytest.param("recorded late", LET_GO, "before it was stored", id="recorded late, killed"),
        pytest.param("recorded at the end", SHARED, "asked again", id="recorded at the end"),
        pytest.param("recorded at the end", LET_GO, "before it was stored", id="recorded at the end, killed"),
    ],
)
@pytest.mark.parametrize("places", ["sqlite", "replica_set"] if FULL else ["sqlite"], indirect=True)
async def test_a_broken_guard_is_noticed(
    mutant: str, chain: Chain, harm: str, places: Places, tmp_path: Path
) -> None:
    """The same run that is clean with the real bot shows the harm with the broken one."""

    async def broken() -> list[str]:
        found: list[str] = []
        for patience in PATIENCES:
            mutated = attrs.evolve(chain, mutant=mutant, patience=patience)
            found = await survived([mutated], places, tmp_path / f"broken-{patience:g}")
            if any(harm in problem for problem in found):
                break
        return found

    harms, others = await asyncio.gather(broken(), survived([chain], places, tmp_path / "whole"))
    assert any(harm in problem for problem in harms), harms
    assert others == []

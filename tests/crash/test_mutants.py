"""The matrix notices a missing guard: with any one of them broken it fails, and with all in place it does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import attrs
import pytest

from tests.crash.conftest import Places
from tests.crash.orders import Moment, Point
from tests.crash.runs import Delay, Life, Run, matrix
from tests.crash.scenarios import JOINED, REPEATED, SPREAD

ARRIVED = Point("announcer.send", Moment.AFTER)
MARKED = Point("store.finish", Moment.AFTER)
PATIENCES = (5.0, 15.0, 45.0)
"""Seconds that are waited for a broken bot to mark everything, which it may never do; a busy machine needs more."""
AT_ONCE, LATER = Life(ARRIVED), Life(ARRIVED, Delay.OUTSIDE)


@pytest.mark.parametrize(
    ("mutant", "run", "harm"),
    [
        pytest.param("without nonce", Run(SPREAD, (AT_ONCE,)), "2 times", id="without nonce, after a crash"),
        pytest.param("without nonce", Run(JOINED, (AT_ONCE,)), "2 times", id="without nonce, joined"),
        pytest.param("without nonce", Run(REPEATED), "2 times", id="without nonce, after a lost answer"),
        pytest.param("without history", Run(SPREAD, (LATER,)), "2 times", id="without history"),
        pytest.param("without history", Run(JOINED, (LATER,)), "2 times", id="without history, joined"),
        pytest.param("marked early", Run(SPREAD, (Life(MARKED),)), "lost", id="marked before it is sent"),
        pytest.param("endless window", Run(SPREAD, (LATER,)), "2 times", id="a nonce trusted for ever"),
        pytest.param("showing one", Run(JOINED), "lost", id="marked without being shown"),
    ],
)
async def test_a_broken_guard_is_noticed(mutant: str, run: Run, harm: str, places: Places, tmp_path: Path) -> None:
    """The same run that is clean with the real bot shows the harm with the broken one."""

    async def broken() -> list[str]:
        found: list[str] = []
        for patience in PATIENCES:
            mutated = attrs.evolve(run, mutant=mutant, patience=patience)
            found = await matrix([mutated], places, tmp_path / f"broken-{patience:g}")
            if any(f"{harm}:" in problem for problem in found):
                break
        return found

    harms, others = await asyncio.gather(broken(), matrix([run], places, tmp_path / "whole"))
    assert any(f"{harm}:" in problem for problem in harms), harms
    assert others == []

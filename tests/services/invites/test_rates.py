"""How much is decided, and how often Discord is asked, when people come at a steady rate over ten invites."""

from __future__ import annotations

import random

import pytest

from giftbot.models.join import Level
from tests.services.invites.simulator import Code, Coming, Plan, Run

JOINS = 250


def crowd(rate: float, *, marked: bool = False) -> Run:
    """A run of people who come at random moments, `rate` per second, by ten invites of three owners."""
    chance = random.Random(5)
    codes = tuple(
        Code(f"c{number}", 101 + number % 3, role=900 + number if marked else None, marker=marked)
        for number in range(10)
    )
    moment = 20.0
    comings = []
    for _ in range(JOINS):
        moment += chance.expovariate(rate)
        comings.append(Coming(moment, f"c{chance.randrange(10)}", chance.uniform(0.05, 0.15)))
    return Run(Plan(codes, tuple(comings), seed=5)).go()


def wrong(run: Run) -> int:
    """How many are called certain and are not true."""
    count = 0
    for user, way in run.truth().items():
        row = run.rows[user]
        count += row.level >= Level.COUNTED and row.code != way
        count += row.level is Level.OWNER and row.owner_id != run.owner(way)
    return count


@pytest.mark.parametrize(("rate", "certain", "looks"), [(0.1, 0.95, 1.1), (0.5, 0.8, 1.0), (10.0, 0.0, 0.5)])
def test_steady_joins(rate: float, certain: float, looks: float) -> None:
    """Nothing is wrong, most are certain while they are few, and looks are fewer than joins."""
    run = crowd(rate)
    assert len(run.rows) == JOINS
    assert wrong(run) == 0
    assert sum(row.level >= Level.OWNER for row in run.rows.values()) >= certain * JOINS
    assert run.looks_made <= looks * JOINS
    assert run.ledger.claimed == run.uses_at_end()


def test_steady_joins_by_marked_links() -> None:
    """With marker roles everybody is certain at any rate."""
    run = crowd(10.0, marked=True)
    assert {row.level for row in run.rows.values()} == {Level.CONFIRMED}
    assert wrong(run) == 0
    assert run.ledger.claimed == run.uses_at_end()
    assert run.ledger.owed == {}

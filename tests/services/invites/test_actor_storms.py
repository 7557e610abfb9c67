"""Random runs of the real actors on a real store file against a network that does its worst, and what stays true.

Each seed is one run on virtual time: people join, leave and come again by all ways; events come late, out of order,
twice or never; requests fail or hang; processes are killed at any moment and started again, also two at once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from tests.services.invites.network import Weather
from tests.services.invites.processes import staged
from tests.services.invites.storms import Play, Storm
from tests.services.invites.truths import (
    check,
    check_all_rows,
    check_requests,
    check_sound,
    check_totals,
)
from tests.virtual_time import run

SEEDS = 3


@attrs.frozen
class Case:
    """A storm, and what has to hold beyond what always does."""

    storm: Storm
    is_sound: bool = True
    """Whether nothing happens that counting cannot see: level 3 and more are never wrong then."""
    hears_all: bool = True
    """Whether every event arrives in the end: then every membership is known, and totals and looks are exact."""


CASES = {
    "calm": Case(Storm()),
    "vanity, others and leaves": Case(Storm(vanity=True, others=True, leaves=True)),
    "limits, ends untold": Case(Storm(limits=True, others=True, weather=Weather(untold_ends=0.3))),
    "revoked, with the audit log": Case(Storm(revokes=True, leaves=True)),
    "revoked, without it": Case(Storm(revokes=True, leaves=True, limits=True, weather=Weather(no_audit=True))),
    "told twice": Case(Storm(leaves=True, weather=Weather(twice=0.5))),
    "marked, with uses by members": Case(Storm(accepts=True, marked=True, role_lag=1.0, others=True)),
    "requests fail and hang": Case(
        Storm(vanity=True, others=True, weather=Weather(broken=0.3, stuck=0.05, flicker=0.3)), hears_all=False
    ),
    "outages": Case(Storm(outages=0.2, leaves=True), hears_all=False),
    "crashes": Case(Storm(crashes=0.2, leaves=True), hears_all=False),
    "crashes, marked": Case(
        Storm(crashes=0.2, outages=0.1, marked=True, role_lag=1.0, leaves=True), hears_all=False
    ),
    "the store stumbles": Case(Storm(stumbles=0.1, leaves=True), hears_all=False),
    "two processes": Case(Storm(processes=2, leaves=True), hears_all=False),
    "three servers": Case(Storm(servers=3, leaves=True, others=True, weather=Weather(twice=0.2))),
    "everything": Case(
        Storm(
            processes=2,
            crashes=0.1,
            outages=0.1,
            stumbles=0.05,
            leaves=True,
            others=True,
            vanity=True,
            limits=True,
            revokes=True,
            weather=Weather(twice=0.3, broken=0.2, stuck=0.02, flicker=0.2, untold_ends=0.3),
        ),
        is_sound=False,
        hears_all=False,
    ),
}


async def weathered(file: Path, case: Case, seed: int) -> None:
    """Go through it once, and check what is left."""
    async with staged(file, seed=seed) as stage:
        await Play(stage, case.storm, seed).go()
        for guild_id in stage.discord.servers:
            seen = await check(stage, guild_id)
            if case.is_sound:
                check_sound(seen)
            if case.hears_all:
                check_all_rows(seen)
                check_totals(seen)
                check_requests(stage, guild_id, more=3)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", CASES)
def test_what_is_true_in_any_weather(name: str, seed: int, new_file: Callable[[], Path]) -> None:
    """One row per membership, each use once, levels that only rise, nobody lost, nothing certain that is wrong."""
    run(weathered(new_file(), CASES[name], seed))

"""Guards of attribution, taken away on purpose: the checks of random runs have to notice each of them.

Only here something of our own is patched: it is what is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite import Gone
from giftbot.models.invite_batch import Ledger
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_times import InviteTimes
from giftbot.models.join import Join, Level
from giftbot.services.invites import ledgers, memberships
from giftbot.services.invites.evidence import Arrival
from giftbot.services.invites.flight import Flight
from tests.services.invites.network import Weather
from tests.services.invites.processes import staged
from tests.services.invites.storms import Play, Storm
from tests.services.invites.truths import (
    check_all_rows,
    check_levels,
    check_requests,
    check_rows,
    check_sound,
    check_totals,
    check_uses,
    found,
)
from tests.virtual_time import run

SEEDS = 8
ONE = GuildId(1)
TOLD_TWICE = Storm(leaves=True, weather=Weather(twice=0.6))
BUSY = Storm(others=True, steps=40, weather=Weather(lag=(0.1, 0.29)))


def as_it_is(patch: pytest.MonkeyPatch) -> None:
    """Nothing is broken."""


def without_tombstones(patch: pytest.MonkeyPatch) -> None:
    """An invite that is gone is forgotten at once."""

    def forgotten(ledger: Ledger, codes: Mapping[InviteCode, Gone], moment: object) -> Ledger:
        left = {code: one for code, one in ledger.invites.items() if code not in codes}
        return attrs.evolve(ledger, invites=left)

    patch.setattr(ledgers, "_with_gone", forgotten)


def without_single_flight(patch: pytest.MonkeyPatch) -> None:
    """A look begins whether or not another is in flight."""
    start = Flight.start
    begun: set[int] = set()

    def another(flight: Flight, ledger: Ledger, *, paced: bool, waiting: int, newest: int) -> float:
        if newest not in begun:
            begun.add(newest)
            flight._request = None
        return start(flight, ledger, paced=paced, waiting=waiting, newest=newest)

    patch.setattr(Flight, "start", another)


def without_duplicates(patch: pytest.MonkeyPatch) -> None:
    """Every join that is told is a new one."""

    def never(event: InviteEvent, known: Join | None, *, was_away: bool = False) -> bool:
        return False

    def not_the_same(desk: object, arrival: Arrival, event: InviteEvent) -> bool:
        return False

    patch.setattr(memberships, "is_duplicate", never)
    patch.setattr(memberships._Desk, "_is_same", not_the_same)


async def harms(file: Path, storm: Storm, seed: int, times: InviteTimes) -> set[str]:
    """The checks that fail after that run."""
    async with staged(file, seed=seed, times=times) as stage:
        await Play(stage, storm, seed).go()
        seen = await found(stage, ONE)
        checks: list[Callable[[], None]] = [
            lambda: check_rows(seen),
            lambda: check_all_rows(seen),
            lambda: check_uses(seen),
            lambda: check_levels(seen),
            lambda: check_sound(seen),
            lambda: check_totals(seen),
            lambda: check_requests(stage, ONE, more=3),
        ]
        names = ["rows", "rows", "uses", "levels", "sound", "totals", "requests"]
        return {name for name, one in zip(names, checks, strict=True) if _fails(one)}


def _fails(check: Callable[[], None]) -> bool:
    try:
        check()
    except AssertionError:
        return True
    return False


NO_GRACE = InviteTimes(grace=0.0)
USUAL = InviteTimes()


@pytest.mark.parametrize(
    ("broken", "storm", "times", "noticed"),
    [
        pytest.param(as_it_is, BUSY, NO_GRACE, {"sound"}, id="without grace"),
        pytest.param(without_single_flight, BUSY, USUAL, {"requests"}, id="without single flight"),
        pytest.param(without_duplicates, TOLD_TWICE, USUAL, {"levels"}, id="without de-duplication"),
    ],
)
def test_a_missing_guard_is_noticed(  # noqa: PLR0917  # four of them are the case
    broken: Callable[[pytest.MonkeyPatch], None],
    storm: Storm,
    times: InviteTimes,
    noticed: set[str],
    new_file: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same runs that are clean as it is show the harm without it."""
    for seed in range(2):
        assert run(harms(new_file(), storm, seed, USUAL)) == set()
    broken(monkeypatch)
    found_harms: set[str] = set()
    for seed in range(SEEDS):
        found_harms |= run(harms(new_file(), storm, seed, times))
        if noticed <= found_harms:
            return
    pytest.fail(f"only {found_harms} noticed it")


def test_without_tombstones_a_last_use_explains_nobody(
    new_file: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes the last use of an invite is counted to it; not so if that it is gone makes it forgotten."""

    async def level() -> Level:
        async with staged(new_file()) as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101, max_uses=1)
            stage.start()
            await stage.clock.sleep(5)
            server.join("a")
            await stage.clock.sleep(60)
            [row] = (await found(stage, ONE)).rows
            return row.level

    assert run(level()) is Level.COUNTED
    without_tombstones(monkeypatch)
    assert run(level()) < Level.OWNER

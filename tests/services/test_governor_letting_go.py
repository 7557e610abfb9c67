"""Players whom the governor let go of, or could not."""

from __future__ import annotations

from datetime import datetime

from structlog.testing import capture_logs

from giftbot.services.holds import LEASE
from tests.fakes import MemoryBudgets
from tests.services.governing import Stage, ask, settle
from tests.virtual_time import virtual


class Slipping(MemoryBudgets):
    """A store in which the first release of a player goes wrong in a way that nobody thought of."""

    async def release_player(self, name: str, owner: str, free_at: datetime) -> None:
        """Fail once."""
        if not self.count["release_player"]:
            self.count["release_player"] += 1
            raise ValueError("a mistake of ours")
        await super().release_player(name, owner, free_at)


@virtual
async def test_a_player_who_could_not_be_let_go_is_asked_for_again_later() -> None:
    """Whatever went wrong with it is logged, and holds them up for no longer than the reservation."""
    stage = Stage(spacing=0)
    stage.store = Slipping(stage.clock)
    governor = stage.governor()
    with capture_logs() as logs:
        await ask(governor)
        again = ask(governor)
        await settle(stage.clock, 10)
    assert [line["event"] for line in logs] == ["an errand failed"]
    await again
    assert stage.clock.monotonic() <= LEASE + 5
    await governor.stop()


@virtual
async def test_who_gives_up_while_the_player_is_being_held_leaves_nobody_held() -> None:
    """The store works on it after that: it is let go once that is done, not before."""
    stage = Stage(spacing=0)
    stage.store.latency = lambda: 2.0
    governor = stage.governor()
    task = ask(governor)
    while not stage.store.count["hold_player"]:
        await settle(stage.clock, 0.05)
    stage.store.latency = lambda: 0.0  # whatever comes after is faster
    task.cancel()
    await settle(stage.clock, 5)
    [(owner, until)] = stage.store.leases.values()
    assert (owner, until <= stage.clock.now()) == (None, True)
    await governor.stop()

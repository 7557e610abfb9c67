"""The numbers of events, given out by several processes whose clocks do not agree."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.ids import GuildId
from giftbot.models.join import Level
from giftbot.services.invites.numbers import Numbers
from tests.fakes import ManualClock
from tests.services.invites.processes import staged
from tests.services.invites.truths import check, check_all_rows, check_sound
from tests.virtual_time import VirtualClock, run

ONE = GuildId(1)


class SkewedClock(VirtualClock):
    """A process's clock that is wrong by a span; nobody else's is."""

    def __init__(self, span: timedelta) -> None:
        super().__init__()
        self._span = span

    def now(self) -> datetime:
        """What that process takes for the present moment."""
        return super().now() + self._span


@given(st.integers(-3600, 3600), st.lists(st.integers(0, 20), min_size=1, max_size=5))
def test_numbers_rise_from_what_another_process_gave_out(skew: int, counts: list[int]) -> None:
    """However far its clock is ahead or behind: each takes over from the other, and none is given out twice."""
    clocks = ManualClock(), ManualClock()
    clocks[1].advance(seconds=skew + 3600)
    clocks[0].advance(seconds=3600)
    both = Numbers(clocks[0]), Numbers(clocks[1])
    given_out: list[int] = []
    for turn, count in enumerate(counts):
        numbers = both[turn % 2]
        numbers.skip(max(given_out, default=0))
        assert numbers.last >= max(given_out, default=0)
        given_out += [numbers.next() for _ in range(count)]
        clocks[turn % 2].advance(seconds=0.001)
    assert given_out == sorted(set(given_out))


def test_what_was_skipped_tells_processes_apart() -> None:
    """Two that skip the same number go on with different ones, but for one in a thousand."""
    others = {_after(10**15) % 1024 for _ in range(20)}
    assert len(others) > 1


def _after(seq: int) -> int:
    numbers = Numbers(ManualClock())
    numbers.skip(seq)
    return numbers.next()


@pytest.mark.parametrize("skew", [-90, 90])
def test_a_process_whose_clock_is_wrong_takes_over(tmp_path: Path, skew: int) -> None:
    """What the first heard and did not decide was heard before the second looks: the use is that person's."""

    async def main() -> None:
        async with staged(tmp_path / "store.db") as stage:
            server = stage.discord.add_server(1)
            server.add_code("a", 101)
            server.add_code("b", 102)
            first = stage.start()
            await stage.clock.sleep(100)
            stage.discord.weather = attrs.evolve(stage.discord.weather, look=(60.0, 60.0))
            server.join("a")
            await stage.clock.sleep(1)
            await stage.crash(first)
            stage.discord.weather = attrs.evolve(stage.discord.weather, look=(0.2, 0.2))
            attrs.evolve(stage, clock=SkewedClock(timedelta(seconds=skew))).start()
            await stage.clock.sleep(30)
            server.join("b")
            await stage.clock.sleep(60)
            seen = await check(stage, ONE)
            check_all_rows(seen)
            check_sound(seen)
            assert sorted((row.code, row.level) for row in seen.rows) == [
                ("a", Level.COUNTED),
                ("b", Level.COUNTED),
            ]

    run(main())

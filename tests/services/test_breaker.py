"""The circuit breaker."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.pace import BreakerState
from giftbot.services.breaker import Breaker
from tests.fakes import ManualClock


def opened(clock: ManualClock) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.judge(broken=True, canary=False)
    return breaker


def test_five_broken_answers_in_a_row_open_it() -> None:
    """Four do not, and neither do five with a sound one among them."""
    clock = ManualClock()
    breaker = Breaker(clock)
    for _ in range(3):
        assert [breaker.judge(broken=True, canary=False) for _ in range(4)] == [None] * 4
        assert breaker.judge(broken=False, canary=False) is None
        assert breaker.wait == 0
    changes = [breaker.judge(broken=True, canary=False) for _ in range(5)]
    assert changes == [None] * 4 + [BreakerState.OPEN]
    assert (breaker.state, breaker.wait) == (BreakerState.OPEN, 30)


def test_one_canary_at_a_time() -> None:
    """After 30 seconds one call may begin; until its answer is there no other may."""
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(seconds=29)
    assert breaker.wait == 1
    clock.advance(seconds=1)
    assert breaker.wait == 0
    assert breaker.begin()
    assert (breaker.state, breaker.wait) == (BreakerState.PROBING, math.inf)


def test_a_sound_canary_closes_it() -> None:
    """Then it takes five broken answers again."""
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(seconds=30)
    breaker.begin()
    assert breaker.judge(broken=False, canary=True) is BreakerState.CLOSED
    assert breaker.wait == 0
    assert not breaker.begin()
    assert [breaker.judge(broken=True, canary=False) for _ in range(4)] == [None] * 4
    assert breaker.judge(broken=True, canary=False) is BreakerState.OPEN
    assert breaker.wait == 30


def test_the_pause_doubles_up_to_ten_minutes() -> None:
    """With every canary that fails."""
    clock = ManualClock()
    breaker = opened(clock)
    pauses = []
    for _ in range(7):
        pauses.append(breaker.wait)
        clock.advance(seconds=breaker.wait)
        assert breaker.begin()
        assert breaker.judge(broken=True, canary=True) is BreakerState.OPEN
    assert pauses == [30, 60, 120, 240, 480, 600, 600]


def test_a_canary_without_an_answer_makes_room_for_another() -> None:
    """It was cancelled, or not sent after all."""
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(seconds=30)
    breaker.begin()
    breaker.abandon()
    assert breaker.wait == 0
    assert breaker.begin()


@pytest.mark.parametrize("broken", [True, False])
def test_answers_to_earlier_calls_do_not_count_while_it_is_open(broken: bool) -> None:
    """They were asked before it opened."""
    clock = ManualClock()
    breaker = opened(clock)
    for _ in range(10):
        assert breaker.judge(broken=broken, canary=False) is None
    assert (breaker.state, breaker.wait) == (BreakerState.OPEN, 30)


@given(st.lists(st.booleans(), max_size=200))
def test_a_game_that_works_most_of_the_time_is_asked(answers: list[bool]) -> None:
    """It opens only after five broken answers in a row, wherever these are."""
    breaker = Breaker(ManualClock())
    for index, broken in enumerate(answers):
        is_opening = breaker.judge(broken=broken, canary=False) is BreakerState.OPEN
        assert is_opening == (answers[max(0, index - 4) : index + 1] == [True] * 5)
        if is_opening:
            return

"""The arithmetic of the benchmarks."""

from __future__ import annotations

import pytest

from bench.figures import Figure, ms, peak, rate, table


@pytest.mark.parametrize(
    ("moments", "most"),
    [
        ([], 0),
        ([1.0], 1),
        ([0.0, 0.5, 1.0], 2),  # what is exactly a window apart does not fall into one
        ([0.0, 0.5, 0.999], 3),
        ([number / 32 for number in range(320)], 32),
    ],
)
def test_the_peak_is_the_most_within_any_window(moments: list[float], most: int) -> None:
    """A sliding window, half open."""
    assert peak(moments) == most


def test_the_rate_counts_intervals() -> None:
    """From the first to the last event."""
    assert rate([2.0, 2.5, 3.0]) == 2.0
    assert rate([2.0]) == 0.0


@pytest.mark.parametrize(("seconds", "words"), [(0.0001234, "0.123 ms"), (0.01234, "12.34 ms"), (1.234, "1234 ms")])
def test_milliseconds_have_the_digits_that_mean_something(seconds: float, words: str) -> None:
    """More for less."""
    assert ms(seconds) == words


def test_what_is_missed_is_said_in_capitals() -> None:
    """Nobody overlooks it in the table."""
    missed = Figure("4", "rate", ">= 60 %", "50 %", is_met=False)
    assert table([missed]).endswith("| 4 | rate | >= 60 % | 50 % | MISSED |")

"""Counts of a job."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.job import Counts
from giftbot.models.redemption import DEAD_CODE, GRANTED, OPEN, RedemptionOutcome

outcomes = st.sampled_from(RedemptionOutcome)


def counts_of(found: list[RedemptionOutcome]) -> Counts:
    """How often each outcome occurs."""
    return Counts({outcome: found.count(outcome) for outcome in set(found)})


@given(st.lists(outcomes))
def test_everybody_has_it_failed_or_is_still_to_come(found: list[RedemptionOutcome]) -> None:
    """The three parts add up, and none is negative."""
    counts = counts_of(found)
    assert counts.total == len(found)
    assert counts.granted + counts.open + counts.failed == counts.total
    assert min(counts.granted, counts.open, counts.failed) >= 0


@given(st.lists(outcomes, min_size=1), outcomes)
def test_an_answer_moves_one_player(found: list[RedemptionOutcome], after: RedemptionOutcome) -> None:
    """The same as counting anew; outcomes that nobody has are not kept."""
    moved = counts_of(found).moved(found[0], after)
    assert moved == counts_of([after, *found[1:]])


def test_no_outcome_is_of_two_kinds() -> None:
    """Granted, over for all, and open exclude each other."""
    assert not GRANTED & DEAD_CODE
    assert not GRANTED & OPEN
    assert not DEAD_CODE & OPEN

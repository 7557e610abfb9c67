"""The flow against trying everything."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from giftbot.services.invites.matching import Group, Match, Slots, match, match_most

KEYS = ("a", "b", "c")
bounded = settings(max_examples=120, deadline=None, derandomize=True, database=None)
groups = st.lists(
    st.builds(Group, st.integers(1, 2), st.frozensets(st.sampled_from(KEYS), max_size=3), st.booleans()),
    min_size=1,
    max_size=3,
)
slots = st.fixed_dictionaries(
    {},
    optional={
        key: st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda two: Slots(two[0], sum(two)))
        for key in KEYS
    },
)


def assignments(people: Sequence[Group], ways: Mapping[str, Slots]) -> Iterator[tuple[str | None, ...]]:
    """Every assignment of each join to a source or to none, whatever the bounds."""
    each: list[list[str | None]] = []
    for group in people:
        options: list[str | None] = [key for key in ways if key in group.keys]
        if group.may_be_other:
            options.append(None)
        each += [options] * group.size
    return itertools.product(*each)


def possible(people: Sequence[Group], found: Sequence[tuple[str | None, ...]]) -> tuple[frozenset[str | None], ...]:
    """For each group what any of its joins has in any of these."""
    result = []
    begin = 0
    for group in people:
        result.append(frozenset(way for one in found for way in one[begin : begin + group.size]))
        begin += group.size
    return tuple(result)


@given(groups, slots)
@bounded
def test_what_is_possible_is_what_some_assignment_has(people: list[Group], ways: dict[str, Slots]) -> None:
    """All uses between their bounds, all joins with one way."""
    found = [
        one
        for one in assignments(people, ways)
        if all(slot.low <= Counter(one)[key] <= slot.high for key, slot in ways.items())
    ]
    result = match(people, ways)
    if not found:
        assert result is None
        return
    assert isinstance(result, Match)
    assert result.possible == possible(people, found)
    counts = {key: {Counter(one)[key] for one in found} for key in ways}
    assert result.varying == {key for key, numbers in counts.items() if len(numbers) > 1}
    assert all(result.used[key] in numbers for key, numbers in counts.items())


@given(groups, slots)
@bounded
def test_as_many_as_possible_have_a_source(people: list[Group], ways: dict[str, Slots]) -> None:
    """When uses may be left over, the fewest joins are without."""
    anyone = [Group(group.size, group.keys) for group in people]
    found = [
        one
        for one in assignments(anyone, ways)
        if all(Counter(one)[key] <= slot.high for key, slot in ways.items())
    ]
    fewest = min(one.count(None) for one in found)
    best = [one for one in found if one.count(None) == fewest]
    result = match_most(people, ways)
    assert sum(result.others) == fewest
    assert result.possible == possible(people, best)

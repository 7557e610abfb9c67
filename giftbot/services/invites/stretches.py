"""A stretch of a chain: its people against its sources, whatever number of them the looks inside counted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from giftbot.models.ids import RoleId, UserId
from giftbot.services.invites.chains import Span
from giftbot.services.invites.matching import Group, Slots, match, match_most
from giftbot.services.invites.sources import Source, Stretch, merged

INNER_PAIRS = 60
"""How many pairs of counts of two looks are gone through; with more, the looks inside are not used."""
INNER_PEOPLE = 60

Ways = frozenset[str | None]


@attrs.frozen
class Person:
    """Somebody who joined, as far as matching is concerned."""

    moment: datetime | None
    """None for a join that was decided before without its use being known."""
    user_id: UserId | None = None
    roles: frozenset[RoleId] = frozenset()
    code: str | None = None
    """The invite, if a marker role has told it."""
    may_be_uncounted: bool = False
    """Whether the last look may have come before."""


@attrs.frozen
class Outcome:
    """What can be said of a stretch."""

    ways: tuple[Ways, ...]
    """For each person the sources they can have used; None is none of them."""
    assumed: tuple[Ways, ...] | None
    """The same, if limited invites that are gone are used up; None when that changes nothing."""
    is_surplus: bool
    """Whether uses are left over."""
    left_over: Mapping[str, int]
    """Uses that nobody took, by source."""
    varying: frozenset[str]
    """Sources whose left-over uses may be another's."""
    shares: tuple[Mapping[str | None, float], ...]
    """For each person how likely each way is."""


def solve(people: Sequence[Person], stretches: Sequence[Stretch], inner: Sequence[Span]) -> Outcome:
    """What all histories have in common that agree with the counters.

    Args:
        people: In the order of their moments.
        stretches: What was counted before, between and after the looks inside.
        inner: How many of the people each look inside counted, one less than stretches.
    """
    whole = merged(stretches)
    ways = _over_all_counts(people, stretches, inner)
    if ways is None and len(stretches) > 1:
        ways = _strict(people, whole)
    if ways is None:
        eased = [attrs.evolve(person, may_be_uncounted=True) for person in people]
        ways = _strict(eased, whole)
    if ways is None:
        return _left_over(people, whole)
    return Outcome(
        ways=ways,
        assumed=_if_used_up(people, stretches, inner),
        is_surplus=False,
        left_over={},
        varying=frozenset(),
        shares=_shares(ways, {key: source.slots for key, source in whole.items()}),
    )


def _strict(people: Sequence[Person], stretch: Stretch) -> tuple[Ways, ...] | None:
    groups, places = _groups(people, stretch)
    found = match(groups, _slots(stretch))
    return None if found is None else tuple(found.possible[place] for place in places)


def _if_used_up(
    people: Sequence[Person], stretches: Sequence[Stretch], inner: Sequence[Span]
) -> tuple[Ways, ...] | None:
    """The ways if limited invites that are gone had all their uses taken, and that is what balances."""
    if all(source.used_up is None for stretch in stretches for source in stretch.values()):
        return None
    exact = [_exact(stretch) for stretch in stretches]
    if sum(source.low for stretch in exact for source in stretch.values()) != len(people):
        return None
    return _over_all_counts(people, exact, inner)


def _exact(stretch: Stretch) -> Stretch:
    return {
        key: source if source.used_up is None else attrs.evolve(source, low=source.used_up, high=source.used_up)
        for key, source in stretch.items()
    }


def _left_over(people: Sequence[Person], stretch: Stretch) -> Outcome:
    groups, places = _groups(people, stretch)
    found = match_most(groups, _slots(stretch))
    ways = tuple(found.possible[place] for place in places)
    left = {key: source.low - found.used[key] for key, source in stretch.items()}
    return Outcome(
        ways=ways,
        assumed=None,
        is_surplus=True,
        left_over={key: count for key, count in left.items() if count > 0},
        varying=found.varying,
        shares=_shares(ways, {key: Slots(found.used[key], source.high) for key, source in stretch.items()}),
    )


def _slots(stretch: Stretch) -> dict[str, Slots]:
    return {key: source.slots for key, source in stretch.items()}


def _groups(people: Sequence[Person], stretch: Stretch) -> tuple[list[Group], list[int]]:
    """People who are alike as groups, and the group of each."""
    sizes: dict[tuple[frozenset[str], bool], int] = {}
    numbers: dict[tuple[frozenset[str], bool], int] = {}
    places: list[int] = []
    for kind in _kinds(people, stretch):
        sizes[kind] = sizes.get(kind, 0) + 1
        places.append(numbers.setdefault(kind, len(numbers)))
    return [Group(size, keys, may_be_other=other) for (keys, other), size in sizes.items()], places


def _kinds(people: Sequence[Person], stretch: Stretch) -> list[tuple[frozenset[str], bool]]:
    moments = [person.moment for person in people if person.moment is not None]
    first, last = (min(moments), max(moments)) if moments else (None, None)
    open_to_all = frozenset(key for key, source in stretch.items() if not _excludes_some(source, first, last))
    narrow = [source for key, source in stretch.items() if key not in open_to_all]
    everything = frozenset(stretch)
    kinds = []
    for person in people:
        if person.code is not None:
            kinds.append((everything & {person.code}, person.may_be_uncounted))
        elif person.moment is None:
            kinds.append((everything, True))
        elif narrow:
            fitting = {source.key for source in narrow if _fits(person, source)}
            kinds.append((open_to_all | fitting, True))
        else:
            kinds.append((open_to_all, True))
    return kinds


def _excludes_some(source: Source, first: datetime | None, last: datetime | None) -> bool:
    if source.role_ids or source.targets is not None:
        return True
    too_early = source.opens is not None and first is not None and first < source.opens
    too_late = source.closes is not None and last is not None and last > source.closes
    return too_early or too_late


def _fits(person: Person, source: Source) -> bool:
    if person.moment is None:
        return True
    if source.opens is not None and person.moment < source.opens:
        return False
    if source.closes is not None and person.moment > source.closes:
        return False
    if source.targets is not None and person.user_id not in source.targets:
        return False
    return person.roles.issuperset(source.role_ids)


def _over_all_counts(
    people: Sequence[Person], stretches: Sequence[Stretch], inner: Sequence[Span]
) -> tuple[Ways, ...] | None:
    """The ways of each person over all counts of the looks inside; None when none agrees with the counters."""
    if len(stretches) == 1:
        return _strict(people, stretches[0])
    spans = [Span(0, 0), *inner, Span(len(people), len(people))]
    pairs = [
        (number, begin, end)
        for number in range(len(stretches))
        for begin in range(spans[number].low, spans[number].high + 1)
        for end in range(max(begin, spans[number + 1].low), spans[number + 1].high + 1)
    ]
    found: dict[tuple[int, int, int], tuple[Ways, ...]] = {}
    for pair in pairs:
        number, begin, end = pair
        ways = _strict(people[begin:end], stretches[number])
        if ways is not None:
            found[pair] = ways
    onward = {(0, 0)}
    for number, begin, end in pairs:
        if (number, begin) in onward and (number, begin, end) in found:
            onward.add((number + 1, end))
    if (len(stretches), len(people)) not in onward:
        return None
    back = {(len(stretches), len(people))}
    result: list[set[str | None]] = [set() for _ in people]
    for number, begin, end in reversed(pairs):
        ways_here = found.get((number, begin, end))
        if ways_here is None or (number, begin) not in onward or (number + 1, end) not in back:
            continue
        back.add((number, begin))
        for place, way in enumerate(ways_here, begin):
            result[place] |= way
    return tuple(frozenset(ways) for ways in result)


def is_small(people: int, inner: Sequence[Span]) -> bool:
    """Whether the looks inside a stretch can be gone through."""
    widths = [1, *(span.high - span.low + 1 for span in inner), 1]
    pairs = sum(first * second for first, second in itertools.pairwise(widths))
    return people <= INNER_PEOPLE and pairs <= INNER_PAIRS


def _shares(ways: Sequence[Ways], slots: Mapping[str, Slots]) -> tuple[Mapping[str | None, float], ...]:
    """How likely each way is, so that the sums are those of the counters: proportional fitting."""
    sizes: dict[Ways, int] = {}
    for way in ways:
        sizes[way] = sizes.get(way, 0) + 1
    totals = _totals(sizes, slots, len(ways))
    table: dict[Ways, dict[str | None, float]] = {
        way: {key: totals[key] for key in way if totals[key] > 0} for way in sizes
    }
    for _ in range(40 if len(table) > 1 else 1):
        for key, total in totals.items():
            column = sum(row.get(key, 0.0) for row in table.values())
            if column > 0 and len(table) > 1:
                for row in table.values():
                    if key in row:
                        row[key] *= total / column
        for way, size in sizes.items():
            row = table[way]
            filled = sum(row.values())
            table[way] = {key: value * size / filled for key, value in row.items()} if filled else row
    each = {way: {key: value / sizes[way] for key, value in row.items()} for way, row in table.items()}
    return tuple(each[way] for way in ways)


def _totals(sizes: Mapping[Ways, int], slots: Mapping[str, Slots], people: int) -> dict[str | None, float]:
    keys = {key for way in sizes for key in way}
    totals: dict[str | None, float] = {key: float(slots[key].low) for key in keys if key is not None}
    rest = max(0, people - sum(slot.low for slot in slots.values()))
    room = {
        key: slots[key].high - slots[key].low if key is not None else people
        for key in keys
        if key is None or slots[key].high > slots[key].low
    }
    for key, free in room.items():
        share = rest / len(room)
        totals[key] = totals.get(key, 0.0) + (share if key is None else min(share, float(free)))
    if None in keys:
        others = sum(value for key, value in totals.items() if key is not None)
        totals[None] = max(0.0, people - others)
    return totals

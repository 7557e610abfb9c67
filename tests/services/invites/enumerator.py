"""All histories that agree with what was observed, by trying them: slow, and independent of how the bot decides.

A history says of each join which way it came, and of each look how many joins it had counted. Nothing surprising
happens in it: every use is the use of somebody who was seen to join.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import attrs

NOTHING = "-"
"""The way of those who came without anything that is counted."""


@attrs.frozen
class SeenJoin:
    """A join, in the order of the moments."""

    seq: int
    roles: frozenset[int] = frozenset()
    marked: str | None = None


@attrs.frozen
class SeenLook:
    """What a look showed: uses since the baseline of what is listed, and bounds for what is not."""

    asked: int
    seen: int
    uses: Mapping[str, int]
    gone: Mapping[str, tuple[int, int]]
    """Uses since the baseline of those that vanished, at least and at most."""


@attrs.frozen
class Seen:
    """All that was observed."""

    joins: Sequence[SeenJoin]
    looks: Sequence[SeenLook]
    roles: Mapping[str, frozenset[int]] = attrs.Factory(dict)
    """What invites give."""


def ways(seen: Seen) -> list[frozenset[str]]:
    """For each join the ways that it has in some history; of joins that no look can have counted all ways."""
    found: list[set[str]] = [set() for _ in seen.joins]
    for history in _histories(seen):
        for place, way in enumerate(history):
            found[place].add(way)
    return [frozenset(each) for each in found]


def _codes(seen: Seen) -> list[str]:
    return sorted({code for look in seen.looks for code in (*look.uses, *look.gone)})


def _histories(seen: Seen) -> Iterator[tuple[str, ...]]:
    codes = [*_codes(seen), NOTHING]
    reach = [_most(seen.joins, look.asked) for look in seen.looks]
    most = [max(low, _most(seen.joins, look.seen)) for low, look in zip(reach, seen.looks, strict=True)]
    ranges = list(zip(reach, most, strict=True))
    limit: Counter[str] = Counter()
    for look in seen.looks:
        for code in codes:
            count = look.uses.get(code)
            limit[code] = max(limit[code], look.gone.get(code, (0, 0))[1] if count is None else count)
    free = most[-1] if most else 0

    def extend(way: tuple[str, ...], used: Counter[str]) -> Iterator[tuple[str, ...]]:
        if len(way) == free:
            if _agrees(way, seen.looks, ranges):
                yield way
            return
        join = seen.joins[len(way)]
        for code in codes:
            if code != NOTHING and used[code] >= limit[code] and len(way) < reach[-1]:
                continue
            if join.marked is not None and code != join.marked:
                continue
            if code != NOTHING and not seen.roles.get(code, frozenset()) <= join.roles:
                continue
            used[code] += 1
            yield from extend((*way, code), used)
            used[code] -= 1

    yield from extend((), Counter())


def _most(joins: Sequence[SeenJoin], seq: int) -> int:
    return max((place for place, join in enumerate(joins, 1) if join.seq <= seq), default=0)


def _agrees(way: tuple[str, ...], looks: Sequence[SeenLook], ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether the looks can have counted growing beginnings of it."""
    before = 0
    for look, (low, high) in zip(looks, ranges, strict=True):
        counts = [count for count in range(max(before, low), high + 1) if _shows(look, Counter(way[:count]))]
        if not counts:
            return False
        before = counts[0]
    return True


def _shows(look: SeenLook, used: Counter[str]) -> bool:
    if any(used[code] != count for code, count in look.uses.items()):
        return False
    return all(low <= used[code] <= high for code, (low, high) in look.gone.items())

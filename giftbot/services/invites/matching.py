"""Which way can have brought whom: groups of joins against counted uses, as a flow between bounds.

Joins with the same constraints are one group, so that the effort depends on the number of groups and sources, not
on the number of joins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import attrs

MANY = 1 << 40
"""More uses than there will ever be."""


@attrs.frozen
class Slots:
    """The uses of one source in one stretch of time."""

    low: int
    """How many were taken for sure, each by somebody."""
    high: int
    """How many can have been taken."""


@attrs.frozen
class Group:
    """Joins that are alike."""

    size: int
    keys: frozenset[str]
    """The sources they can have used."""
    may_be_other: bool = True
    """Whether they can have come without any of the sources."""


@attrs.frozen
class Match:
    """What all assignments have in common."""

    possible: tuple[frozenset[str | None], ...]
    """For each group the sources that at least one assignment gives to one of its joins; None is no source."""
    used: Mapping[str, int]
    """How many uses of each source one of the assignments takes."""
    others: tuple[int, ...]
    """How many of each group have no source in that assignment."""
    varying: frozenset[str]
    """Sources of which another assignment takes another number."""


def match(groups: Sequence[Group], slots: Mapping[str, Slots]) -> Match | None:
    """Every use between its bounds, every join with one source or without; None when that is impossible."""
    net = _Network(groups, slots)
    for edge in net.leaving:
        net.set_bounds(edge, 0, MANY)
    if not net.repair(net.exits) or not net.repair(net.entries):
        return None
    return net.read()


def match_most(groups: Sequence[Group], slots: Mapping[str, Slots]) -> Match:
    """As many joins as possible with a source, though uses are left over."""
    free = {key: Slots(0, slot.high) for key, slot in slots.items()}
    anyone = [attrs.evolve(group, may_be_other=True) for group in groups]
    net = _Network(anyone, free)
    net.repair(net.entries)
    rest = sum(net.missing(edge) for edge in net.entries)
    for edge in net.leaving:
        net.set_bounds(edge, 0, MANY)
    net.set_bounds(net.out, 0, rest)
    net.repair(net.entries)
    net.set_bounds(net.out, rest, rest)
    return net.read()


class _Network:
    """Start -> groups -> sources or "other" -> end -> start, a flow with bounds on each edge."""

    def __init__(self, groups: Sequence[Group], slots: Mapping[str, Slots]) -> None:
        self._tails: list[int] = []
        self._heads: list[int] = []
        self._low: list[int] = []
        self._high: list[int] = []
        self._flow: list[int] = []
        self._keys = list(slots)
        count = len(groups)
        self._start, self._end, other = 0, 1, 2
        self._source = {key: 3 + count + index for index, key in enumerate(self._keys)}
        self._at: list[list[int]] = [[] for _ in range(3 + count + len(slots))]
        self._edge(self._end, self._start, 0, MANY)
        self.out = self._edge(other, self._end, 0, MANY)
        self.entries = [
            self._edge(self._start, 3 + index, group.size, group.size) for index, group in enumerate(groups)
        ]
        self.exits = [self._edge(self._source[key], self._end, slots[key].low, slots[key].high) for key in slots]
        self._ways: list[dict[str | None, int]] = []
        self.leaving: list[int] = []
        """Edges from groups to "other"; closed at first."""
        for index, group in enumerate(groups):
            ways: dict[str | None, int] = {}
            for key in self._keys:
                if key in group.keys:
                    ways[key] = self._edge(3 + index, self._source[key], 0, MANY)
            if group.may_be_other:
                ways[None] = self._edge(3 + index, other, 0, 0)
                self.leaving.append(ways[None])
            self._ways.append(ways)

    def _edge(self, tail: int, head: int, low: int, high: int) -> int:
        number = len(self._tails)
        self._tails.append(tail)
        self._heads.append(head)
        self._low.append(low)
        self._high.append(high)
        self._flow.append(0)
        self._at[tail].append(number)
        self._at[head].append(number)
        return number

    def set_bounds(self, edge: int, low: int, high: int) -> None:
        self._low[edge], self._high[edge] = low, high

    def missing(self, edge: int) -> int:
        return max(0, self._low[edge] - self._flow[edge])

    def repair(self, edges: Sequence[int]) -> bool:
        """Raise the flow of these edges to their lower bounds as far as possible; whether it was."""
        whole = True
        for edge in edges:
            while self.missing(edge):
                path = self._path(self._heads[edge], self._tails[edge], without=edge)
                if path is None:
                    whole = False
                    break
                step = min(self.missing(edge), *(room for _, _, room in path))
                self._flow[edge] += step
                for other, sign, _ in path:
                    self._flow[other] += sign * step
        return whole

    def _steps(self, node: int) -> list[tuple[int, int, int, int]]:
        """Where the flow can be changed from that node: next node, edge, sign, by how much."""
        steps = []
        for edge in self._at[node]:
            if self._tails[edge] == node:
                room, sign, after = self._high[edge] - self._flow[edge], 1, self._heads[edge]
            else:
                room, sign, after = self._flow[edge] - self._low[edge], -1, self._tails[edge]
            if room > 0:
                steps.append((after, edge, sign, room))
        return steps

    def _path(self, begin: int, goal: int, *, without: int) -> list[tuple[int, int, int]] | None:
        came: dict[int, tuple[int, int, int, int]] = {}
        queue = deque([begin])
        while queue and goal not in came:
            node = queue.popleft()
            for after, edge, sign, room in self._steps(node):
                if edge != without and after not in came and after != begin:
                    came[after] = (node, edge, sign, room)
                    queue.append(after)
        if goal not in came:
            return None
        path = []
        node = goal
        while node != begin:
            node, edge, sign, room = came[node]
            path.append((edge, sign, room))
        return path

    def read(self) -> Match:
        possible = [frozenset(key for key, edge in ways.items() if self._can_carry(edge)) for ways in self._ways]
        used = {key: self._flow[edge] for key, edge in zip(self._keys, self.exits, strict=True)}
        others = tuple(self._flow[ways[None]] if None in ways else 0 for ways in self._ways)
        varying = frozenset(key for key, edge in zip(self._keys, self.exits, strict=True) if self._can_vary(edge))
        return Match(tuple(possible), used, others, varying)

    def _can_carry(self, edge: int) -> bool:
        if self._flow[edge] > 0:
            return True
        if self._high[edge] == 0:
            return False
        return self._path(self._heads[edge], self._tails[edge], without=edge) is not None

    def _can_vary(self, edge: int) -> bool:
        tail, head = self._tails[edge], self._heads[edge]
        if self._flow[edge] < self._high[edge] and self._path(head, tail, without=edge) is not None:
            return True
        return self._flow[edge] > self._low[edge] and self._path(tail, head, without=edge) is not None

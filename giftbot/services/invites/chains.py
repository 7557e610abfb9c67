"""Chains of looks: how many of the joins, in the order of their moments, each look counted."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from datetime import datetime

import attrs

from giftbot.services.invites.evidence import Arrival, Look
from giftbot.services.invites.memberships import moment_of


@attrs.frozen
class Span:
    """Between how many and how many joins a look counted."""

    low: int
    high: int

    @property
    def is_known(self) -> bool:
        """Whether it is exactly one number."""
        return self.low == self.high


@attrs.frozen
class Chain:
    """What is known of each look."""

    spans: tuple[Span, ...]
    """After taking into account what was counted."""
    by_order: tuple[Span, ...]
    """From the order of the messages alone."""
    is_surplus: bool
    """Whether more was counted than people were seen to join."""


def chain_of(looks: Sequence[Look], arrivals: Sequence[Arrival], lows: Sequence[int], loose: int) -> Chain:
    """How many joins each look counted.

    A join that was received before a look was asked is counted by it, one that was received after its grace is
    not, unless somebody who joined later is. Each counted use is somebody's, so that counting narrows it further:
    when as many uses were counted as people can have joined, nobody came without an invite, and every look before
    has counted exactly as many joins as uses.

    Args:
        looks: In the order in which they were asked.
        arrivals: Ordered by the moment of joining.
        lows: How many uses each look counted, at least, since the one before.
        loose: How many joins come before the arrivals and may be counted or not.
    """
    by_order = _by_order(looks, arrivals, loose)
    spans = _narrowed(by_order, lows)
    if spans is None:
        return Chain(tuple(by_order), tuple(by_order), is_surplus=True)
    return Chain(tuple(spans), tuple(by_order), is_surplus=False)


def _by_order(looks: Sequence[Look], arrivals: Sequence[Arrival], loose: int) -> list[Span]:
    sure = _reach([look.asked_seq for look in looks], arrivals)
    maybe = _reach([look.seen_seq for look in looks], arrivals)
    return [Span(loose + low, loose + max(low, high)) for low, high in zip(sure, maybe, strict=True)]


def _reach(seqs: Sequence[int], arrivals: Sequence[Arrival]) -> list[int]:
    """For each number how far the joins reach that were received up to it."""
    received = sorted((arrival.event.seq, place) for place, arrival in enumerate(arrivals, 1))
    numbers = [seq for seq, _ in received]
    furthest: list[int] = [0]
    for _, place in received:
        furthest.append(max(furthest[-1], place))
    return [furthest[bisect.bisect_right(numbers, seq)] for seq in seqs]


def _narrowed(spans: Sequence[Span], lows: Sequence[int]) -> list[Span] | None:
    forward: list[Span] = []
    floor = 0
    for span, low in zip(spans, lows, strict=True):
        floor = max(span.low, floor + low)
        forward.append(Span(floor, span.high))
    ceiling = forward[-1].high if forward else 0
    result: list[Span] = []
    for number in range(len(forward) - 1, -1, -1):
        ceiling = min(ceiling, forward[number].high)
        result.append(Span(forward[number].low, ceiling))
        ceiling -= lows[number]
    result.reverse()
    if any(span.low > span.high for span in result):
        return None
    return result


def splits_a_moment(span: Span, moments: Sequence[datetime | None]) -> bool:
    """Whether people who joined at the same moment may be on both sides of it: then nobody knows who was first."""
    return any(
        0 < place < len(moments) and moments[place] is not None and moments[place] == moments[place - 1]
        for place in range(span.low, span.high + 1)
    )


def moments_of(arrivals: Sequence[Arrival], loose: int) -> list[datetime | None]:
    """The moments of all joins of a chain; None for loose ones."""
    return [None] * loose + [moment_of(arrival.event) for arrival in arrivals]

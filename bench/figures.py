"""Figures: what is asked, what was measured, and whether that is enough; and the little arithmetic they need."""

from __future__ import annotations

import json
import statistics
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs


@attrs.frozen
class Figure:
    """One line of the result."""

    group: str
    """The number of the requirement, e.g. `4`."""
    name: str
    target: str
    measured: str
    """In milliseconds, messages a second or megabytes; with the ratio where there is something bare to compare."""
    is_met: bool
    values: Mapping[str, float] = attrs.field(factory=dict)
    """The same in numbers, for machines."""

    @property
    def verdict(self) -> str:
        """`met` or `MISSED`."""
        return "met" if self.is_met else "MISSED"


def ms(seconds: float) -> str:
    """Seconds as milliseconds, with as many digits as mean something."""
    value = seconds * 1000
    return f"{value:.3f} ms" if value < 1 else f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"


def peak(moments: Sequence[float], window: float = 1.0) -> int:
    """The most of these ascending moments that lie in any `window` seconds (its beginning excluded)."""
    return max((end + 1 - bisect_right(moments, at - window) for end, at in enumerate(moments)), default=0)


def rate(moments: Sequence[float]) -> float:
    """Events a second between the first and the last of these moments; 0 for less than two."""
    span = moments[-1] - moments[0] if len(moments) > 1 else 0.0
    return (len(moments) - 1) / span if span > 0 else 0.0


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = ["| # | figure | target | measured | |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {one.group} | {one.name} | {one.target} | {one.measured} | {one.verdict} |" for one in figures]
    return "\n".join(lines)


def write_json(path: Path, figures: Sequence[Figure], facts: Mapping[str, str]) -> None:
    """The figures for machines."""
    document = {
        "facts": dict(facts),
        "figures": [{**attrs.asdict(one), "values": dict(one.values)} for one in figures],
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

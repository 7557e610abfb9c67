"""The sections of a copy: what of a server changes together, packed.

Its joins are held by month, a month in blocks of some hundred rows: of a month with thousands of joins, a change
writes those blocks anew that it touches, and no more than one is unpacked at once. The first block of a month is
the section `joins 2026-05`, the next one `joins 2026-05 2`.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

import attrs

from giftbot.models.join import Join
from giftbot.services.invites.earlier_shape import JOINS_TABLE, join_rows
from giftbot.services.invites.parts import Lines, Part, line, pack_lines

BLOCK = 256
"""Rows of one block, at most: 200 KB of text, 2 ms to write anew."""
_FILLED = BLOCK * 3 // 4
"""Rows of a block that was cut from one that had become too large."""


V = TypeVar("V", bound=attrs.AttrsInstance)


class Documents(Protocol):
    """Turns models into plain dicts and back."""

    def to_document(self, value: attrs.AttrsInstance) -> dict[str, object]:
        """A value as a dict of what JSON has."""
        ...

    def read_document(self, model: type[V], document: object) -> V | None:
        """The value in a dict; None when it cannot be read."""
        ...

    def settled_invite(self, document: Mapping[str, object]) -> Mapping[str, object] | None:
        """The dict of an invite as `to_document` might have made it; None when it cannot be read."""
        ...


@attrs.frozen
class Section:
    """One section of one server, ready to be copied."""

    own: Part
    earlier: Mapping[str, Part]
    """Its rows for the tables of earlier bots; of `invite_cache` the server's invites."""


@attrs.frozen
class Block:
    """Some joins of one month, which follow each other by their ids."""

    first: str
    """The id of its first join."""
    own: Lines
    earlier: Lines | None
    """Rows for earlier bots, of those who are there; None when nobody is."""

    @property
    def section(self) -> Section:
        """The block as a section."""
        return Section(self.own, {} if self.earlier is None else {JOINS_TABLE: self.earlier})


@attrs.frozen
class JoinText:
    """A join as text."""

    own: bytes
    earlier: bytes | None


Months = Mapping[str, Sequence[Block]]
"""A server's joins: the blocks of each month, by the ids of their joins."""


def month_of(join: Join) -> str:
    """The section that a join belongs to."""
    return f"joins {join.joined_at:%Y-%m}"


def with_joins(months: Months, joins: Iterable[Join], documents: Documents) -> Months:
    """These months with these joins, in place of what was there of them."""
    new: dict[str, dict[str, JoinText]] = defaultdict(dict)
    for join in joins:
        new[month_of(join)][join.join_id] = _text_of(join, documents)
    return {**months, **{month: _with_rows(months.get(month, ()), rows) for month, rows in new.items()}}


def sections_of(months: Months) -> dict[str, Section]:
    """The sections of a server's joins, by name."""
    return {
        month if number == 1 else f"{month} {number}": block.section
        for month, blocks in sorted(months.items())
        for number, block in enumerate(blocks, start=1)
    }


def _text_of(join: Join, documents: Documents) -> JoinText:
    earlier = [line(row) for row in join_rows([join])]
    return JoinText(line(documents.to_document(join)), earlier[0] if earlier else None)


def _with_rows(blocks: Sequence[Block], rows: Mapping[str, JoinText]) -> tuple[Block, ...]:
    """A month's blocks with these rows; those that none of them belongs to stay as they are."""
    firsts = [block.first for block in blocks]

    def place(name: str) -> int:
        return max(bisect_right(firsts, name) - 1, 0)

    touched = {place: list(names) for place, names in itertools.groupby(sorted(rows), key=place)}
    found: list[Block] = []
    for number in range(max(len(blocks), 1)):
        new = {name: rows[name] for name in touched.get(number, ())}
        if number < len(blocks) and not new:
            found.append(blocks[number])
        elif new:
            found += _merged(blocks[number] if blocks else None, new)
    return tuple(found)


def _merged(block: Block | None, rows: Mapping[str, JoinText]) -> Iterator[Block]:
    own, earlier = {}, {}
    if block is not None:
        own = block.own.rows
        earlier = block.earlier.rows if block.earlier is not None else {}
    for name, text in rows.items():
        own[name] = text.own
        earlier.pop(name, None)
        if text.earlier is not None:
            earlier[name] = text.earlier
    names = sorted(own)
    size = BLOCK if len(names) <= BLOCK else _FILLED
    for start in range(0, len(names), size):
        some = names[start : start + size]
        there = {name: earlier[name] for name in some if name in earlier}
        yield Block(some[0], pack_lines({name: own[name] for name in some}), pack_lines(there) if there else None)

"""Joins of a copy in blocks: what changed is packed anew, and nothing else."""

from __future__ import annotations

import random
from typing import Any

import attrs
import orjson
import pytest

from giftbot.services.invites.parts import pack
from giftbot.services.invites.sections import BLOCK, Months, sections_of, with_joins
from giftbot.stores import invite_documents
from tests.services.invites.copying import HOUR, NORTH, T0, join


def rows_of(months: Months) -> list[dict[str, Any]]:
    """The rows of all sections of joins, as they are read back."""
    return [row for section in sections_of(months).values() for row in orjson.loads(section.own.text)]


@pytest.mark.parametrize("count", [0, 1, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_any_number_of_joins_is_cut_into_blocks(count: int) -> None:
    """Together they hold each join once, and who is there for earlier bots; each has the digest of its list."""
    joins = [join(NORTH, user, left_at=T0 + HOUR if user > 300 else None) for user in range(1, count + 1)]
    months = with_joins({}, joins[::-1], invite_documents)
    ordered = sorted(joins, key=lambda join: join.join_id)
    assert rows_of(months) == [orjson.loads(orjson.dumps(invite_documents.to_document(one))) for one in ordered]
    for name, section in sections_of(months).items():
        assert name.startswith("joins 2026-05")
        assert section.own.digest == pack(orjson.loads(section.own.text)).digest
        assert len(orjson.loads(section.own.text)) <= BLOCK
    there = [
        row["user_id"]
        for section in sections_of(months).values()
        for table in section.earlier.values()
        for row in orjson.loads(table.text)
    ]
    assert sorted(there) == list(range(1, min(count, 300) + 1))


def test_joins_are_put_into_their_blocks_in_any_order() -> None:
    """What comes bit by bit is what comes at once; what comes again takes the place of what was there."""
    dice = random.Random(7)
    joins = {user: join(NORTH, user) for user in dice.sample(range(1, 10**6), 2000)}
    months: Months = {}
    for _ in range(40):
        users = dice.sample(sorted(joins), 150)
        for user in users:
            joins[user] = attrs.evolve(joins[user], uses_after=dice.randrange(99), left_at=dice.choice([None, T0]))
        months = with_joins(months, [joins[user] for user in users], invite_documents)
    months = with_joins(months, joins.values(), invite_documents)
    assert rows_of(months) == rows_of(with_joins({}, joins.values(), invite_documents))
    [blocks] = months.values()
    assert len(blocks) < 4 * len(joins) / BLOCK
    there = {
        row["user_id"]
        for block in blocks
        for table in block.section.earlier.values()
        for row in orjson.loads(table.text)
    }
    assert there == {user for user, one in joins.items() if one.is_open}


def test_a_change_leaves_other_blocks_as_they_are() -> None:
    """Of a month with thousands of joins one block is packed anew."""
    joins = [join(NORTH, user) for user in range(1000, 3000)]
    before = with_joins({}, joins, invite_documents)
    after = with_joins(before, [attrs.evolve(joins[700], uses_after=44)], invite_documents)
    [[*old], [*new]] = *before.values(), *after.values()
    assert sum(one is not other for one, other in zip(old, new, strict=True)) == 1

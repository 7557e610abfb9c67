"""Copies that somebody changed: whatever is in them, they are refused, as a whole or entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from giftbot.errors import CopyRefusedError
from giftbot.services.invites.bounds import LARGEST_ID
from giftbot.services.invites.envelope import read_copy, render_copy
from giftbot.services.invites.payload import LEDGER, OURS, STATE, pack_records, read_records
from giftbot.stores import invite_documents
from tests.services.invites.changed_copies import copy_of, nested, sections
from tests.services.invites.copying import NORTH, records

bounded = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


ODD_TEXTS = [
    "",
    "9" * 5000,
    "-1",
    "nan",
    "inf",
    "0001-01-01T00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "x" * 70_000,
]


ODD_NUMBERS = [-1, 2**31 + 1, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 1e308, -0.5]


TEXT = st.text(st.characters(codec="utf-8"), max_size=10)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.sampled_from([*ODD_TEXTS, *ODD_NUMBERS])
)


JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


ODD = JSON | st.sampled_from([100, 221, 230, 253, 254, 500, 900]).map(nested)


@st.composite
def mutated(draw: st.DrawFn, make: Any) -> Any:
    """What `make` gives, with one to three values anywhere in it replaced, added or taken away."""
    root: list[Any] = [make()]
    for _ in range(draw(st.integers(1, 3))):
        at: Any = root
        key: Any = 0
        while isinstance(at[key], (dict, list)) and at[key] and draw(st.integers(0, 9)):
            at = at[key]
            key = draw(st.sampled_from(sorted(at))) if isinstance(at, dict) else draw(st.integers(0, len(at) - 1))
        what = draw(st.sampled_from(["replace", "add", "take"]))
        if what == "take" and at is not root:
            del at[key]
        elif what == "add" and isinstance(at[key], dict):
            at[key][draw(TEXT | st.just("9" * 5000))] = draw(ODD)
        elif what == "add" and isinstance(at[key], list):
            at[key].append(draw(ODD))
        else:
            at[key] = draw(ODD)
    return root[0]


def check_read(guild: object, given_sections: object) -> None:
    """Whatever comes of it can be written to any table, and into the next copy."""
    found, refused = read_records(guild, given_sections, invite_documents)
    assert all(len(why) < 300 for why in refused)
    if found is None:
        assert refused
        return
    rows: list[attrs.AttrsInstance] = [*found.joins, *found.links, *found.credits]
    if found.settings is not None:
        rows.append(found.settings)
    for one in rows:
        check_numbers(invite_documents.to_document(one))
    if found.ledger is not None:
        check_numbers(found.ledger.document)
    packed = {name: section.own for name, section in pack_records(found, invite_documents).items()}
    assert read_copy(render_copy(copy_of({str(found.guild_id): packed}))).sequence == 5


def check_numbers(value: object) -> None:
    """Every number is one that tables take."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            check_numbers(one)
    elif isinstance(value, int):
        assert -LARGEST_ID <= value <= LARGEST_ID


def as_json(value: object) -> bytes:
    """JSON of any depth."""
    try:
        return orjson.dumps(value)
    except TypeError:
        depth = 0
        while isinstance(value, list) and value:
            value, depth = value[0], depth + 1
        return b"[" * depth + orjson.dumps(value) + b"]" * depth


@bounded
@given(st.binary(max_size=60) | ODD.map(as_json))
def test_any_bytes_are_refused(body: bytes) -> None:
    """With a reason."""
    with pytest.raises(CopyRefusedError):
        read_copy(body)


def document() -> Any:
    """A whole copy as the cloud has it."""
    packed = {name: section.own for name, section in pack_records(records(), invite_documents).items()}
    return orjson.loads(render_copy(copy_of({str(NORTH): packed})))


@bounded
@given(mutated(document))
def test_a_copy_that_was_changed_is_refused_or_whole(changed: object) -> None:
    """Never anything else."""
    try:
        body = orjson.dumps(changed)
    except TypeError:
        return
    try:
        copy = read_copy(body)
    except CopyRefusedError:
        return
    guilds = copy.data[OURS]
    assert isinstance(guilds, Mapping)
    for guild, given_sections in guilds.items():
        check_read(guild, given_sections)


@bounded
@given(mutated(sections))
def test_entries_that_were_changed_are_refused_or_can_be_written(changed: object) -> None:
    """Also when the checksum was made anew."""
    check_read(str(NORTH), changed)


@bounded
@given(ODD, ODD)
def test_anything_as_a_server(guild: object, given_sections: object) -> None:
    """No key and no value stops the reading."""
    check_read(guild, given_sections)
    check_read(str(NORTH), given_sections)
    check_read(str(NORTH), {LEDGER: given_sections, STATE: given_sections, "joins 2026-05": given_sections})

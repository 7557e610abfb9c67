"""Copies that somebody changed: whatever is in them, they are refused, as a whole or entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from giftbot.clock import SystemClock
from giftbot.errors import CopyRefusedError
from giftbot.services.invites.bounds import LARGEST_ID
from giftbot.services.invites.envelope import LARGEST_SEQUENCE, read_copy, render_copy, render_file
from giftbot.services.invites.merging import Merging
from giftbot.services.invites.payload import LEDGER, OURS, STATE, pack_records, read_records
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.restoring import Restoring, look_at
from giftbot.stores import invite_documents
from giftbot.stores.copy_file import CopyFile
from giftbot.stores.sqlite.store import open_sqlite
from tests.services.invites.copying import NORTH, T0, known, records

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


def nested(depth: int) -> object:
    """Lists in lists."""
    value: object = []
    for _ in range(depth):
        value = [value]
    return value


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


def sections() -> dict[str, Any]:
    """The sections of a server about which everything is known, as they are read from JSON."""
    packed = pack_records(records(), invite_documents)
    return {name: orjson.loads(section.own.text) for name, section in packed.items()}


def copy_of(guilds: object, **more: Any) -> Copy:
    """A copy with that table of ours."""
    return attrs.evolve(Copy("series", 5, T0, {OURS: guilds, "vip_members": [{"id": 1}]}), **more)


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


@pytest.mark.parametrize("depth", [220, 240, 253, 260, 1000])
@pytest.mark.parametrize("table", [OURS, "vip_members", "giftbot_copy"])
def test_what_is_nested_too_deep_is_refused(depth: int, table: str) -> None:
    """More can be read than written: such a table would stop every later copy."""
    whole = render_copy(copy_of({}))
    deep = b"[" * depth + b"]" * depth
    before = {OURS: b'"giftbot_invites":{}', "vip_members": b'[{"id":1}]', "giftbot_copy": b'"series"'}[table]
    assert before in whole
    with pytest.raises(CopyRefusedError):
        read_copy(whole.replace(before, b'"giftbot_invites":' + deep if table == OURS else deep))


def test_a_carried_table_that_can_be_read_but_not_written_is_refused() -> None:
    """Its checksum is right, and still the next copy could not hold it."""
    copy = copy_of({}, data={OURS: {}, "vip_members": nested(230)})
    with pytest.raises(CopyRefusedError, match="no copy of ours"):
        read_copy(render_copy(copy))
    fine = attrs.evolve(copy, data={OURS: {}, "vip_members": nested(200)})
    assert read_copy(render_copy(fine)) == fine


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("taken_at", datetime(9999, 1, 1, tzinfo=UTC)),
        ("taken_at", datetime(2014, 12, 31, tzinfo=UTC)),
        ("taken_at", datetime.now(UTC) + timedelta(days=2)),
        ("sequence", LARGEST_SEQUENCE + 1),
        ("sequence", 2**62),
        ("epoch", "a/b"),
        ("epoch", "x" * 65),
    ],
)
def test_which_copy_it_is_has_bounds(field: str, value: object) -> None:
    """A copy from the end of time would be the newest for ever."""
    for render in (render_copy, render_file):
        with pytest.raises(CopyRefusedError, match="damaged"):
            read_copy(render(copy_of({}, **{field: value})))


def test_a_moment_before_all_moments() -> None:
    """Such a text cannot be turned into UTC at all."""
    whole = render_copy(copy_of({}))
    text = b"2026-05-31T23:30:15.123+00:00"
    assert text in whole
    with pytest.raises(CopyRefusedError, match="0001-01-01"):
        read_copy(whole.replace(text, b"0001-01-01T00:00+14:00"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("joins 2026-05", 0, "user_id"), 2**63),
        (("joins 2026-05", 0, "user_id"), -1),
        (("joins 2026-05", 0, "owner_id"), str(2**63)),
        (("joins 2026-05", 0, "batch"), 2**63),
        (("joins 2026-05", 0, "joined_at"), "9999-01-01T00:00:00.000Z"),
        (("joins 2026-05", 0, "left_at"), "1999-01-01T00:00:00.000Z"),
        (("joins 2026-05", 0, "candidates", 0, "weight"), "nan"),
        (("joins 2026-05", 0, "candidates", 0, "owner_id"), 2**63),
        ((LEDGER, "number"), -1),
        ((LEDGER, "claimed", "aBcD1234"), -1),
        ((LEDGER, "owed", "aBcD1234"), -1),
        ((LEDGER, "archived", "zz-Y"), 2**40),
        ((LEDGER, "loose"), -1),
        ((LEDGER, "last_seq"), 2**63 - 1),
        ((LEDGER, "not_known_yet"), 2**64 - 1),
        ((LEDGER, "invites"), []),
        ((LEDGER, "tombstones", 0, "invite", "uses"), -1),
        ((LEDGER, "invites", "zz-Y", "uses"), 2**40),
        ((LEDGER, "invites", "zz-Y", "inviter_id"), 2**63),
        ((LEDGER, "invites", "zz-Y", "role_ids", 0), -1),
        ((LEDGER, "invites", "zz-Y", "created_at"), "9999-01-01T00:00:00.000Z"),
        ((LEDGER, "invites", "zz-Y", "expires_at"), "0001-01-01T00:00+14:00"),
        ((STATE, "settings", "told_staff", 0), 2**63),
        ((STATE, "links", 0, "revision"), -1),
        ((STATE, "credits", 0, "history", 0, "staff_id"), 2**63),
    ],
)
def test_a_value_that_cannot_be_refuses_its_entry_alone(path: tuple[Any, ...], value: object) -> None:
    """Negative counts, ids that no table takes, and moments that nobody lived."""
    changed = sections()
    at = changed
    for key in path[:-1]:
        at = at[key]
    assert path[-1] in ("loose", "not_known_yet", "left_at") or at[path[-1]] != value
    at[path[-1]] = value
    found, refused = read_records(str(NORTH), changed, invite_documents)
    assert found is not None
    assert len(refused) == 1
    whole = records()
    kept = [len(getattr(found, name)) - len(getattr(whole, name)) for name in ("joins", "links", "credits")]
    lost = -sum(kept) + (found.settings != whole.settings) + (found.ledger != whole.ledger)
    assert lost == 1


async def test_a_whole_copy_is_restored_but_for_one_entry(tmp_path: Path) -> None:
    """What a trial counts is what is written."""
    changed = sections()
    changed["joins 2026-05"].append({**changed["joins 2026-05"][0], "user_id": 2**63})
    copy = copy_of({str(NORTH): changed, "9" * 5000: {}})
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        merging = Merging(store, invite_documents)
        trial = await merging.take_in(copy, dry_run=True)
        taken = await merging.take_in(copy)
        assert (trial.written, trial.refused) == (taken.written, taken.refused)
        assert len(taken.refused) == 2
        assert (await known(store)).joins == records().joins


class _Broken(CopyFile):
    """A place whose reading has a fault that nobody thought of."""

    async def read(self) -> Copy | None:
        """Fail."""
        raise ZeroDivisionError


async def test_a_fault_of_ours_stops_no_start(tmp_path: Path) -> None:
    """It is logged under a reference, and nothing is written there before it is known what is there."""
    place = _Broken(tmp_path / "a.json")
    look = await look_at(place)
    assert look.copy is None
    assert "the log has it under" in str(look.failed)
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        restoring = Restoring(
            store=store, merging=Merging(store, invite_documents), places=[place], clock=SystemClock()
        )
        assert await restoring.run() == frozenset()
        assert restoring.statuses["local"].held is not None


class _BrokenDocuments:
    """Reading rows has a fault that nobody thought of."""

    to_document = staticmethod(invite_documents.to_document)
    settled_invite = staticmethod(invite_documents.settled_invite)

    def read_document(self, model: object, document: object) -> None:
        """Fail."""
        raise ZeroDivisionError


async def test_a_fault_of_ours_in_an_entry_stops_no_start_either(tmp_path: Path) -> None:
    """The copy is not used and not written over; the bot starts with what the tables have."""
    place = CopyFile(tmp_path / "a.json")
    await place.write(copy_of({str(NORTH): sections()}))
    async with open_sqlite(tmp_path / "a.sqlite") as store:
        merging = Merging(store, _BrokenDocuments())
        restoring = Restoring(store=store, merging=merging, places=[place], clock=SystemClock())
        await restoring.run()
        status = restoring.statuses["local"]
        assert "the log has it under" in str(status.refused)
        assert status.held == status.refused
        assert restoring.series.sequence == 0

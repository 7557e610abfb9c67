"""Copies with one value in them that cannot be: it is refused, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from giftbot.errors import CopyRefusedError
from giftbot.services.invites.envelope import LARGEST_SEQUENCE, read_copy, render_copy, render_file
from giftbot.services.invites.merging import Merging
from giftbot.services.invites.payload import LEDGER, OURS, STATE, read_records
from giftbot.stores import invite_documents
from giftbot.stores.sqlite.store import open_sqlite
from tests.services.invites.changed_copies import copy_of, nested, sections
from tests.services.invites.copying import NORTH, known, records


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

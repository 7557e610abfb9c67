"""Files on invites: A10, A11, A13 and A14, in every shape, with damages and what was shipped by mistake."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest

from giftbot.models.legacy import Baseline, Membership, StaffCode, VipRequest, VipRole
from tests.legacy import shapes
from tests.legacy.reading import found_in, of, reasons, sources_of, utc
from tests.legacy.shapes import INVITE, MEMBER, OTHER, STAFF

TEST = "the invite is a test's"


@pytest.mark.parametrize("document", [shapes.INVITES, shapes.INVITES_NEWER, shapes.INVITES_BARE])
async def test_a_copy_of_invites(tmp_path: Path, document: dict[str, object]) -> None:
    """With a wrapper of either generation, or without one."""
    found = await found_in(shapes.write_json(tmp_path / "invite_cache_backup.json", document))
    [baseline] = found
    assert isinstance(baseline, Baseline)
    assert baseline.guild_id == OTHER
    assert (baseline.invites[0].code, baseline.invites[0].uses, baseline.invites[0].inviter_id) == (
        INVITE,
        11,
        STAFF,
    )
    assert baseline.taken_at in {None, utc(2025, 10, 31, 9)}
    if document is shapes.INVITES:
        assert (baseline.invites[1].inviter_id, baseline.invites[1].inviter_name) == (None, None)


async def test_what_was_shipped_by_mistake(tmp_path: Path) -> None:
    """Servers and invites of tests are refused, and named as such."""
    found = await found_in(shapes.write_json(tmp_path / "invite_cache_backup.json", shapes.INVITES_OF_TESTS))
    assert reasons(found) == ["the server is a test's"]
    of_tests = {"cache": {str(OTHER): {"abc123": {"uses": 1}, "XYZ789": {"uses": 1}}}}
    found = await found_in(shapes.write_json(tmp_path / "invite_cache_backup.json", of_tests))
    assert reasons(found) == [TEST, TEST]
    join = {**shapes.JOIN, "invite_code": "abc123"}
    assert reasons(await found_in(shapes.write_json(tmp_path / "invite_joins.json", [join]))) == [TEST]


ODD: list[tuple[object, int]] = [
    ([1], 1),
    ({"cache": [1]}, 1),
    ({"cache": {str(OTHER): 5, "x": {}, str(OTHER + 1): {"a": 5, "b": {"uses": -1}, "c": {"uses": None}}}}, 5),
    ({str(OTHER): [1]}, 1),
]


@pytest.mark.parametrize(("document", "skips"), ODD)
async def test_a_copy_of_wrong_types(tmp_path: Path, document: object, skips: int) -> None:
    """Each is reported."""
    found = await found_in(shapes.write_json(tmp_path / "invite_cache_backup.json", document))
    assert len(reasons(found)) == len(found) == skips


async def test_a_log_as_json_and_as_a_table(tmp_path: Path) -> None:
    """Both say the same."""
    found = await found_in(shapes.write_json(tmp_path / "invite_joins.json", [shapes.JOIN]))
    (tmp_path / "invite_joins.csv").write_text(shapes.JOIN_TABLE)
    assert await found_in(tmp_path / "invite_joins.csv") == found
    [join] = of(Membership, found)
    assert (join.guild_id, join.user_id, join.code, join.owner_id) == (OTHER, MEMBER, INVITE, STAFF)
    assert (join.joined_at, join.uses_before, join.uses_after) == (utc(2025, 10, 19, 19, 18, 32), 5, 6)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_a_table_of_an_editor_or_without_headings(tmp_path: Path, mark: str, end: str) -> None:
    """Marks and ends of lines make no difference; without headings the columns are in their usual order."""
    headings, line, *_ = shapes.JOIN_TABLE.split("\n")
    path = tmp_path / "invite_joins.csv"
    for lines, count in (([headings, line, line], 2), ([line], 1), ([headings], 0), ([], 0)):
        path.write_bytes((mark + end.join(lines)).encode())
        assert len(of(Membership, await found_in(path))) == count


async def test_a_damaged_table(tmp_path: Path) -> None:
    """A damage is one line's: a quotation mark that is never closed, bytes that are no text, too few columns."""
    headings, line, *_ = shapes.JOIN_TABLE.encode().split(b"\n")
    lines = [headings, line, b'2025-10-19,5,"open', b"\xff\xfe\x00,,", b"x", line, b"a" * 200_000, line]
    path = tmp_path / "invite_joins.csv"
    path.write_bytes(b"\n".join(lines))
    found = await found_in(path)
    assert len(of(Membership, found)) == 3
    assert len(reasons(found)) >= 4


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("invite_joins.json", f"[{json.dumps(shapes.JOIN)}, {DEEP}"),
        ("invite_cache_backup.json", f'{{"cache": {json.dumps(shapes.INVITES["cache"])[:-1]}, "5": {DEEP}'),
        (
            "discord_data_backup.json",
            f'{{"invite_tracking": [{json.dumps(shapes.JOIN | {"joined_at": "2025-01-01"})}], "x": {DEEP}',
        ),
        ("discord_data_backup.json", f'{{"discord_data": {{"invite_tracking": {DEEP}'),
    ],
)
async def test_a_file_of_endless_levels(tmp_path: Path, name: str, text: str) -> None:
    """It is damaged where they begin, and costs no memory; what stands before is used."""
    path = tmp_path / name
    path.write_text(text)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = await found_in(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100_000
    assert reasons(found)[-1] == "the file is damaged"
    assert bool(of(Membership, found) or of(Baseline, found)) == (not text.endswith(f'"invite_tracking": {DEEP}'))
    assert await sources_of(path.rename(tmp_path / "renamed"))


@pytest.mark.parametrize("document", [{}, {"joins": [shapes.JOIN]}, 5, [[shapes.JOIN]], [{}], [None]])
async def test_a_log_of_wrong_types(tmp_path: Path, document: object) -> None:
    """It is reported."""
    found = await found_in(shapes.write_json(tmp_path / "invite_joins.json", document))
    assert len(reasons(found)) == len(found) == 1


async def test_a_cut_log(tmp_path: Path) -> None:
    """Every entry that is whole is taken over, whatever the place of the cut."""
    text = json.dumps([shapes.JOIN] * 3)
    path = tmp_path / "invite_joins.json"
    for cut in range(1, len(text), 37):
        path.write_text(text[:cut])
        found = await found_in(path)
        assert len(of(Membership, found)) == text[:cut].count("}")
        assert reasons(found) == ["the file is damaged"]


@pytest.mark.parametrize("document", [shapes.CLOUD, shapes.CLOUD_DUMP, shapes.DISCORD_DATA])
async def test_what_the_cloud_kept(tmp_path: Path, document: dict[str, object]) -> None:
    """As it was sent, as the service gave it, and as it was kept offline."""
    found = await found_in(shapes.write_json(tmp_path / "discord_data_backup.json", document))
    assert [type(one) for one in found] == [StaffCode, Membership, VipRequest, Baseline]
    [join] = of(Membership, found)
    assert (join.user_id, join.code, join.joined_at) == (MEMBER, INVITE, utc(2025, 10, 19, 19, 18, 32))


async def test_tables_of_the_cloud_of_wrong_types(tmp_path: Path) -> None:
    """Each is reported, and so are tables that nobody knows."""
    data = {
        "staff_invites": {},
        "invite_tracking": [5, None],
        "vip_requests": "x",
        "other": [1],
        "invite_cache": [1],
    }
    for document in ({"discord_data": data}, data):
        found = await found_in(shapes.write_json(tmp_path / "discord_data_backup.json", document))
        assert len(reasons(found)) == len(found) == 6
    for odd in ([1], {"discord_data": [1]}):
        found = await found_in(shapes.write_json(tmp_path / "discord_data_backup.json", odd))
        assert len(reasons(found)) == len(found) == 1


async def test_the_configuration_of_staff(tmp_path: Path) -> None:
    """Staff members with what was kept of them, and the VIP role."""
    found = await found_in(shapes.write_json(tmp_path / "config" / "staff_config.json", shapes.STAFF_CONFIG))
    notes = {"vantage_referral_link": "https://example.test/r/1", "vantage_ib_code": "1234567"}
    assert found == [StaffCode(None, STAFF, "staff_one", None, None, notes), VipRole(888888888888888888)]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        "[" * 100_000,
        '{"staff_members": [1]}',
        '{"staff_members": {"a": 5}}',
        '{"roles": {"vip_role": "x"}}',
        '{"roles": {"vip_role": ["1"]}}',
        '{"roles": {"vip_role": {"1": 1}}}',
    ],
)
async def test_a_configuration_that_is_none(tmp_path: Path, text: str) -> None:
    """It is reported."""
    path = tmp_path / "staff_config.json"
    path.write_text(text)
    found = await found_in(path)
    assert len(reasons(found)) == len(found) == 1

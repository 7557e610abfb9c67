"""SQLite files of earlier bots: A9 and A12, with whatever columns and tables they have, damaged or not."""

# ruff: noqa: ASYNC240  (nobody waits for these tests while they look at the disk)

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from giftbot.errors import LegacyError
from giftbot.models.ids import CodeKey
from giftbot.models.legacy import (
    AutoRedeem,
    KnownCode,
    Member,
    Membership,
    PostChannel,
    RedeemChannel,
    StaffCode,
    VipRequest,
)
from tests.legacy import shapes
from tests.legacy.reading import found_in, of, read, reasons, sources_of, utc
from tests.legacy.shapes import GUILD, INVITE, MEMBER, OTHER, PLAYER, SECOND, STAFF

UNUSED = "a table that this bot has no use for"


async def test_the_tables_of_the_gift_bot(tmp_path: Path) -> None:
    """Codes, channels, players and settings; what says nothing of a server is reported once."""
    path = shapes.write_tables(tmp_path / "giftcode.sqlite", shapes.GIFTCODE_TABLES)
    before = path.read_bytes()
    found = await found_in(path)
    assert of(KnownCode, found) == [KnownCode(CodeKey("FROST77"), "Frost77", utc(2025, 12, 25))]
    assert [(one.guild_id, one.auto_post) for one in of(PostChannel, found)] == [(GUILD, True), (OTHER, False)]
    assert [one.player_id for one in of(Member, found)] == [PLAYER]
    assert [one.guild_id for one in of(RedeemChannel, found)] == [GUILD]
    assert of(AutoRedeem, found) == [AutoRedeem(GUILD, True), AutoRedeem(OTHER, False)]
    assert reasons(found) == [UNUSED]
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["giftcode.sqlite"]


async def test_an_old_file(tmp_path: Path) -> None:
    """Columns and tables are missing, and one is unknown."""
    found = await found_in(shapes.write_tables(tmp_path / "giftcode.sqlite", shapes.OLD_GIFTCODE_TABLES))
    assert of(KnownCode, found) == [KnownCode(CodeKey("SNOW2025"), "SNOW2025", None)]
    assert of(Member, found) == [Member(GUILD, SECOND, "Bo", None, None)]
    assert reasons(found) == [UNUSED]


async def test_unknown_columns(tmp_path: Path) -> None:
    """A table of a known name and other columns: every row of it is reported."""
    script = (
        "CREATE TABLE auto_redeem_members (player TEXT, server INTEGER, raw BLOB);"
        "INSERT INTO auto_redeem_members VALUES ('1', 5, x'ff00'), ('2', 6, NULL);"
        "CREATE TABLE gift_codes (GIFTCODE TEXT, odd TEXT); INSERT INTO gift_codes VALUES ('Ab1', 'x'), (7, NULL);"
    )
    found = await found_in(shapes.write_tables(tmp_path / "giftcode.sqlite", script))
    assert of(KnownCode, found) == [KnownCode(CodeKey("AB1"), "Ab1", None)]
    assert sorted(reasons(found)) == ["a row without a player", "a row without a player", "no gift code"]


async def test_the_tables_of_the_server_bot(tmp_path: Path) -> None:
    """Joins, links and requests; rows of features that this bot does not have are reported."""
    found = await found_in(shapes.write_tables(tmp_path / "server_management.db", shapes.SERVER_TABLES))
    joins = of(Membership, found)
    assert [(one.user_id, one.code, one.owner_id, one.is_manual) for one in joins] == [
        (MEMBER, INVITE, STAFF, False),
        (MEMBER + 1, INVITE, STAFF, True),
        (MEMBER + 2, None, None, False),
    ]
    assert joins[0].joined_at == utc(2025, 10, 19, 19, 18, 32)
    links = of(StaffCode, found)
    assert [(one.staff_id, one.staff_name, one.code) for one in links] == [
        (STAFF, None, INVITE),
        (STAFF + 1, None, None),
    ]
    assert links[0].notes == {"email_template": "Hi"}
    requests = of(VipRequest, found)
    assert [(one.status, one.code, one.staff_id) for one in requests] == [
        ("completed", INVITE, STAFF),
        ("pending", INVITE, STAFF),
    ]
    assert reasons(found) == ["this bot has no onboarding"]


async def test_the_tables_of_the_other_generation(tmp_path: Path) -> None:
    """Requests have other columns; the joins are not there."""
    found = await found_in(shapes.write_tables(tmp_path / "server_management.db", shapes.OTHER_SERVER_TABLES))
    [request] = of(VipRequest, found)
    assert (request.user_id, request.status, request.staff_id) == (MEMBER, "denied", None)
    assert request.at == utc(2025, 10, 22, 10)
    assert reasons(found) == [UNUSED]


async def test_what_is_not_yet_in_the_file(tmp_path: Path) -> None:
    """What SQLite keeps beside the file counts, and stays as it is."""
    path = tmp_path / "giftcode.sqlite"
    shapes.write_tables(path, shapes.OLD_GIFTCODE_TABLES)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("INSERT INTO gift_codes VALUES ('NEW99', NULL)")
        beside = {one.name: one.read_bytes() for one in tmp_path.iterdir() if not one.name.endswith("-shm")}
        found = await found_in(path)
        assert {one.key for one in of(KnownCode, found)} == {"SNOW2025", "NEW99"}
        after = {one.name: one.read_bytes() for one in tmp_path.iterdir() if not one.name.endswith("-shm")}
        assert after == beside


@pytest.mark.parametrize("content", [b"", b"no SQLite at all" * 100, b"SQLite format 3\x00" + b"\xff" * 4096])
async def test_a_file_that_is_no_sqlite(tmp_path: Path, content: bytes) -> None:
    """One sentence says so; an empty file is SQLite without a table."""
    path = tmp_path / "giftcode.sqlite"
    path.write_bytes(content)
    [source] = await sources_of(path)
    if not content:
        assert await read(source) == []
        return
    with pytest.raises(LegacyError, match=r"giftcode\.sqlite cannot be read"):
        await read(source)


async def test_a_damaged_table(tmp_path: Path) -> None:
    """Its rows up to the damage are taken over, and those of the other tables; the rest is reported."""
    path = tmp_path / "giftcode.sqlite"
    codes = [("INSERT INTO gift_codes VALUES (?, NULL)", (f"CODE{number:05}",)) for number in range(3000)]
    shapes.write_tables(path, shapes.OLD_GIFTCODE_TABLES, codes)
    content = bytearray(path.read_bytes())
    at = content.index(b"CODE02000") // 4096 * 4096
    content[at : at + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    found = await found_in(path)
    assert 500 < len(of(KnownCode, found)) < 3000
    assert [one.player_id for one in of(Member, found)] == [SECOND]
    assert "the file is damaged" in reasons(found)

"""Rows on codes and players, in every shape that earlier bots wrote: A3 to A9."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from bson import Int64, ObjectId

from giftbot.legacy import cells, gift_rows, invite_rows
from giftbot.models.ids import ChannelId, CodeKey, UserId
from giftbot.models.legacy import (
    AutoRedeem,
    Found,
    Grant,
    KnownCode,
    Member,
    PostChannel,
    RedeemChannel,
    SentCode,
    Skip,
)
from giftbot.models.redemption import RedemptionOutcome
from tests.legacy import shapes
from tests.legacy.reading import of, reasons, utc
from tests.legacy.shapes import GUILD, OTHER, PLAYER, SECOND, THIRD

FROST, SNOW = CodeKey("FROST77"), CodeKey("SNOW2025")


def rows(name: str) -> list[Found]:
    """What the rows of a collection say."""
    return [
        one
        for row in shapes.COLLECTIONS[name]
        for one in gift_rows.__dict__[READERS[name]](row, str(row.get("_id")), UTC)
    ]


READERS = {
    "sent_giftcodes": "read_sent",
    "gift_codes": "read_code",
    "auto_redeemed_codes": "read_redeemed",
    "giftcode_redemptions": "read_attempts",
    "auto_redeem_members": "read_member",
    "auto_redeem_settings": "read_settings",
    "auto_redeem_channels": "read_redeem_channel",
}


def test_sent_codes_in_both_shapes() -> None:
    """The earliest moment counts; a list of several codes tells none."""
    at = utc(2025, 12, 25, 10, 29).replace(microsecond=500000)
    assert rows("sent_giftcodes") == [
        SentCode(GUILD, FROST, "FROST77", at),
        SentCode(GUILD, FROST, "Frost77", None),
        SentCode(GUILD, SNOW, "SNOW2025", None),
    ]


def test_codes_under_any_id() -> None:
    """The casing that was kept aside comes first; an ObjectId is no code, but its row may name one."""
    found = rows("gift_codes")
    assert of(KnownCode, found) == [
        KnownCode(FROST, "Frost77", utc(2025, 12, 25)),
        KnownCode(FROST, "Frost77", utc(2025, 12, 24, 8)),
        KnownCode(CodeKey("OVER99"), "OVER99", utc(2025, 11, 1).replace(microsecond=500000)),
        KnownCode(CodeKey("HIDDENONE"), "HiddenOne", None),
    ]
    assert reasons(found) == ["no gift code"]
    text = {"_id": "65a000000000000000000002", "date": "2025-12-25"}
    assert reasons(list(gift_rows.read_code(text, "", UTC))) == ["an ObjectId of MongoDB where a gift code belongs"]


def test_redeemed_codes_in_both_shapes_and_attempts() -> None:
    """Of the attempts only those that gave the player something; failed ones are nothing to keep."""
    assert rows("auto_redeemed_codes") == [
        Grant(GUILD, FROST, "FROST77", PLAYER, RedemptionOutcome.REDEEMED, utc(2025, 12, 25, 10, 31, 2)),
        Grant(GUILD, FROST, "Frost77", SECOND, RedemptionOutcome.ALREADY, utc(2025, 12, 25, 10, 32)),
    ]
    assert rows("giftcode_redemptions") == [
        Grant(GUILD, FROST, "Frost77", PLAYER, RedemptionOutcome.REDEEMED, utc(2025, 12, 25, 10, 31, 2)),
        Grant(GUILD, FROST, "Frost77", THIRD, RedemptionOutcome.ALREADY, utc(2025, 12, 25, 10, 31, 4)),
    ]


def test_players_in_both_shapes() -> None:
    """Servers as text, names in dictionaries, dates of BSON; rows without a player are reported."""
    found = rows("auto_redeem_members")
    assert of(Member, found) == [
        Member(GUILD, PLAYER, "Ayla", shapes.ADDER, utc(2025, 12, 1)),
        Member(GUILD, SECOND, "Bo", None, utc(2025, 12, 3)),
        Member(OTHER, THIRD, "Cy", shapes.ADDER, utc(2025, 12, 4)),
    ]
    assert reasons(found) == ["a row without a player", "a row without a player", "no player"]


def test_a_row_with_both_shapes_of_players() -> None:
    """It counts as both."""
    found = list(gift_rows.read_member({**shapes.MEMBERS_GROUPED, "fid": PLAYER, "nickname": "Me"}, "x", UTC))
    assert {one.player_id for one in of(Member, found)} == {PLAYER, THIRD}


def test_settings_and_channels() -> None:
    """The server may be named by the row's id alone."""
    assert rows("auto_redeem_settings") == [AutoRedeem(GUILD, True), AutoRedeem(OTHER, False)]
    assert rows("auto_redeem_channels") == [RedeemChannel(GUILD, ChannelId(shapes.CHANNEL))]
    row = {"guild_id": GUILD, "channel_id": str(shapes.CHANNEL), "auto_post": 0}
    assert list(gift_rows.read_post_channel(row, "", UTC)) == [PostChannel(GUILD, ChannelId(shapes.CHANNEL), False)]


ODD: list[object] = [
    None,
    True,
    1.5,
    b"\xff",
    [],
    {},
    "",
    "x" * 10_000,
    "9" * 5000,
    -1,
    10**40,
    "1e5",
    ObjectId("65a000000000000000000009"),
    "²",
    float("nan"),
]


@pytest.mark.parametrize("reader", READERS.values())
@pytest.mark.parametrize("value", ODD, ids=repr)
def test_any_value_anywhere(reader: str, value: object) -> None:
    """A reader makes a value or a skip of whatever stands in whichever field, and always says something."""
    read = gift_rows.__dict__[reader]
    for name, whole in shapes.COLLECTIONS.items():
        if READERS.get(name) != reader:
            continue
        for row in whole:
            assert list(read(row, "row", UTC))
            for field in row:
                changed = {**row, field: value}
                assert list(read(changed, "row", UTC)) or value == []  # an empty list is nothing to lose
                assert list(read({key: one for key, one in row.items() if key != field}, "row", UTC))
    assert list(read({}, "row", UTC))


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_any_value_anywhere_in_a_configuration(value: object) -> None:
    """The same of what is said of staff members, and of the VIP role."""
    whole: dict[str, Any] = {**shapes.STAFF_CONFIG, "email_template": "Hi", "channels": {"log": 1}}
    assert list(invite_rows.read_config(whole))
    for name in whole:
        list(invite_rows.read_config({**whole, name: value}))
    for key, member in whole["staff_members"].items():
        for field in member:
            assert list(invite_rows.read_config({"staff_members": {key: {**member, field: value}}}))
        assert list(invite_rows.read_config({"staff_members": {key: value}}))
    found = list(invite_rows.read_config({"roles": {"vip_role": value}}))
    assert found or value in (None, "")


def test_nothing_of_a_row_makes_a_report_long_or_harmful() -> None:
    """What stands there is cut, and without what a terminal would obey."""
    [skip] = gift_rows.read_settings({"_id": "\x1b[2J" + "x" * 10_000, "enabled": 1}, "\x1b[2J" * 200, UTC)
    assert isinstance(skip, Skip)
    assert len(skip.where) <= 200
    assert len(skip.raw) <= 220
    assert "\x1b" not in skip.where + skip.raw


MOMENTS: list[tuple[object, datetime | None]] = [
    ("2025-12-25", utc(2025, 12, 25)),
    ("2025-12-25T10:30:00.123456", utc(2025, 12, 25, 10, 30).replace(microsecond=123000)),
    ("2025-12-25 10:30:00", utc(2025, 12, 25, 10, 30)),
    ("2025-12-25T10:30:00Z", utc(2025, 12, 25, 10, 30)),
    ("2025-12-25 10:30:00+02:00", utc(2025, 12, 25, 8, 30)),
    (datetime(2025, 12, 25, 10, 30), utc(2025, 12, 25, 10, 30)),  # noqa: DTZ001 - as a driver gives it
    ("0001-01-01T00:00:00+14:00", None),
    ("yesterday", None),
    (1735122600, None),
    (None, None),
]


@pytest.mark.parametrize(("value", "moment"), MOMENTS)
def test_moments(value: object, moment: datetime | None) -> None:
    """Dates come in three forms; those that name no zone are in UTC in MongoDB."""
    assert cells.moment(value, UTC) == moment


def test_moments_of_a_local_clock() -> None:
    """SQLite's are of the machine on which the earlier bot ran."""
    zone = timezone(timedelta(hours=3))
    assert cells.moment("2025-12-25 10:30:00.000001", zone) == utc(2025, 12, 25, 7, 30)
    assert cells.moment("2025-12-25 10:30:00+00:00", zone) == utc(2025, 12, 25, 10, 30)
    local = datetime(2025, 12, 25, 10, 30).astimezone(UTC)
    assert cells.moment("2025-12-25 10:30:00", None) == local


@pytest.mark.parametrize("value", ["123456789", 123456789, 987654321, " 123456789 "])
def test_ids_of_tests_are_named_as_such(value: object) -> None:
    """They were shipped as data."""
    with pytest.raises(cells.UnusableError, match="is a test's"):
        cells.snowflake(value, "server")


def test_ids_as_numbers_and_as_text() -> None:
    """Both are the same, up to what fits."""
    assert cells.snowflake(f" {GUILD} ", "server") == cells.snowflake(Int64(GUILD), "server") == GUILD
    assert cells.optional_snowflake(2**63) is None
    assert cells.optional_snowflake(str(2**63 - 1)) == UserId(2**63 - 1)
    assert cells.player_id(" 42 ") == cells.player_id(42) == "42"
    assert (cells.whole("7"), cells.whole(10**11), cells.whole("-1"), cells.whole(True)) == (7, None, None, None)

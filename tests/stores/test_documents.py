from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.announcement import Announcement, AnnouncementState, Origin
from giftbot.models.ids import AnnouncementId, ChannelId, CodeKey, GuildId, MessageId
from giftbot.stores.documents import read_announcement, read_moment
from giftbot.stores.mongo.documents import encode_announcement
from giftbot.stores.sqlite.rows import decode_announcement
from giftbot.stores.sqlite.rows import encode_announcement as encode_row

snowflakes = st.integers(1, 2**63 - 1)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1)).map(  # noqa: DTZ001  (made aware below)
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
codes = st.from_regex(r"[A-Z0-9_-]{3,32}", fullmatch=True).map(CodeKey)
announcements = st.builds(
    Announcement,
    guild_id=snowflakes.map(GuildId),
    code=codes,
    source=st.sampled_from(Origin),
    state=st.sampled_from(AnnouncementState),
    created_at=moments,
    updated_at=moments,
    guild_epoch=st.integers(0, 9),
    code_epoch=st.integers(0, 9),
    due_at=st.none() | moments,
    owner=st.none() | texts,
    fence=st.integers(0, 99),
    lease_until=st.none() | moments,
    batch=st.none() | texts.map(AnnouncementId),
    codes=st.lists(texts).map(tuple),
    channel_id=st.none() | snowflakes.map(ChannelId),
    nonce=st.none() | texts,
    reference=st.none() | texts,
    first_attempt_at=st.none() | moments,
    last_attempt_at=st.none() | moments,
    window_at=st.none() | moments,
    attempts=st.integers(0, 99),
    message_id=st.none() | snowflakes.map(MessageId),
    sent_at=st.none() | moments,
    reason=st.none() | texts,
)


@given(announcements)
def test_every_announcement_survives_both_stores(row: Announcement) -> None:
    """As a document of MongoDB, encoded and decoded, and as a row of SQLite."""
    document = bson.decode(bson.encode(encode_announcement(row)))
    assert read_announcement(document) == row
    assert None not in document.values()
    assert type(document["guild_id"]) is bson.Int64
    assert decode_announcement(encode_row(row)) == row


@pytest.mark.parametrize(
    "stored",
    [
        datetime(2025, 12, 25, 10, 30, 0, 123456, tzinfo=UTC),
        datetime(2025, 12, 25, 11, 30, 0, 123999, tzinfo=timezone(timedelta(hours=1))),
        datetime(2025, 12, 25, 10, 30, 0, 123000),  # noqa: DTZ001  (what an earlier bot stored)
        "2025-12-25T10:30:00.123456",
        "2025-12-25T10:30:00.123Z",
        "2025-12-25T11:30:00.123+01:00",
        1766658600123,
    ],
    ids=repr,
)
def test_moments_in_every_shape(stored: object) -> None:
    """Aware UTC, cut to milliseconds."""
    assert read_moment(stored) == datetime(2025, 12, 25, 10, 30, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize("stored", [None, "", "yesterday", 1.5, [], {}, 2**62, -(2**62)])
def test_what_is_no_moment(stored: object) -> None:
    """Dirty data is read as no moment at all."""
    assert read_moment(stored) is None

from __future__ import annotations

from collections.abc import Callable

import bson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from giftbot.models.ids import ChannelId, GuildId, MessageId, PlayerId, UserId
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import Player, PlayerState
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.stores.documents import Document
from giftbot.stores.mongo.documents import encode_job, encode_player, encode_redemption
from giftbot.stores.redeeming_documents import read_job, read_player, read_redemption
from giftbot.stores.sqlite import redeeming_rows as rows
from tests.stores.build_redeeming import job, player, redemption
from tests.stores.test_documents import codes, moments, snowflakes, texts

player_ids = st.from_regex(r"[0-9]{1,20}", fullmatch=True).map(PlayerId)
guilds, users = snowflakes.map(GuildId), snowflakes.map(UserId)
players = st.builds(
    Player,
    guild_id=guilds,
    player_id=player_ids,
    state=st.sampled_from(PlayerState),
    created_at=moments,
    updated_at=moments,
    kingdom=st.none() | st.integers(1, 9999),
    nickname=st.none() | texts,
    owner_id=st.none() | users,
    added_by=st.none() | users,
    proved_at=st.none() | moments,
    revision=st.integers(0, 99),
)
redemptions = st.builds(
    Redemption,
    guild_id=guilds,
    code=codes,
    player_id=player_ids,
    outcome=st.sampled_from(RedemptionOutcome),
    created_at=moments,
    updated_at=moments,
    raw=texts | st.just(""),
    attempts=st.integers(0, 99),
    redeemed_at=st.none() | moments,
    next_attempt_at=st.none() | moments,
)
jobs = st.builds(
    Job,
    guild_id=guilds,
    code=codes,
    state=st.sampled_from(JobState),
    trigger=st.sampled_from(Trigger),
    created_at=moments,
    updated_at=moments,
    requested_by=st.none() | users,
    due_at=st.none() | moments,
    owner=st.none() | texts,
    fence=st.integers(0, 99),
    lease_until=st.none() | moments,
    enrolling=st.booleans(),
    cursor=st.none() | player_ids,
    channel_id=st.none() | snowflakes.map(ChannelId),
    message_id=st.none() | snowflakes.map(MessageId),
    finished_at=st.none() | moments,
    reason=st.none() | texts,
)


def stored(document: Document) -> Document:
    """What MongoDB gives back, which is shaped as promised: no nulls, 64-bit ids."""
    assert None not in document.values()
    assert type(document["guild_id"]) is bson.Int64
    return bson.decode(bson.encode(document))


@given(players)
def test_every_player_survives_both_stores(value: Player) -> None:
    """As a document of MongoDB, encoded and decoded, and as a row of SQLite."""
    assert read_player(stored(encode_player(value))) == value
    assert rows.decode_player(tuple(rows.encode_player(value))) == value


@given(redemptions)
def test_every_redemption_survives_both_stores(value: Redemption) -> None:
    """The same; `_id` is what a redemption is known by."""
    document = stored(encode_redemption(value))
    assert document["_id"] == value.redemption_id == f"{value.guild_id}:{value.code}:{document['fid']}"
    assert read_redemption(document) == value
    assert rows.decode_redemption(tuple(rows.encode_redemption(value))) == value


@given(jobs)
def test_every_job_survives_both_stores(value: Job) -> None:
    """The same."""
    assert read_job(stored(encode_job(value))) == value
    assert rows.decode_job(tuple(rows.encode_job(value))) == value


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=3,
)


@pytest.mark.parametrize(
    ("read", "document"),
    [
        (read_player, encode_player(player())),
        (read_redemption, encode_redemption(redemption())),
        (read_job, encode_job(job())),
    ],
    ids=["player", "redemption", "job"],
)
@given(data=st.data())
def test_dirty_documents_never_fail(
    read: Callable[[Document], object], document: Document, data: st.DataObject
) -> None:
    """Whatever a field holds, or lacks: the row is read as well as it can be, or left out."""
    dirty = dict(document)
    for name in data.draw(st.sets(st.sampled_from(sorted(document)), max_size=4)):
        if data.draw(st.booleans()):
            dirty.pop(name)
        else:
            dirty[name] = data.draw(junk)
    found = read(dirty)
    assert found is None or type(found) is type(read(document))

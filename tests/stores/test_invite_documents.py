"""How invites and joins are written down: as JSON has it, read by whoever comes later."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import attrs
import pytest
from structlog.testing import capture_logs

from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import InviteCode, UserId
from giftbot.models.invite import Invite
from giftbot.models.invite_batch import InviteBatch
from giftbot.models.invite_event import InviteEvent
from giftbot.models.invite_settings import InviteSettings
from giftbot.models.join import Candidate, Join, Level
from giftbot.models.staff import StaffLink
from giftbot.services.ports import Store
from giftbot.stores.invite_batches import read_batch, write_batch
from giftbot.stores.invite_documents import (
    read_document,
    read_text,
    settled_invite,
    to_document,
    to_text,
    write_moment,
)
from tests.stores.build import GUILD, NOW, later
from tests.stores.build_invites import STAFF, batch, credit, event, joined, ledger, link

VALUES: list[attrs.AttrsInstance] = [
    joined(1, left_at=later(5)),
    event(),
    batch(1, [joined(1)], events=[3]),
    ledger(),
    link(until=later(5)),
    credit().changed(CreditState.REVERSED, later(1), staff_id=None, by=UserId(8), note="why"),
    InviteSettings(GUILD, told_staff=frozenset({UserId(2), UserId(1)})),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_every_value_is_json(value: attrs.AttrsInstance) -> None:
    """Nothing but what JSON has, and the same value after it."""
    document = to_document(value)
    assert json.loads(json.dumps(document)) == document
    assert read_document(type(value), document) == value
    assert read_text(type(value), to_text(value)) == value
    assert read_document(type(value), {**document, "_id": "x", "of_tomorrow": {"a": 1}}) == value


def test_the_document_of_an_invite_is_looked_at_before_it_is_used() -> None:
    """Ours is given back as it is; what can be read is put into our shape; what cannot is None."""
    ours = {"code": "a", "uses": 3, "inviter_id": 2**62, "created_at": write_moment(NOW), "role_ids": [1]}
    assert settled_invite(ours) is ours
    whole = {**ours, "max_uses": 0, "is_temporary": False, "is_guest": False}
    for readable in (
        {**ours, "inviter_id": str(2**62)},
        {**ours, "role_ids": ["1"]},
        {**ours, "created_at": NOW.isoformat(), "of_tomorrow": {"a": 1}},
        {**ours, "channel_id": None},
    ):
        assert settled_invite(readable) == whole
    for unreadable in (
        {"code": "a"},
        {"uses": 1},
        {**ours, "uses": "many"},
        {**ours, "created_at": "yesterday"},
        {**ours, "created_at": 10**30},
        {**ours, "role_ids": [[]]},
        {**ours, "role_ids": 5},
        {**ours, "inviter_id": {}},
    ):
        assert settled_invite(unreadable) is None


def test_the_shape_of_a_join() -> None:
    """Its moments are texts in UTC with milliseconds, its enumerations values; what is None is left out."""
    assert to_document(attrs.evolve(joined(7), candidates=(Candidate(None, None, 0.5),))) == {
        "guild_id": GUILD,
        "user_id": 7,
        "joined_at": "2026-05-01T12:00:00.123Z",
        "source": "invite",
        "level": 4,
        "method": "counted",
        "code": "aBc-123",
        "owner_id": STAFF,
        "candidates": [{"code": None, "owner_id": None, "weight": 0.5}],
        "evidence": [],
        "kind": "first",
        "is_temporary": False,
        "has_disagreement": False,
        "updated_at": "2026-05-01T12:00:00.123Z",
    }


def test_moments_are_utc() -> None:
    """Wherever they come from, and in the order of their texts."""
    eastern = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert write_moment(eastern) == write_moment(NOW) == "2026-05-01T12:00:00.123Z"
    assert write_moment(datetime(2026, 5, 1, 12, tzinfo=NOW.tzinfo)) == "2026-05-01T12:00:00.000Z"


def test_ids_may_be_texts() -> None:
    """As earlier bots, and whoever fears for large numbers, write them."""
    document = to_document(joined(7))
    texts = {**document, "guild_id": str(GUILD), "user_id": "7", "owner_id": str(STAFF)}
    assert read_document(Join, texts) == joined(7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"guild_id": 1}',
        '{"guild_id": 1, "user_id": 2, "joined_at": "soon"}',
    ],
)
@pytest.mark.parametrize("model", [Join, StaffLink, Credit, InviteEvent, InviteBatch])
def test_what_cannot_be_read_is_none_and_logged(model: type[attrs.AttrsInstance], text: str) -> None:
    """One line, which says what it was to be."""
    with capture_logs() as logs:
        assert read_text(model, text) is None
    assert [(line["event"], line["kind"]) for line in logs] == [("stored document cannot be read", model.__name__)]


async def test_a_batch_keeps_the_joins_that_can_be_read() -> None:
    """A line that is damaged is one join."""
    decided = batch(1, [joined(1), joined(2), joined(3)])
    stored = await write_batch(decided)
    first, _, third = stored.joins
    read = await read_batch(stored.document, "\n".join([first, "damaged", third]))
    assert read == attrs.evolve(decided, joins=(joined(1), joined(3)))
    assert await read_batch("{}", stored.lines) is None
    damaged = stored.document.replace('"uses":3', '"uses":"many"')
    assert damaged != stored.document
    assert await read_batch(damaged, stored.lines) is None


@pytest.mark.mock_lacks("bulk_write with UpdateOne")
async def test_a_batch_of_five_thousand_joins_is_whole(store: Store) -> None:
    """With much evidence, and as many invites as Discord allows; and it comes back as it was."""
    evidence = tuple(f"{number} of 10 links counted while thousands joined." for number in range(3))
    candidates = tuple(Candidate(InviteCode(f"code{number}"), UserId(STAFF + number), 0.25) for number in range(4))
    joins = [
        attrs.evolve(joined(user), evidence=evidence, candidates=candidates, level=Level.CANDIDATES)
        for user in range(1, 5001)
    ]
    invites = {
        InviteCode(f"i{number}"): Invite(InviteCode(f"i{number}"), number, STAFF, created_at=NOW)
        for number in range(1000)
    }
    known = attrs.evolve(ledger(1), invites=invites)
    assert await store.commit_batch(batch(1, joins, events=range(1, 5001), known=known))
    assert len(await store.open_joins(GUILD)) == 5000
    assert (await store.list_batches(GUILD, limit=1))[0].joins == tuple(joins)

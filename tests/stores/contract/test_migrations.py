"""What is remembered of taking over, codes that earlier bots sent, and leases."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import attrs
import pytest

from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.legacy import SentCode
from giftbot.models.migration import Counts, Migration, MigrationState
from giftbot.services.ports import Store
from tests.stores.build import GUILD, MESSAGE, NOW, OTHER_GUILD, claim, later, mark, post, prepare, row, stored
from tests.stores.conftest import OpenStore
from tests.stores.lacking import bulk_updates

LEASE = "migration"
EARLY, LATE = later(-2000), later(-1000)


def migration(**more: Any) -> Migration:
    """A source that was taken over."""
    whole = Migration(
        name="giftcode_state.json",
        title="/data/giftcode_state.json",
        state=MigrationState.DONE,
        started_at=NOW,
        fingerprint="abc",
        version="1",
        finished_at=later(5),
        counts=Counts({"sent codes": 3}, 2, {"no gift code": 1}),
        servers=(GUILD, OTHER_GUILD),
    )
    return attrs.evolve(whole, **more)


def code(key: str = "FROST77", at: datetime | None = EARLY, *, guild: int = GUILD) -> SentCode:
    """A code that an earlier bot sent."""
    return SentCode(GuildId(guild), CodeKey(key), key, at)


async def test_what_became_of_a_source(store: Store) -> None:
    """It is kept whole, by name, and replaced when it is read again; what is not said any more is gone."""
    assert await store.list_migrations() == []
    failed = migration(state=MigrationState.FAILED, problem="It cannot be read.", is_fallback=True)
    other = migration(name="a.b$c/d é", counts=Counts(), servers=(), finished_at=None)
    await store.save_migration(failed)
    await store.save_migration(other)
    assert await store.list_migrations() == [other, failed]
    again = migration(finished_at=None, state=MigrationState.RUNNING, counts=Counts())
    await store.save_migration(again)
    assert await store.list_migrations() == [other, again]
    await store.save_migration(migration())
    assert await store.list_migrations() == [other, migration()]


async def test_reasons_may_be_any_words(store: Store) -> None:
    """Counts are by what people read: dots and dollars are in it."""
    words = {"a.b": 1, "$set": 2, "": 3, "é 'x' \"y\"": 4}
    one = migration(counts=Counts(words, 0, words))
    await store.save_migration(one)
    assert await store.list_migrations() == [one]


async def test_a_code_that_an_earlier_bot_sent(store: Store) -> None:
    """It is sent, by a migration, at its moment; without one at no moment."""
    assert await store.note_sent([code(), code("SNOW2025", None)], NOW) == 2
    frost, snow = await stored(store), await stored(store, "SNOW2025")
    assert (frost.state, frost.source) == (AnnouncementState.SENT, Origin.MIGRATION)
    assert (frost.sent_at, frost.created_at, frost.updated_at) == (EARLY, EARLY, EARLY)
    assert (snow.sent_at, snow.created_at) == (None, NOW)
    assert await store.get_sent_codes(GUILD) == {"FROST77", "SNOW2025"}
    assert await store.enqueue([row()]) == 0
    assert await claim(store) == []


@bulk_updates
@pytest.mark.parametrize("moments", [[EARLY, LATE, None], [None, LATE, EARLY], [LATE, EARLY], [None, EARLY, None]])
async def test_the_earliest_moment_counts(store: Store, moments: list[datetime | None]) -> None:
    """Whatever the order, in one call or in several; what says nothing new changes nothing."""
    for at in moments:
        await store.note_sent([code(at=at)], NOW)
    known = await stored(store)
    assert (known.sent_at, known.created_at) == (EARLY, EARLY)
    assert await store.note_sent([code(at=at) for at in moments], later(9)) == 0
    assert await stored(store) == known
    together = [code("SNOW2025", at) for at in moments]
    await store.note_sent(together, NOW)
    assert (await stored(store, "SNOW2025")).sent_at == EARLY


@bulk_updates
async def test_many_codes_of_many_servers(store: Store) -> None:
    """More than fit into one round trip, half of them twice."""
    codes = [code(f"CODE{number}", guild=guild) for number in range(700) for guild in (GUILD, OTHER_GUILD)]
    assert await store.note_sent([*codes, *codes[:700]], NOW) >= 1400
    assert await store.note_sent(codes, NOW) == 0
    assert len(await store.get_sent_codes(GUILD)) == len(await store.get_sent_codes(OTHER_GUILD)) == 700
    assert await store.note_sent([], NOW) == 0


@bulk_updates
async def test_a_code_that_waits_to_be_posted_is_not(store: Store) -> None:
    """It was posted long ago after all: nobody claims it, and whoever had it lost it."""
    await store.enqueue([row(), row("SNOW2025")])
    held = await claim(store)
    assert await store.note_sent([code(), code("SNOW2025", None)], NOW) == 2
    assert await claim(store, "b", later(100)) == []
    for one in held:
        assert await store.join(one.anchor, one.others, NOW) == []
    known = await stored(store)
    assert (known.state, known.source, known.sent_at) == (AnnouncementState.SENT, Origin.MIGRATION, EARLY)
    assert (known.due_at, known.owner, known.lease_until) == (None, None, None)


@bulk_updates
async def test_what_was_posted_here_stays(store: Store) -> None:
    """A message that was sent, or whose sending was begun, is this bot's own."""
    await post(store, "FROST77")
    before = await stored(store)
    assert before.message_id == MESSAGE
    await store.enqueue([row("SNOW2025")])
    [claimed] = await claim(store)
    attempt = await prepare(store, claimed)
    assert await store.note_sent([code(), code("SNOW2025")], NOW) == 0
    assert await stored(store) == before
    assert await store.finish([mark(attempt)]) == {attempt.anchor.announcement_id}


@bulk_updates
async def test_what_came_after_a_reset_stays(store: Store) -> None:
    """A row of a later epoch waits to be posted, whatever an earlier bot did."""
    await store.enqueue([row(guild_epoch=1)])
    assert await store.note_sent([code()], NOW) == 0
    assert (await stored(store)).state is AnnouncementState.PENDING


async def test_a_lease_is_one_process_s(store: Store) -> None:
    """It can be prolonged, dropped by its owner only, and taken once its time is over."""
    assert await store.take_lease(LEASE, "a", NOW, later(60)) is None
    assert await store.take_lease(LEASE, "b", later(1), later(61)) == later(60)
    assert await store.take_lease(LEASE, "a", later(30), later(90)) is None
    await store.drop_lease(LEASE, "b")
    assert await store.take_lease(LEASE, "b", later(61), later(120)) == later(90)
    assert await store.take_lease("other", "b", NOW, later(60)) is None
    await store.drop_lease(LEASE, "a")
    assert await store.take_lease(LEASE, "b", later(62), later(120)) is None
    assert await store.take_lease(LEASE, "c", later(120), later(180)) is None
    await store.drop_lease(LEASE, "nobody")
    assert await store.take_lease(LEASE, "a", later(121), later(180)) == later(180)


async def test_one_of_several_takes_a_lease(open_store: OpenStore) -> None:
    """Processes that ask at the same moment: one has it, the others learn until when."""
    stores = [await open_store() for _ in range(3)]
    asked = (one.take_lease(LEASE, str(number), NOW, later(60)) for number, one in enumerate(stores * 3))
    answers = await asyncio.gather(*asked)
    assert answers.count(None) == 1
    assert {answer for answer in answers if answer is not None} == {later(60)}


@bulk_updates
async def test_several_note_the_same_codes(open_store: OpenStore) -> None:
    """At the same moment: every row is there once, with the earliest moment."""
    stores = [await open_store() for _ in range(2)]
    dated = [[code(f"CODE{number}", at) for number in range(50)] for at in (LATE, EARLY, None, LATE)]
    await asyncio.gather(*(stores[number % 2].note_sent(codes, NOW) for number, codes in enumerate(dated)))
    rows = await stores[0].list_announcements(guild_id=GUILD, limit=500)
    assert len(rows) == 50
    assert {one.sent_at for one in rows} == {EARLY}

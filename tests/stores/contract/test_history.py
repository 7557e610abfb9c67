from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import attrs
import pytest

from giftbot.models.announcement import AnnouncementState, Origin
from giftbot.models.code import fold
from giftbot.models.guild import GuildSettings
from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.statistics import GuildStatistics, OutboxCounts
from giftbot.services.ports import Store
from tests.stores.build import (
    CHANNEL,
    GUILD,
    LEASE,
    NOW,
    OTHER_GUILD,
    claim,
    claim_one,
    later,
    mark,
    post,
    prepare,
    row,
    states,
    stored,
)
from tests.stores.lacking import bulk_updates

pytestmark = bulk_updates

A, B, C = CodeKey("AAA"), CodeKey("BBB"), CodeKey("CCC")


async def test_noting_codes_as_sent(store: Store) -> None:
    """The basic operations of the earlier adapters: each code is noted once."""
    assert await store.mark_codes_sent(GUILD, [A, B], Origin.MANUAL, NOW) == 2
    assert await store.mark_codes_sent(GUILD, [B, C], Origin.AUTO, later(1)) == 1
    assert await store.mark_codes_sent(GUILD, [], Origin.AUTO, NOW) == 0
    assert await store.get_sent_codes(GUILD) == {A, B, C}
    assert await store.is_code_sent(GUILD, A)
    assert not await store.is_code_sent(GUILD, CodeKey("DDD"))
    assert await store.batch_check_codes(GUILD, [A, CodeKey("DDD")]) == {A: True, "DDD": False}
    assert await store.batch_check_codes(GUILD, []) == {}
    found = await stored(store, "BBB")
    assert (found.sent_at, found.created_at, found.source, found.state) == (NOW, NOW, Origin.MANUAL, "sent")


async def test_a_code_is_noted_by_one_of_several(store: Store) -> None:
    """Concurrent notes of the same codes: each counts once."""
    results = await asyncio.gather(*(store.mark_codes_sent(GUILD, [A, B], Origin.AUTO, NOW) for _ in range(8)))
    assert sum(results) == 2


async def test_servers_do_not_share_codes(store: Store) -> None:
    """Sent in one server says nothing of another."""
    await store.mark_codes_sent(GUILD, [A], Origin.AUTO, NOW)
    await store.mark_codes_sent(OTHER_GUILD, [B], Origin.AUTO, NOW)
    assert await store.get_sent_codes(GUILD) == {A}
    assert not await store.is_code_sent(OTHER_GUILD, A)
    assert await store.get_all_sent_codes_global() == {A, B}
    assert await store.get_sent_codes(GuildId(1)) == set()


@pytest.mark.parametrize("typed", ["Frost77", " frost77 ", "FROST77", "ＦＲＯＳＴ77"])
async def test_casing_makes_no_difference(store: Store, typed: str) -> None:
    """However a code was typed, it is the same code."""
    await store.mark_codes_sent(GUILD, [fold(typed)], Origin.MANUAL, NOW)
    assert await store.get_sent_codes(GUILD) == {"FROST77"}
    raw = CodeKey("fRoSt77")
    assert await store.is_code_sent(GUILD, raw)
    assert await store.batch_check_codes(GUILD, [raw]) == {raw: True}
    assert await store.mark_codes_sent(GUILD, [raw], Origin.AUTO, NOW) == 0


async def test_only_sent_rows_count_as_sent(store: Store) -> None:
    """Neither pending, claimed, failed nor skipped ones."""
    await store.enqueue([row("AAA")])
    await claim_one(store)
    await store.enqueue([row("BBB")])
    assert await store.get_sent_codes(GUILD) == set()
    assert await store.batch_check_codes(GUILD, [A, B]) == {A: False, B: False}
    assert await store.get_all_sent_codes_global() == set()
    assert [chunk async for chunk in store.scan_sent()] == []


async def test_noting_a_code_ends_its_work(store: Store) -> None:
    """A row that waited is not posted any more, and a claim of it cannot undo that."""
    await store.enqueue([row("AAA"), row("BBB", now=later(1))])
    attempt = await prepare(store, await claim_one(store), with_others=False)
    assert await store.mark_codes_sent(GUILD, [A, B], Origin.MANUAL, later(1)) == 2
    assert await claim(store, "b", NOW + LEASE) == []
    assert await store.finish([mark(attempt, AnnouncementState.FAILED)]) == set()
    assert await states(store) == {"AAA": AnnouncementState.SENT, "BBB": AnnouncementState.SENT}


async def test_noting_a_code_in_a_later_epoch(store: Store) -> None:
    """What was sent before a reset is noted anew; an older epoch changes nothing."""
    await store.mark_codes_sent(GUILD, [A], Origin.AUTO, NOW)
    assert await store.mark_codes_sent(GUILD, [A], Origin.AUTO, later(1), guild_epoch=2) == 1
    assert await store.mark_codes_sent(GUILD, [A], Origin.AUTO, later(2), guild_epoch=2) == 0
    assert await store.enqueue([row("AAA", guild_epoch=2)]) == 0
    await store.enqueue([row("BBB", guild_epoch=2)])
    assert await store.mark_codes_sent(GUILD, [B], Origin.MIGRATION, NOW) == 0
    assert (await stored(store, "BBB")).state is AnnouncementState.PENDING


async def test_a_message_is_found_by_its_reference(store: Store) -> None:
    """The anchor, in its own server only."""
    attempt = await post(store, "AAA", "BBB")
    reference = attempt.anchor.reference or ""
    found = await store.find_by_reference(GUILD, reference)
    assert found is not None
    assert (found.announcement_id, found.batch_keys) == (attempt.anchor.announcement_id, (A, B))
    assert await store.find_by_reference(OTHER_GUILD, reference) is None
    assert await store.find_by_reference(GUILD, "0000-0000") is None


async def test_lists_newest_first(store: Store) -> None:
    """By server, states and code, and as many as asked for."""
    for number, code in enumerate(("AAA", "BBB", "CCC")):
        await post(store, code, now=later(number))
    await store.enqueue([row("DDD", now=later(9)), row("AAA", guild=OTHER_GUILD, now=later(8))])
    listed = await store.list_announcements()
    assert [(item.guild_id, item.code) for item in listed] == [
        (GUILD, "DDD"),
        (OTHER_GUILD, "AAA"),
        (GUILD, "CCC"),
        (GUILD, "BBB"),
        (GUILD, "AAA"),
    ]
    assert await store.list_announcements(limit=2) == listed[:2]
    assert await store.list_announcements(guild_id=OTHER_GUILD) == [listed[1]]
    assert await store.list_announcements(code=A) == [listed[1], listed[4]]
    assert await store.list_announcements(states=[AnnouncementState.SENT], limit=2) == listed[2:4]
    chosen = [AnnouncementState.PENDING, AnnouncementState.UNKNOWN]
    assert await store.list_announcements(guild_id=GUILD, states=chosen) == [listed[0]]
    assert await store.list_announcements(guild_id=GUILD, code=B, states=chosen) == []


async def test_scans_everything_sent_in_order(store: Store) -> None:
    """Each sent row once, ordered by id, so that a server's rows are neighbours."""
    for guild in (3, 20, 100):
        await store.mark_codes_sent(GuildId(guild), [A, B, C], Origin.AUTO, NOW)
    await store.enqueue([row("PENDING", guild=3)])
    chunks = [chunk async for chunk in store.scan_sent(chunk=4)]
    assert [len(chunk) for chunk in chunks] == [4, 4, 1]
    assert [item for chunk in chunks for item in chunk] == [
        (guild, code) for guild in (100, 20, 3) for code in (A, B, C)
    ]


async def test_counts_the_open_work(store: Store) -> None:
    """Of all servers, and of one."""
    assert await store.count_outbox() == OutboxCounts()
    await store.enqueue([row("AAA", now=later(-5))])
    attempt = await prepare(store, await claim_one(store))
    await store.finish([mark(attempt, AnnouncementState.UNKNOWN)])
    await store.enqueue([row("BBB", now=later(-4))])
    await claim_one(store)
    await store.enqueue([row("CCC", now=later(-3)), row("AAA", guild=OTHER_GUILD, now=later(-2))])
    await post(store, "EEE", guild=7, now=later(-9))
    assert await store.count_outbox() == OutboxCounts(pending=2, claimed=1, unknown=1, oldest_due_at=later(-3))
    assert await store.count_outbox(OTHER_GUILD) == OutboxCounts(pending=1, oldest_due_at=later(-2))
    assert await store.count_outbox(GuildId(7)) == OutboxCounts()


async def test_figures_of_nothing(store: Store) -> None:
    """An empty server has 0, None, None and no sources."""
    assert await store.get_stats(GUILD, NOW) == GuildStatistics()
    await store.enqueue([row()])
    assert await store.get_stats(GUILD, NOW) == GuildStatistics()
    assert await store.get_stats(None, NOW) == GuildStatistics()


async def test_figures(store: Store) -> None:
    """Totals, the last code, the origins, and how many in the last day, week and month."""
    ages = {"AAA": 0.5, "BBB": 3, "CCC": 20, "DDD": 90}
    for code, days in ages.items():
        origin = Origin.MIGRATION if days > 50 else Origin.AUTO
        await store.mark_codes_sent(GUILD, [CodeKey(code)], origin, NOW - timedelta(days=days))
    await store.mark_codes_sent(OTHER_GUILD, [CodeKey("ZZZ")], Origin.RSS, NOW - timedelta(hours=1))
    await store.enqueue([row("PENDING")])
    mine = GuildStatistics(
        total_codes=4,
        last_sent_at=NOW - timedelta(days=0.5),
        last_code=A,
        sources=("auto", "migration"),
        day=1,
        week=2,
        month=3,
    )
    assert await store.get_stats(GUILD, NOW) == mine
    assert await store.get_stats(None, NOW) == attrs.evolve(
        mine,
        total_codes=5,
        last_sent_at=NOW - timedelta(hours=1),
        last_code=CodeKey("ZZZ"),
        sources=("auto", "migration", "rss"),
        day=2,
        week=3,
        month=4,
    )


async def test_the_last_change_shows_what_a_copy_would(store: Store) -> None:
    """It differs after codes were sent or removed and after settings changed, and stays while nothing does."""
    seen = [await store.last_change()]
    assert await store.last_change() == seen[0]
    await store.mark_codes_sent(GUILD, [A], Origin.AUTO, NOW)
    seen.append(await store.last_change())
    await store.mark_codes_sent(GUILD, [B], Origin.AUTO, NOW)
    seen.append(await store.last_change())
    await store.clear_guild_codes(GUILD, before_epoch=1)
    seen.append(await store.last_change())
    settings = GuildSettings(GUILD, channel_id=CHANNEL, updated_at=NOW)
    await store.save_guild(settings)
    seen.append(await store.last_change())
    await store.save_guild(attrs.evolve(settings, revision=1, channel_id=None))
    seen.append(await store.last_change())
    assert all(before != after for before, after in itertools.pairwise(seen))
    assert await store.last_change() == seen[-1]


async def test_what_an_operator_is_told(store: Store, backend: str) -> None:
    """A label, a round trip that works, and facts without credentials."""
    assert store.label == ("SQLite" if backend == "sqlite" else "MongoDB")
    assert 0 < await store.ping() < 5
    facts = await store.facts()
    expected = (
        {"version", "file", "size", "schema"}
        if backend == "sqlite"
        else {"version", "topology", "database", "size"}
    )
    assert set(facts) == expected
    assert "@" not in "".join(facts.values())

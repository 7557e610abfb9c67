from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.models.ids import GuildId, InviteCode, UserId
from giftbot.models.join import Join, Left, Level, Method
from giftbot.services.ports import Store
from tests.stores.build import GUILD, NOW, OTHER_GUILD, later
from tests.stores.build_invites import CODE, STAFF, batch, joined
from tests.stores.lacking import bulk_updates

OTHER_STAFF = UserId(7)
aggregate_batches = pytest.mark.mock_lacks("batch_size of an aggregation")


def users(joins: list[Join]) -> list[int]:
    """Who joined."""
    return [join.user_id for join in joins]


async def test_memberships_are_inserted_once(store: Store) -> None:
    """Whoever is there stays as they are; the same person's next membership is another row."""
    first = attrs.evolve(joined(1), user_name="\u2028\x85 line\nbreaks 'and' \"quotes\"")
    assert await store.insert_joins([first, joined(2)]) == {first.join_id, joined(2).join_id}
    again = joined(1, seconds=60)
    assert await store.insert_joins([joined(1), again, again]) == {again.join_id}
    assert await store.insert_joins([]) == set()
    assert await store.get_joins([first.join_id, joined(9).join_id]) == {first.join_id: first}
    assert await store.get_joins([]) == {}


async def test_concurrent_inserts_make_one_membership(store: Store) -> None:
    """One of them is told that it is new."""
    results = await asyncio.gather(*(store.insert_joins([joined(1), joined(2)]) for _ in range(6)))
    assert sorted(join_id for found in results for join_id in found) == [joined(1).join_id, joined(2).join_id]


@bulk_updates
async def test_a_batch_goes_over_what_was_inserted(store: Store) -> None:
    """A restored membership is closed like any other."""
    await store.insert_joins([joined(1)])
    left = joined(1, left_at=later(5))
    assert await store.commit_batch(batch(1, [left]))
    assert await store.insert_joins([joined(1)]) == set()
    assert await store.get_joins([left.join_id]) == {left.join_id: left}


async def test_open_memberships(store: Store) -> None:
    """Of a server, of some people or of all: those that have not ended."""
    await store.insert_joins([joined(1, left_at=later(1)), joined(1, seconds=5), joined(2), joined(3)])
    await store.insert_joins([joined(4, left_at=later(1)), joined(2, guild=OTHER_GUILD)])
    assert sorted(users(await store.open_joins(GUILD))) == [1, 2, 3]
    some = await store.open_joins(GUILD, [UserId(1), UserId(3), UserId(3), UserId(4), UserId(9)])
    assert sorted(some, key=lambda join: join.user_id) == [joined(1, seconds=5), joined(3)]
    assert await store.open_joins(GUILD, []) == []
    assert await store.open_joins(GuildId(5)) == []


@aggregate_batches
async def test_the_newest_membership_of_each(store: Store) -> None:
    """Open or closed, in this server."""
    last = joined(1, seconds=9, left_at=later(10))
    await store.insert_joins([joined(1), last, joined(1, seconds=5), joined(2)])
    await store.insert_joins([joined(1, guild=OTHER_GUILD, seconds=99), joined(3, guild=OTHER_GUILD)])
    asked = [UserId(1), UserId(2), UserId(2), UserId(3)]
    assert await store.last_joins(GUILD, asked) == {1: last, 2: joined(2)}
    assert await store.last_joins(GUILD, []) == {}


async def test_memberships_are_listed_newest_first(store: Store) -> None:
    """By server, owner, person, code, level and time, in any combination."""
    rows = [
        joined(1),
        joined(2, seconds=1, owner=OTHER_STAFF, code="zzz"),
        joined(3, seconds=2, owner=None, code=None, level=Level.UNKNOWN),
        joined(1, seconds=3, left_at=later(9)),
        joined(4, seconds=4, level=Level.CONFIRMED),
        joined(1, seconds=5, guild=OTHER_GUILD, code="other"),
    ]
    await store.insert_joins(rows)
    assert users(await store.list_joins(GUILD)) == [4, 1, 3, 2, 1]
    assert (await store.list_joins())[0] == rows[5]
    assert users(await store.list_joins(GUILD, limit=2)) == [4, 1]
    assert await store.list_joins(GUILD, limit=0) == []
    assert users(await store.list_joins(GUILD, owner_id=STAFF)) == [4, 1, 1]
    assert users(await store.list_joins(owner_id=OTHER_STAFF)) == [2]
    assert await store.list_joins(user_id=UserId(1)) == [rows[5], rows[3], rows[0]]
    assert await store.list_joins(GUILD, user_id=UserId(1), owner_id=STAFF, code=CODE) == [rows[3], rows[0]]
    assert await store.list_joins(GUILD, user_id=UserId(1), owner_id=OTHER_STAFF) == []
    assert users(await store.list_joins(code=InviteCode("zzz"))) == [2]
    assert await store.list_joins(code=InviteCode("ZZZ")) == []
    assert users(await store.list_joins(GUILD, levels=[Level.UNKNOWN, Level.CONFIRMED])) == [4, 3]
    assert users(await store.list_joins(OTHER_GUILD, levels=[Level.UNKNOWN])) == []
    assert users(await store.list_joins(GUILD, since=later(1), before=later(4))) == [1, 3, 2]
    assert users(await store.list_joins(GUILD, since=later(1), before=later(4), owner_id=STAFF)) == [1]
    assert await store.list_joins(since=later(6)) == []


async def test_memberships_are_counted(store: Store) -> None:
    """Those of one server that count for one person, of some levels or of all."""
    rows = [
        joined(1),
        joined(1, seconds=3, left_at=later(9)),
        joined(2, owner=OTHER_STAFF),
        joined(3, level=Level.CANDIDATES),
        joined(4, guild=OTHER_GUILD),
    ]
    await store.insert_joins(rows)
    assert await store.count_joins(GUILD, STAFF) == 3
    assert await store.count_joins(GUILD, STAFF, levels=[rows[0].level]) == 2
    assert await store.count_joins(GUILD, OTHER_STAFF, levels=[Level.CANDIDATES]) == 0
    assert await store.count_joins(OTHER_GUILD, STAFF) == 1
    assert await store.count_joins(OTHER_GUILD, UserId(99)) == 0


@aggregate_batches
async def test_memberships_are_scanned_page_by_page(store: Store) -> None:
    """All of them by row id, each once; of one server or of all."""
    rows = [joined(user) for user in range(1000, 2250)]
    assert len(await store.insert_joins(rows)) == 1250
    assert len(await store.insert_joins([*rows, joined(1, guild=OTHER_GUILD), joined(1, guild=5)])) == 2
    pages = [page async for page in store.scan_joins(GUILD)]
    assert [join for page in pages for join in page] == rows
    assert max(len(page) for page in pages) <= 500
    everything = [join.join_id async for page in store.scan_joins() for join in page]
    assert everything == sorted(everything)
    assert len(everything) == 1252
    assert [page async for page in store.scan_joins(GuildId(6))] == []
    assert len(await store.open_joins(GUILD, [join.user_id for join in rows])) == 1250
    assert len(await store.last_joins(GUILD, [join.user_id for join in rows])) == 1250
    assert len(await store.get_joins([join.join_id for join in rows])) == 1250


async def test_a_membership_is_replaced_while_it_is_as_it_was(store: Store) -> None:
    """Whoever comes second is told; the new one is found by what it now has."""
    before = joined(1, owner=None, code=None, level=Level.UNKNOWN)
    named = attrs.evolve(
        before, owner_id=OTHER_STAFF, level=Level.CONFIRMED, method=Method.MANUAL, decided_by=UserId(8)
    )
    assert not await store.save_join(named, before=before)
    await store.insert_joins([before])
    assert await store.save_join(named, before=before)
    assert not await store.save_join(before, before=before)
    assert await store.list_joins(GUILD, owner_id=OTHER_STAFF) == [named]
    left = attrs.evolve(named, left_at=later(5), left=Left.LEFT)
    assert await store.save_join(left, before=named)
    assert await store.open_joins(GUILD) == []
    undone = attrs.evolve(left, owner_id=None)
    assert await store.save_join(undone, before=left)
    assert await store.list_joins(GUILD, owner_id=OTHER_STAFF) == []
    assert await store.get_joins([before.join_id]) == {before.join_id: undone}


async def test_of_changes_at_once_one_wins(store: Store) -> None:
    """The others are told that it changed."""
    before = joined(1)
    await store.insert_joins([before])
    changes = [attrs.evolve(before, owner_id=UserId(owner)) for owner in range(1, 7)]
    results = await asyncio.gather(*(store.save_join(change, before=before) for change in changes))
    assert sorted(results) == [False] * 5 + [True]
    [stored] = await store.list_joins(GUILD)
    assert stored == changes[results.index(True)]


async def test_moments_are_kept_to_the_millisecond(store: Store) -> None:
    """Discord tells microseconds: they are cut, in the row and in its id."""
    finer = attrs.evolve(joined(1), joined_at=NOW.replace(microsecond=123999))
    assert await store.insert_joins([finer]) == {joined(1).join_id}
    assert await store.get_joins([finer.join_id]) == {finer.join_id: joined(1)}
    assert await store.save_join(joined(1, owner=None), before=finer)

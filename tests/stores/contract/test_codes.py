from __future__ import annotations

import asyncio

import attrs

from giftbot.models.code import CodeStatus, Finding, GiftCode, discovered
from giftbot.models.ids import CodeKey
from giftbot.services.ports import Store
from tests.stores.build import NOW, later


def code(key: str, status: CodeStatus = CodeStatus.ACTIVE, age: float = 0) -> GiftCode:
    """A code that the JSON source listed."""
    finding = Finding(CodeKey(key), key.title(), rewards="1 gem", expires_at=later(3600))
    return discovered("json", finding, status, later(-age))


async def test_a_code_is_read_as_it_was_written(store: Store) -> None:
    """Every field survives, provenance included."""
    full = attrs.evolve(code("FROST77"), verified_at=NOW, expired_at=later(5), epoch=3).seen(
        "rss", Finding(CodeKey("FROST77"), "Frost77"), later(1)
    )
    full = full.missing("json", later(2))
    await store.insert_codes([full])
    assert await store.get_codes([full.key, CodeKey("ABSENT")]) == {full.key: full}


async def test_inserting_keeps_what_is_there(store: Store) -> None:
    """Of codes that are known, only the new ones are inserted and named."""
    known, new = code("KNOWN"), code("NEW")
    assert await store.insert_codes([known]) == {known.key}
    changed = attrs.evolve(known, rewards="other")
    assert await store.insert_codes([changed, new]) == {new.key}
    assert await store.get_codes([known.key]) == {known.key: known}


async def test_codes_inserted_at_once_are_new_to_one(store: Store) -> None:
    """Of several tasks that insert the same code, one is told that it is new."""
    results = await asyncio.gather(*(store.insert_codes([code("FROST77")]) for _ in range(10)))
    assert sorted(map(len, results)) == [0] * 9 + [1]


async def test_lists_by_status_oldest_first(store: Store) -> None:
    """Codes of the given states, by age."""
    await store.insert_codes([code("YOUNG", age=1), code("OLD", age=9), code("HELD", CodeStatus.HELD, 5)])
    await store.insert_codes([code("GONE", CodeStatus.EXPIRED)])
    assert [item.key for item in await store.list_codes([CodeStatus.ACTIVE])] == ["OLD", "YOUNG"]
    assert [item.key for item in await store.list_codes([CodeStatus.ACTIVE, CodeStatus.HELD])] == [
        "OLD",
        "HELD",
        "YOUNG",
    ]
    assert await store.list_codes([]) == []


async def test_lists_codes_that_still_fan_out(store: Store) -> None:
    """Until a code's fan-out is over, it is listed for it."""
    first, second = code("FIRST", age=2), code("SECOND", age=1)
    await store.insert_codes([second, first, code("HELD", CodeStatus.HELD)])
    assert await store.list_fan_out() == [first, second]
    assert await store.replace_code(attrs.evolve(first, fan_out=False))
    assert await store.list_fan_out() == [second]


async def test_lists_codes_that_are_still_to_be_redeemed(store: Store) -> None:
    """Until every server with auto-redeem has its job, whatever becomes of the fan-out."""
    first, second = code("FIRST", age=2), code("SECOND", age=1)
    await store.insert_codes([second, first, code("HELD", CodeStatus.HELD)])
    assert await store.replace_code(attrs.evolve(second, fan_out=False))
    assert [item.key for item in await store.list_to_redeem()] == ["FIRST", "SECOND"]
    assert await store.replace_code(attrs.evolve(first, redeem=False))
    assert [item.key for item in await store.list_to_redeem()] == ["SECOND"]
    assert [item.key for item in await store.list_fan_out()] == ["FIRST"]


async def test_a_change_needs_the_present_revision(store: Store) -> None:
    """Whoever decided on an old state of a code is refused, and decides again."""
    known = code("FROST77")
    await store.insert_codes([known])
    assert await store.replace_code(attrs.evolve(known, rewards=None))
    assert not await store.replace_code(attrs.evolve(known, rewards="lost"))
    [found] = (await store.get_codes([known.key])).values()
    assert (found.rewards, found.revision) == (None, 1)


async def test_an_absent_code_is_not_replaced(store: Store) -> None:
    """Replacing inserts nothing."""
    assert not await store.replace_code(code("FROST77"))
    assert await store.get_codes([CodeKey("FROST77")]) == {}


async def test_one_of_several_changes_wins(store: Store) -> None:
    """Concurrent changes of one revision: one is written."""
    known, finding = code("FROST77"), Finding(CodeKey("FROST77"), "Frost77")
    await store.insert_codes([known])
    results = await asyncio.gather(*(store.replace_code(known.seen(str(n), finding, NOW)) for n in range(8)))
    assert sorted(results) == [False] * 7 + [True]

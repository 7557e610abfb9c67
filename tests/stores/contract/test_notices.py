from __future__ import annotations

import asyncio

from giftbot.models.ids import CodeKey
from giftbot.models.notice import Notice, NoticeKind
from giftbot.services.ports import Store
from tests.stores.build import NOW, later

NOTICE = Notice("held:1", NoticeKind.HELD_CODES, "Look", NOW, codes=(CodeKey("A1B"), CodeKey("C2D")))


async def test_the_same_notice_is_stored_once(store: Store) -> None:
    """Of several that notice the same thing, one stores it."""
    results = await asyncio.gather(*(store.add_notice(NOTICE) for _ in range(6)))
    assert sorted(results) == [False] * 5 + [True]
    assert await store.get_notice("held:1") == NOTICE
    assert await store.get_notice("absent") is None


async def test_notices_are_listed_until_told(store: Store) -> None:
    """Oldest first; what was told is kept, and not listed again."""
    newer = Notice("source:json", NoticeKind.SOURCE, "Away", later(1))
    await store.add_notice(newer)
    await store.add_notice(NOTICE)
    assert await store.list_untold() == [NOTICE, newer]
    await store.mark_told("held:1", later(2))
    await store.mark_told("held:1", later(3))
    assert await store.list_untold() == [newer]
    told = await store.get_notice("held:1")
    assert told is not None
    assert told.told_at == later(2)
    assert not await store.add_notice(NOTICE)


async def test_a_forgotten_notice_can_be_told_again(store: Store) -> None:
    """A source that was well in between is news again."""
    await store.add_notice(NOTICE)
    await store.mark_told("held:1", NOW)
    await store.forget_notice("held:1")
    await store.forget_notice("held:1")
    assert await store.add_notice(NOTICE)

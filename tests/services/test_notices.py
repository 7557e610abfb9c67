"""What the owner is told."""

from __future__ import annotations

from giftbot.models.notice import NoticeKind
from tests.services.conftest import House


async def test_the_same_thing_is_told_once_until_it_is_forgotten(house: House) -> None:
    """A second notice on the same subject is none; after it was well in between it is one again."""
    for _ in range(3):
        await house.notices.tell(NoticeKind.SOURCE, "json", "it is down")
    assert len(house.people.owner) == 1
    await house.notices.forget(NoticeKind.SOURCE, "json")
    await house.notices.tell(NoticeKind.SOURCE, "json", "it is down")
    assert len(house.people.owner) == 2


async def test_a_notice_that_could_not_be_told_is_told_later(house: House) -> None:
    """Discord is away when something happens: the notice waits, and comes once."""
    house.people.reachable = False
    await house.notices.tell(NoticeKind.NEW_CODE, "LATER1:0", "a new code")
    await house.notices.tell_leftovers()
    house.people.reachable = True
    await house.notices.tell_leftovers()
    await house.notices.tell_leftovers()
    assert [notice.text for notice in house.people.owner] == ["a new code"]

"""Writing down how attempts ended."""

from __future__ import annotations

import asyncio

from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.services.marks import Marks
from giftbot.stores.journal import FileJournal
from tests.services.conftest import House


async def claimed(house: House, *codes: str) -> list[Mark]:
    """Marks of rows that were claimed, to be noted as sent."""
    for number, _ in enumerate(codes, start=1):
        await house.server(number)
    house.sources[0].lists(codes[0])
    await house.check()
    now = house.clock.now()
    house.clock.advance(seconds=45)
    claims = await house.store.claim_due("me", now, house.clock.now(), limit=10)
    return [Mark(anchor=claim.anchor, state=AnnouncementState.SENT, at=now) for claim in claims]


async def test_marks_that_end_together_are_one_write(house: House) -> None:
    """While one group is written the next collects."""
    marks = await claimed(house, "GROUP11", "x", "x", "x")
    writer = Marks(house.store, FileJournal(house.directory / "journal.jsonl"))
    house.observed.calls.clear()
    assert await asyncio.gather(*map(writer.write, marks)) == [True] * 4
    assert house.observed.calls.count("finish") <= 2


async def test_a_store_that_is_away_or_broken_keeps_marks_in_the_journal(house: House) -> None:
    """They count as written, and are in the store after a replay; the journal is empty then."""
    marks = await claimed(house, "KEPT111", "x")
    journal = FileJournal(house.directory / "journal.jsonl")
    writer = Marks(house.store, journal)
    house.observed.fail_next("finish")
    assert await writer.write(marks[0])
    house.observed.fail_next("finish", KeyError("a bug"))
    assert await writer.write(marks[1])
    assert len(await journal.read()) == 2
    assert await writer.replay() == 2
    assert await journal.read() == []
    assert await house.announcements.get_all_sent_codes_global() == {"KEPT111"}

"""Writing down answers in groups."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from giftbot.errors import StoreUnavailableError
from giftbot.models.redemption import Redemption, RedemptionOutcome
from giftbot.services.records import Records
from tests.services.redeeming import GUILD, Workshop


async def rows(shop: Workshop, count: int) -> list[Redemption]:
    """Answers for so many players."""
    code = await shop.code("GROUP11")
    return [
        attrs.evolve(shop.waiting(code, str(number)), outcome=RedemptionOutcome.REDEEMED, next_attempt_at=None)
        for number in range(count)
    ]


async def test_what_comes_together_is_written_together(shop: Workshop) -> None:
    """Fifty answers at once are a write or two, and each is stored when its caller goes on."""
    answers = await rows(shop, 50)
    records = Records(shop.store)
    shop.observed.calls.clear()
    await asyncio.gather(*(records.write(row) for row in answers))
    assert shop.observed.calls.count("record") <= 2
    assert (await shop.store.count_outcomes(GUILD, answers[0].code)).granted == 50


async def test_a_failed_write_reaches_everybody_who_waits_for_it(shop: Workshop) -> None:
    """And nobody else: the next group is written."""
    answers = await rows(shop, 3)
    records = Records(shop.store)
    shop.observed.fail_next("record")
    results = await asyncio.gather(*(records.write(row) for row in answers), return_exceptions=True)
    assert [type(result) for result in results] == [StoreUnavailableError] * 3
    await records.write(answers[0])
    assert await shop.row("GROUP11", "0") == answers[0]


async def test_a_caller_who_is_cancelled_leaves_the_answer_to_be_written(shop: Workshop) -> None:
    """What the game granted is not forgotten because somebody stopped waiting."""
    [answer] = await rows(shop, 1)
    records = Records(shop.store)
    writing = asyncio.create_task(records.write(answer))
    await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await records.aclose()
    assert await shop.row("GROUP11", "0") == answer

"""Giving players their rows of a job."""

from __future__ import annotations

import pytest

from giftbot.models.code import GiftCode
from giftbot.models.job import Job, JobState, Trigger
from giftbot.models.player import PlayerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.services.enrolment import KNOWN_BEFORE, PAGE
from tests.services.redeeming import GUILD, OTHER, Workshop


def job(shop: Workshop, code: GiftCode, trigger: Trigger = Trigger.AUTO) -> Job:
    """A job from the start."""
    now = shop.clock.now()
    return Job(
        guild_id=GUILD,
        code=code.key,
        state=JobState.OPEN,
        trigger=trigger,
        created_at=now,
        updated_at=now,
        due_at=now,
    )


async def enrol(shop: Workshop, code: GiftCode, trigger: Trigger = Trigger.AUTO) -> Job:
    """Enrol everybody, page by page."""
    enrolled = job(shop, code, trigger)
    while enrolled.enrolling:
        enrolled = await shop.enrolment.page(enrolled, code)
    return enrolled


async def test_players_are_enrolled_page_by_page_from_the_cursor_on(shop: Workshop) -> None:
    """Each page is one query; what was enrolled before a crash is not looked at again."""
    code = await shop.code("PAGES11")
    players = [f"{number:05}" for number in range(PAGE + 3)]
    for player_id in players:
        await shop.player(player_id)
    first = await shop.enrolment.page(job(shop, code), code)
    assert (first.cursor, first.enrolling) == (players[PAGE - 1], True)
    shop.observed.calls.clear()
    second = await shop.enrolment.page(first, code)
    assert shop.observed.calls == ["list_players", "granted_players", "open_redemptions"]
    assert (second.cursor, second.enrolling) == (players[-1], False)
    assert (await shop.store.count_outcomes(GUILD, code.key)).open == PAGE + 3


async def test_who_has_the_code_through_any_server_is_not_asked(shop: Workshop) -> None:
    """Their rows say that it was known before; only those who may be asked for get a row."""
    code = await shop.code("HAVE111")
    await shop.redemptions.redeem_now(await shop.player("1", guild_id=OTHER), [code])
    for player_id, state in (
        ("1", PlayerState.ACTIVE),
        ("2", PlayerState.UNPROVED),
        ("3", PlayerState.PAUSED),
        ("4", PlayerState.WRONG_KINGDOM),
        ("5", PlayerState.NOT_FOUND),
    ):
        await shop.player(player_id, state=state)
    await enrol(shop, code)
    known, waiting = await shop.row("HAVE111", "1"), await shop.row("HAVE111", "2")
    assert known is not None
    assert waiting is not None
    assert (known.outcome, known.raw, known.next_attempt_at) == (RedemptionOutcome.ALREADY, KNOWN_BEFORE, None)
    assert waiting.outcome is RedemptionOutcome.WAITING
    assert waiting.next_attempt_at is not None
    assert [await shop.row("HAVE111", player_id) for player_id in "345"] == [None] * 3


async def test_when_it_cannot_be_told_who_has_it_everybody_is_asked(shop: Workshop) -> None:
    """The store fails the batch query: all are processed rather than none."""
    code = await shop.code("BLIND11")
    await shop.redemptions.redeem_now(await shop.player("1", guild_id=OTHER), [code])
    for player_id in "12":
        await shop.player(player_id)
    shop.observed.fail_next("granted_players")
    await enrol(shop, code)
    assert (await shop.store.count_outcomes(GUILD, code.key)).open == 2


@pytest.mark.parametrize(("trigger", "revived"), [(Trigger.MANUAL, True), (Trigger.AUTO, False)])
async def test_what_failed_is_asked_again_only_by_hand(shop: Workshop, trigger: Trigger, *, revived: bool) -> None:
    """A job that an admin runs again asks for those who failed; one that opens by itself leaves them."""
    code, player = await shop.code("AGAIN11"), await shop.player()
    shop.game.says.append(GameAnswer(RedemptionOutcome.UNKNOWN, "40010 ?"))
    await shop.redemptions.redeem_now(player, [code])
    await enrol(shop, code, trigger)
    row = await shop.row("AGAIN11")
    assert row is not None
    assert (row.outcome is RedemptionOutcome.WAITING) == revived

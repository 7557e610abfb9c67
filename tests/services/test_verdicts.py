"""What answers of the game mean."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import attrs
import pytest

from giftbot.models.code import CodeStatus
from giftbot.models.notice import NoticeKind
from giftbot.models.player import PlayerState
from giftbot.models.redemption import GameAnswer, RedemptionOutcome
from giftbot.sandbox.pulse import PATIENCE
from giftbot.services.verdicts import DAILY, FIRST_PAUSE, LONGEST_PAUSE, TRIES_OF_ONE, next_attempt
from tests.fakes import START
from tests.services.redeeming import Workshop

Out, S, C = RedemptionOutcome, PlayerState, CodeStatus
TABLE = (
    (Out.REDEEMED, Out.REDEEMED, S.ACTIVE, C.ACTIVE),
    (Out.ALREADY, Out.ALREADY, S.ACTIVE, C.ACTIVE),
    (Out.EXPIRED, Out.EXPIRED, S.ACTIVE, C.EXPIRED),
    (Out.NOT_FOUND, Out.NOT_FOUND, S.ACTIVE, C.INVALID),
    (Out.INELIGIBLE, Out.INELIGIBLE, S.ACTIVE, C.ACTIVE),
    (Out.WRONG_KINGDOM, Out.WRONG_KINGDOM, S.WRONG_KINGDOM, C.ACTIVE),
    (Out.NO_SUCH_PLAYER, Out.NO_SUCH_PLAYER, S.NOT_FOUND, C.ACTIVE),
    (Out.RETRY, Out.RETRY, S.UNPROVED, C.ACTIVE),
    (Out.REFUSED_SIGNATURE, Out.RETRY, S.UNPROVED, C.ACTIVE),
    (Out.BY_HAND, Out.BY_HAND, S.UNPROVED, C.ACTIVE),
    (Out.UNKNOWN, Out.UNKNOWN, S.UNPROVED, C.ACTIVE),
)
"""The answer, and what becomes of the row, the player and the code."""


@pytest.mark.parametrize(("said", "outcome", "state", "status"), TABLE)
async def test_every_answer_has_its_consequences(
    shop: Workshop, said: RedemptionOutcome, outcome: RedemptionOutcome, state: PlayerState, status: CodeStatus
) -> None:
    """For the row, the player and the code; the game's words and the attempt are kept."""
    code, player = await shop.code("JUDGED1"), await shop.player()
    row = await shop.verdicts.judge(shop.waiting(code), player, code, GameAnswer(said, "its words"))
    attempts = 0 if said is Out.REFUSED_SIGNATURE else 1
    assert (row.outcome, row.raw, row.attempts) == (outcome, "its words", attempts)
    assert (row.redeemed_at is not None) == row.is_granted
    assert (row.next_attempt_at is not None) == (outcome in {Out.RETRY, Out.INELIGIBLE})
    assert (await shop.stored_player()).state is state
    assert (await shop.codes.get([code.key]))[code.key].status is status


async def test_a_paused_player_stays_paused(shop: Workshop) -> None:
    """Whatever the game says of them."""
    code, player = await shop.code("PAUSED1"), await shop.player(state=PlayerState.PAUSED)
    for outcome in (Out.WRONG_KINGDOM, Out.REDEEMED):
        await shop.verdicts.judge(shop.waiting(code), player, code, GameAnswer(outcome))
    assert (await shop.stored_player()).state is PlayerState.PAUSED


async def test_a_code_is_used_up_when_two_players_were_told(shop: Workshop) -> None:
    """One who is told it again and again is parked: they may have it; a second one ends the code."""
    code, used = await shop.code("USEDUP1"), GameAnswer(Out.EXHAUSTED, "40005 USED")
    player, row = await shop.player("1"), shop.waiting(code, "1")
    for _ in range(TRIES_OF_ONE - 1):
        row = await shop.verdicts.judge(row, player, code, used)
        assert row.outcome is Out.RETRY
    row = await shop.verdicts.judge(row, player, code, used)
    assert (row.outcome, row.next_attempt_at) == (Out.UNKNOWN, None)
    assert [one.key for one in await shop.codes.active()] == [code.key]
    second = await shop.verdicts.judge(shop.waiting(code, "2"), await shop.player("2"), code, used)
    assert second.outcome is Out.EXHAUSTED
    assert await shop.codes.active() == []


async def test_a_lone_vote_does_not_outlive_the_end_of_a_code(shop: Workshop) -> None:
    """The code ended otherwise, and came back: two players of this time have to be told that it is used up."""
    code, used = await shop.code("USEDUP1"), GameAnswer(Out.EXHAUSTED, "40005 USED")
    await shop.verdicts.judge(shop.waiting(code, "1"), await shop.player("1"), code, used)
    back = code.returned(shop.clock.now())
    rows = [
        await shop.verdicts.judge(shop.waiting(back, number), await shop.player(number), back, used)
        for number in ("2", "3")
    ]
    assert [row.outcome for row in rows] == [Out.RETRY, Out.EXHAUSTED]


async def test_an_unknown_answer_is_told_once(shop: Workshop) -> None:
    """The same words for many players are one message to the owner; other words are another one."""
    code, player = await shop.code("ODD1111"), await shop.player()
    for words in ("40010 A", "40010 A", "40010 B"):
        await shop.verdicts.judge(shop.waiting(code), player, code, GameAnswer(Out.UNKNOWN, words))
    await shop.governor.stop()
    told = [notice for notice in shop.people.owner if notice.kind is NoticeKind.UNKNOWN_ANSWER]
    assert len(told) == 2
    assert "40010 A" in told[0].text


async def test_nobody_waits_for_the_owner_to_be_told(shop: Workshop) -> None:
    """The answer is stored, and the player free, while the owner's message is on its way."""
    shop.people.free = told = asyncio.Event()
    code, player = await shop.code("ODD1111"), await shop.player()
    await shop.server()
    shop.game.says.append(GameAnswer(Out.UNKNOWN, "40010 A"))
    async with asyncio.timeout(PATIENCE):
        [row] = await shop.redemptions.redeem_now(player, [code])
    assert row == await shop.row("ODD1111")
    assert row.outcome is Out.UNKNOWN
    assert await shop.store.list_untold() != []
    told.set()
    await shop.governor.stop()
    assert await shop.store.list_untold() == []


def test_pauses_grow_up_to_an_hour_and_honour_what_the_game_asks_for() -> None:
    """Not eligible is asked again after a day; what is decided, never."""
    retry = GameAnswer(Out.RETRY)
    pauses = [next_attempt(retry, attempts, START) for attempts in range(1, 9)]
    spans = [pause - START for pause in pauses if pause is not None]
    assert spans[0] == FIRST_PAUSE
    assert spans == sorted(spans)
    assert spans[-1] == LONGEST_PAUSE
    assert next_attempt(retry, 10_000, START) == START + LONGEST_PAUSE
    patient = attrs.evolve(retry, retry_after=7200.0)
    assert next_attempt(patient, 1, START) == START + timedelta(hours=2)
    assert next_attempt(GameAnswer(Out.INELIGIBLE), 5, START) == START + DAILY
    decided = set(Out) - {Out.RETRY, Out.INELIGIBLE}
    assert {next_attempt(GameAnswer(outcome), 1, START) for outcome in decided} == {None}

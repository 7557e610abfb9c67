"""Questions to the game that are on their way."""

from __future__ import annotations

import asyncio

import pytest

from giftbot.models.redemption import Redemption
from giftbot.services.questions import Question, Questions
from tests.stores.build_redeeming import redemption


def asked(number: int, answer: asyncio.Event, *, is_begun: bool = False) -> Question:
    """A question that is answered when the event is set."""
    question = Question(redemption(number))

    async def ask() -> Redemption:
        await answer.wait()
        return question.row

    question.task = asyncio.create_task(ask())
    question.is_begun = is_begun
    return question


async def test_each_answer_is_handed_out_once() -> None:
    """With all others that came meanwhile; nothing is left of it then."""
    questions, answer, never = Questions(asyncio.Event()), asyncio.Event(), asyncio.Event()
    first, second, third = asked(1, answer), asked(2, answer), asked(3, never)
    for question in (first, second, third):
        questions.add(question)
    answer.set()
    assert await questions.answered(60.0) == [first, second]
    assert questions.players == {third.row.player_id}
    assert await questions.answered(0.0) == []
    await questions.aclose()
    assert len(questions) == 0


async def test_an_interruption_is_not_waited_out() -> None:
    """Nobody is answered, and the job looks up all the same."""
    interrupted = asyncio.Event()
    questions = Questions(interrupted)
    questions.add(asked(1, asyncio.Event()))
    interrupted.set()
    async with asyncio.timeout(5.0):
        assert await questions.answered(60.0) == []
    await questions.aclose()


async def test_what_has_begun_comes_to_its_end() -> None:
    """Taken back, a question whose call was made is waited for; one that waits for its turn ends at once."""
    questions, answer = Questions(asyncio.Event()), asyncio.Event()
    begun, waiting = asked(1, answer, is_begun=True), asked(2, answer)
    questions.add(begun)
    questions.add(waiting)
    closing = asyncio.create_task(questions.aclose())
    await asyncio.wait([waiting.task])
    assert waiting.task.cancelled()
    assert not closing.done()
    answer.set()
    await closing
    assert begun.task.result() is begun.row


async def test_closing_that_is_cancelled_ends_everything() -> None:
    """A process that may wait no longer leaves no task behind."""
    questions = Questions(asyncio.Event())
    begun = asked(1, asyncio.Event(), is_begun=True)
    questions.add(begun)
    await asyncio.sleep(0)
    closing = asyncio.create_task(questions.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert begun.task.cancelled()

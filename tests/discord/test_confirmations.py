"""Questions that wait for a yes."""

from __future__ import annotations

import pytest

from giftbot.discord.confirmations import VALID_FOR, Confirmations
from giftbot.errors import NotAllowedError, UserError
from giftbot.models.ids import GuildId, UserId
from tests.fakes import ManualClock

ADA, BOB, SERVER = UserId(1), UserId(2), GuildId(9)


def test_the_person_who_was_asked_answers_once() -> None:
    """The token leads to the server it was asked in, and is used up by the answer."""
    questions = Confirmations(ManualClock())
    token = questions.ask(ADA, SERVER)
    assert questions.take(token, ADA) == SERVER
    with pytest.raises(UserError, match="expired"):
        questions.take(token, ADA)


def test_nobody_else_can_answer_and_trying_does_not_use_it_up() -> None:
    """Somebody else's press is refused; the question stays open for whoever was asked."""
    questions = Confirmations(ManualClock())
    token = questions.ask(ADA, SERVER)
    with pytest.raises(NotAllowedError):
        questions.take(token, BOB)
    assert questions.take(token, ADA) == SERVER


def test_a_question_expires_after_a_minute() -> None:
    """At 60 seconds it is too late."""
    clock = ManualClock()
    questions = Confirmations(clock)
    token = questions.ask(ADA, SERVER)
    clock.advance(seconds=VALID_FOR - 1)
    second = questions.ask(ADA, SERVER)
    clock.advance(seconds=1)
    with pytest.raises(UserError, match="expired"):
        questions.take(token, ADA)
    assert questions.take(second, ADA) == SERVER

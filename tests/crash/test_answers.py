"""Discord's answer is lost, late, broken or a refusal of the moment: one message each, whatever follows."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from giftbot.sandbox import FaultKind
from tests.crash.cases import TIMES, Case
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Point
from tests.crash.runs import FULL, Delay, Life, Run, Scenario, matrix

RESENDING = Point("announcer.send", Moment.BEFORE, nth=2)
"""The first attempt's outcome is unknown, and the owner is about to send again."""


@attrs.frozen(kw_only=True)
class Answer:
    """What happens to attempts to send, instead of a good answer."""

    kind: FaultKind
    after_store: bool = False
    status: int = 500
    body: str | None = None
    delay: float = 0.0
    retry_after: float | None = None
    times: int = 1

    def __str__(self) -> str:
        details = (self.kind.value, self.status, "stored" if self.after_store else "", f"{self.times} times")
        return " ".join(str(detail) for detail in details if detail)

    async def arm(self, case: Case) -> None:
        """Let it meet the first attempts in the first server's channel."""
        route = re.compile(f"^/channels/{case.channels[0].id}/messages$")
        case.sandbox.faults.add(method="POST", route=route, **attrs.asdict(self))

    @property
    def scenario(self) -> Scenario:
        """Two codes in one message that meets this."""
        return Scenario(f"two codes and this answer: {self}", codes=2, prepare=self.arm)


UNKNOWN = (
    Answer(kind=FaultKind.DROP),
    Answer(kind=FaultKind.DROP, after_store=True),
    *(Answer(kind=FaultKind.STATUS, status=status, after_store=True) for status in (500, 502, 503, 504)),
    *(Answer(kind=FaultKind.STATUS, status=status) for status in (500, 503)),
    Answer(kind=FaultKind.STATUS, status=520, after_store=True, body="<html>error 520</html>"),
    Answer(kind=FaultKind.TRUNCATE),
    Answer(kind=FaultKind.NOT_JSON),
    Answer(kind=FaultKind.DELAY, delay=1.5 * TIMES.send, after_store=True),
    Answer(kind=FaultKind.DELAY, delay=1.5 * TIMES.send),
    Answer(kind=FaultKind.RATE_LIMIT, retry_after=None),
    Answer(kind=FaultKind.STATUS, status=403, body="<html>error 1015</html>"),
)
"""After these the bot cannot know whether its message arrived."""


async def test_a_bot_that_lives_on_after_a_lost_answer_sends_one_message(places: Places, tmp_path: Path) -> None:
    """The claim's owner sends again with the same nonce, and what arrived twice is one message."""
    answers = [
        attrs.evolve(answer, times=times) for answer in UNKNOWN for times in ((1, 2, 3, 5) if FULL else (2,))
    ]
    problems = await matrix([Run(answer.scenario) for answer in answers], places, tmp_path)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("delay", Delay, ids=str)
async def test_a_bot_that_dies_after_a_lost_answer_sends_one_message(
    delay: Delay, places: Places, tmp_path: Path
) -> None:
    """Killed when it knew that the outcome was unknown: the next start finds out, by nonce or by history."""
    life = Life(RESENDING, delay)
    problems = await matrix([Run(answer.scenario, (life,)) for answer in UNKNOWN], places, tmp_path)
    assert not problems, "\n".join(problems)

"""How a redemption job reads."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from giftbot.models.ids import CodeKey, GuildId
from giftbot.models.job import Counts, Job, JobState, Trigger
from giftbot.models.pace import BreakerState, Pace
from giftbot.models.post import Page
from giftbot.models.redemption import GRANTED, RedemptionOutcome
from giftbot.services.job_pages import job_page
from giftbot.text import redemptions as texts
from tests.fakes import START

SITE = "https://redeem.example"
JOB = Job(
    guild_id=GuildId(1),
    code=CodeKey("SUMMER_GIFT"),
    state=JobState.OPEN,
    trigger=Trigger.AUTO,
    created_at=START,
    updated_at=START,
    lease_until=START + timedelta(seconds=60),
    due_at=START + timedelta(seconds=60),
)
DONE = attrs.evolve(JOB, state=JobState.DONE, lease_until=None, due_at=None, finished_at=START)


def page(job: Job = JOB, /, *, eta: float | None = None, **counts: int) -> Page:
    """The page of a job with these counts by outcome."""
    by_outcome = {RedemptionOutcome(name): count for name, count in counts.items()}
    moment = None if eta is None else START + timedelta(seconds=eta)
    return job_page(job, Counts(by_outcome), display="Summer_Gift", ends_at=moment, now=START, site=SITE)


def words(shown: Page) -> str:
    """All text of a page."""
    return "\n".join([shown.title, shown.description or "", *(f"{one.name}\n{one.value}" for one in shown.fields)])


def test_a_running_job_shows_code_bar_counts_and_when_it_is_done() -> None:
    """The title has the code as published, the end is a relative time, and failures wait for the summary."""
    shown = page(eta=90, redeemed=200, already=112, waiting=684, wrong_kingdom=4)
    assert shown.title == "Redeeming Summer\\_Gift"
    assert "316 of 1,000" in words(shown)
    assert "**200** redeemed · **112** had it already · **684** waiting · **4** failed" in words(shown)
    assert f"<t:{int(START.timestamp()) + 90}:R>" in words(shown)
    assert shown.fields == ()


@pytest.mark.parametrize(("done", "filled"), [(0, 0), (1, 0), (50, 10), (99, 19), (100, 20)])
def test_the_bar_is_full_only_when_everybody_was_asked(done: int, filled: int) -> None:
    """It grows with those who were asked, whatever the answer was, and never shows more than there is."""
    description = page(redeemed=done, waiting=100 - done).description or ""
    assert description.count("█") == filled
    assert description.count("░") == 20 - filled


def test_before_anybody_is_counted_it_says_what_is_being_done() -> None:
    """No bar of nothing, and no division by it."""
    assert "Looking up" in words(page())
    assert "nobody" in words(page(DONE))


ADVICE = {
    RedemptionOutcome.WAITING: "resumed",
    RedemptionOutcome.EXPIRED: "time is over",
    RedemptionOutcome.NOT_FOUND: "does not know this code",
    RedemptionOutcome.EXHAUSTED: "as often as it may",
    RedemptionOutcome.INELIGIBLE: "again daily until the code expires",
    RedemptionOutcome.WRONG_KINGDOM: "/player add again with the right one",
    RedemptionOutcome.NO_SUCH_PLAYER: "does not know the player id",
    RedemptionOutcome.RETRY: "asked again",
    RedemptionOutcome.REFUSED_SIGNATURE: "owner was told",
    RedemptionOutcome.BY_HAND: SITE,
    RedemptionOutcome.UNKNOWN: "owner was told",
}


@pytest.mark.parametrize("outcome", sorted(set(RedemptionOutcome) - GRANTED))
def test_the_summary_says_of_each_kind_of_failure_how_many_and_what_to_do(outcome: RedemptionOutcome) -> None:
    """No outcome is without advice."""
    shown = page(DONE, redeemed=7, **{outcome.value: 3})
    [field] = shown.fields
    assert "3 players" in field.name
    assert ADVICE[outcome] in field.value


def test_a_summary_of_success_has_nothing_to_advise() -> None:
    """Everybody has it: title, bar, counts and when it ended."""
    shown = page(DONE, redeemed=5, already=5)
    assert shown.title == "Summer\\_Gift: finished"
    assert "10 of 10" in words(shown)
    assert f"<t:{int(START.timestamp())}:f>" in words(shown)
    assert shown.fields == ()


def test_a_stopped_job_says_how_to_resume_it() -> None:
    """With the very command; those who were not asked are no failure."""
    job = attrs.evolve(JOB, state=JobState.STOPPED, reason="It was stopped.", lease_until=None, due_at=None)
    shown = page(job, redeemed=5, waiting=5, by_hand=1)
    assert shown.title == "Summer\\_Gift: stopped"
    assert "It was stopped." in words(shown)
    assert "/autoredeem resume Summer\\_Gift" in words(shown)
    assert [field.name for field in shown.fields] == ["By hand only: 1 player"]


def test_a_job_that_waits_says_until_when_and_for_whom() -> None:
    """Those who are asked again later are named; it is no end yet."""
    later = START + timedelta(hours=20)
    job = attrs.evolve(JOB, lease_until=None, due_at=later, reason="The game wants a pause.")
    shown = page(job, eta=10, redeemed=5, ineligible=2, retry=1)
    assert shown.title == "Summer\\_Gift: waiting"
    assert f"Goes on <t:{int(later.timestamp())}:R>" in words(shown)
    assert "The game wants a pause." in words(shown)
    assert [field.name for field in shown.fields] == ["Not eligible yet: 2 players", "To be asked again: 1 player"]


def test_the_longest_page_fits_into_an_embed() -> None:
    """Every outcome in huge numbers, the longest code and a reason without end: within Discord's limits."""
    counts = Counts(dict.fromkeys(RedemptionOutcome, 10**9))
    job = attrs.evolve(DONE, reason="why " * 2000)
    shown = job_page(job, counts, display="_" * 32, ends_at=START, now=START, site="https://" + "x" * 200)
    assert shown.length <= 6000
    assert len(shown.title) <= 256
    assert len(shown.description or "") <= 4096
    assert all(len(field.name) <= 256 and 1 <= len(field.value) <= 1024 for field in shown.fields)


@pytest.mark.parametrize(
    ("waiting", "words"), [(1, "1 question waits for its turn."), (2, "2 questions wait for their turn.")]
)
def test_how_many_wait_reads_well(waiting: int, words: str) -> None:
    """Of one as of many."""
    pace = Pace(
        per_minute=30,
        rate=30,
        waiting=waiting,
        in_flight=0,
        paused_until=None,
        breaker=BreakerState.CLOSED,
        canary_at=None,
        halted=None,
        store_away=None,
    )
    assert texts.game_line(pace).endswith(words)

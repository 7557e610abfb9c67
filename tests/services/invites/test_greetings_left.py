"""Messages that a process before this one did not get to write."""

from __future__ import annotations

from datetime import timedelta

import attrs
from structlog.testing import capture_logs

from giftbot.models.join import Join, Left, Level
from giftbot.services.invites.greetings import LATE
from giftbot.services.invites.news import Occasion
from tests.fakes import START
from tests.services.invites.hall import HALL, Hall, restarted
from tests.services.invites.joining import GUILD, joined, member
from tests.services.invites.watching import batch


async def committed(hall: Hall, number: int, *joins: Join, ago: timedelta = timedelta(0)) -> None:
    """A batch that was decided, and of which nobody was told."""
    made = attrs.evolve(batch(*joins, number=number), decided_at=START - ago)
    assert await hall.store.commit_batch(made)


async def caught_up(hall: Hall) -> list[str]:
    """What is said once the server is there."""
    before = len(hall.outlet.said)
    async with hall.open():
        hall.greetings.arrived(GUILD)
    return [words for _, words, _ in hall.outlet.said[before:]]


async def test_what_was_left_is_told_once(hall: Hall) -> None:
    """Joins and leaves, the oldest first; another process has nothing to make up for."""
    for occasion in Occasion:
        await hall.greetings.choose_channel(GUILD, occasion, HALL)
    await committed(hall, 1, joined(1))
    await committed(hall, 2, attrs.evolve(joined(2, days_ago=1), left_at=START, left=Left.LEFT), joined(3))
    first, *others = await caught_up(hall)
    assert f"<@{member(1)}> joined" in first
    assert [("joined" in words, "left" in words) for words in others] == [(True, False), (False, True)]
    assert await caught_up(hall) == []
    assert await caught_up(restarted(hall)) == []


async def test_what_was_told_is_not_told_again_because_it_was_decided_again(hall: Hall) -> None:
    """A row that a later batch only made surer is no news after a restart either."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    unsure = joined(1, level=Level.CANDIDATES)
    await committed(hall, 1, unsure)
    async with hall.open():
        await hall.greetings.on_decided(batch(unsure, number=1))
    await committed(hall, 2, joined(1))
    assert await caught_up(restarted(hall)) == []
    assert len(hall.outlet.said) == 1


async def test_what_is_too_old_is_dropped_and_logged_once(hall: Hall) -> None:
    """Nobody wants to hear it any more."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    await committed(hall, 1, joined(1), joined(2), ago=LATE + timedelta(seconds=1))
    await committed(hall, 2, joined(3), ago=LATE)
    with capture_logs() as logs:
        assert len(await caught_up(hall)) == 1
        assert await caught_up(restarted(hall)) == []
    dropped = [(log["why"], log["count"]) for log in logs if log["event"] == "greeting dropped"]
    assert dropped == [("too late", 2)]


async def test_what_was_decided_before_a_channel_was_chosen_is_not_told(hall: Hall) -> None:
    """Whoever switches messages on wants those that come."""
    await committed(hall, 1, joined(1))
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    assert await caught_up(hall) == []
    assert len(await hall.decided(joined(2))) == 1


async def test_what_is_decided_now_comes_after_what_was_left(hall: Hall) -> None:
    """Also when the first message of this process is noted before anybody said that the server is there."""
    await hall.greetings.choose_channel(GUILD, Occasion.JOIN, HALL)
    await committed(hall, 1, joined(1))
    await committed(hall, 2, joined(2))
    async with hall.open():
        await hall.greetings.on_decided(batch(joined(2), number=2))
        hall.greetings.arrived(GUILD)
    assert [mention for _, _, mention in hall.outlet.said] == [member(1), member(2)]

"""Who brought how many, and who of them stayed."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from giftbot.models.ids import GuildId, InviteCode
from giftbot.models.invite_board import Period, Stay
from giftbot.models.join import Candidate, Kind, Left, Level, Reason, Source
from giftbot.services.invites.leaderboard import FRESH, MOST_KEPT, Leaderboard
from giftbot.services.ports import Store
from tests.fakes import START, ManualClock
from tests.services.invites.joining import ADA, BOB, CLEO, DAY, GUILD, joined, member


@pytest.fixture
def board(store: Store) -> Leaderboard:
    """Over an empty store, at noon of the first of January."""
    return Leaderboard(store=store, clock=ManualClock())


async def test_people_who_stay_are_told_from_those_who_leave(store: Store, board: Leaderboard) -> None:
    """Who joined too short a time ago is not counted as having stayed, nor as having left early."""
    await store.insert_joins(
        [
            joined(1, days_ago=40),
            joined(2, days_ago=40, left_at=START - 39.5 * DAY, left=Left.LEFT),
            joined(3, days_ago=40, left_at=START - 30 * DAY, left=Left.LEFT),
            joined(4, days_ago=3),
            joined(5, days_ago=0.5),
        ]
    )
    [standing] = (await board.board(GUILD)).standings
    assert (standing.owner_id, standing.owner_name) == (ADA, "ada")
    assert (standing.joined, standing.here, standing.left, standing.real) == (5, 3, 2, 5)
    assert standing.stays == (Stay(1, 3, 4), Stay(7, 2, 3), Stay(30, 1, 3))


async def test_fakes_are_flagged_once_and_rank_nobody(store: Store, board: Leaderboard) -> None:
    """Own invites, rejoins and accounts of less than a day, by the member's id; two flags are one fake."""
    fresh = member(11, made_at=START - 0.9 * DAY)
    aged = member(12, made_at=START - 1.1 * DAY)
    await store.insert_joins(
        [
            joined(10),
            joined(1, kind=Kind.SELF),
            joined(2, kind=Kind.REJOIN_SAME),
            joined(3, kind=Kind.REJOIN_OTHER),
            attrs.evolve(joined(4), user_id=fresh, kind=Kind.SELF),
            attrs.evolve(joined(5), user_id=aged),
            joined(6, BOB),
            joined(7, BOB),
            joined(8, BOB),
        ]
    )
    first, second = (await board.board(GUILD)).standings
    assert (first.owner_id, first.real) == (BOB, 3)
    assert (second.joined, second.own, second.rejoined, second.young, second.fake) == (6, 2, 2, 1, 4)
    assert second.real == 2


async def test_uncertain_joins_count_by_their_weights(store: Store, board: Leaderboard) -> None:
    """What was counted in a batch adds up over its inviters; nobody gets a join that may be somebody else's."""
    several = (
        Candidate(InviteCode("a1"), ADA, 0.25),
        Candidate(InviteCode("a2"), ADA, 0.25),
        Candidate(InviteCode("b1"), BOB, 0.5),
    )
    unsure: dict[str, Any] = {"level": Level.CANDIDATES, "code": None, "candidates": several}
    await store.insert_joins([joined(1), joined(2, None, **unsure), joined(3, None, **unsure)])
    board_ = await board.board(GUILD)
    ada, bob = board_.standings
    assert (ada.joined, ada.possible, ada.uncertain) == (1, 1.0, 0.5)
    assert (bob.owner_id, bob.joined, bob.possible, bob.uncertain) == (BOB, 0, 1.0, 1.0)
    assert (board_.joined, board_.unknown) == (3, 2)
    assert ada.joined + ada.possible + bob.possible == board_.joined


async def test_who_came_without_an_inviter_is_not_unknown(store: Store, board: Leaderboard) -> None:
    """The server's address, its widget and discovery are settled; bots are no members."""
    await store.insert_joins(
        [
            joined(1, None, source=Source.VANITY),
            joined(2, None, source=Source.WIDGET, code=InviteCode("widget")),
            joined(3, None, source=Source.OTHER, level=Level.INFERRED),
            joined(4, None, source=Source.UNKNOWN, level=Level.UNKNOWN, reason=Reason.NO_BASELINE),
            joined(5, source=Source.BOT, kind=Kind.BOT),
        ]
    )
    found = await board.board(GUILD)
    assert (found.standings, found.joined, found.without, found.unknown) == ((), 4, 3, 1)
    assert found.uncertain == 0.25


@pytest.mark.parametrize(
    ("period", "expected"),
    [(Period.ALL, 4), (Period.WEEK, 2), (Period.DAYS30, 3), (Period.MONTH, 1)],
)
async def test_a_period_counts_joins_of_that_time(
    store: Store, board: Leaderboard, period: Period, expected: int
) -> None:
    """The month is the calendar's; the others end now."""
    await store.insert_joins(
        [
            joined(1, CLEO, days_ago=0.4),
            joined(2, CLEO, days_ago=6),
            joined(3, CLEO, days_ago=20),
            joined(4, CLEO, days_ago=200),
        ]
    )
    assert (await board.board(GUILD, period)).joined == expected
    assert (await board.standing(GUILD, CLEO, period)).joined == expected


async def test_somebody_who_brought_nobody_has_a_standing_of_nothing(store: Store, board: Leaderboard) -> None:
    """Nothing is divided by nothing."""
    standing = await board.standing(GUILD, BOB)
    assert (standing.joined, standing.uncertain, standing.stays) == (0, 0.0, ())


async def test_pages_are_turned_in_one_count_for_a_minute(store: Store) -> None:
    """Of each server and period; asking anew counts anew, and later pages are those of that."""
    clock = ManualClock()
    board = Leaderboard(store=store, clock=clock)
    await store.insert_joins([joined(1)])
    first = await board.board(GUILD)
    await store.insert_joins([joined(2, BOB)])
    clock.advance(seconds=FRESH.total_seconds() - 1)
    assert await board.kept(GUILD) is first
    assert (await board.standing(GUILD, BOB, is_new=False)).joined == 0
    assert (await board.kept(GUILD, Period.WEEK)).joined == 2
    assert (await board.kept(GuildId(GUILD + 1))).joined == 0
    again = await board.board(GUILD)
    assert again.joined == 2
    await store.insert_joins([joined(3)])
    assert await board.kept(GUILD) is again
    clock.advance(seconds=FRESH.total_seconds())
    assert (await board.kept(GUILD)).joined == 3


async def test_few_boards_are_kept(store: Store, board: Leaderboard) -> None:
    """The one that was counted first is counted anew."""
    first = await board.board(GUILD)
    for number in range(1, MOST_KEPT):
        await board.board(GuildId(GUILD + number))
    assert await board.kept(GUILD) is first
    await board.board(GuildId(GUILD + MOST_KEPT))
    assert await board.kept(GUILD) is not first

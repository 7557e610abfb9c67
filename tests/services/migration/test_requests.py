"""VIP requests of earlier bots: a member has one credit, and nothing of the others is lost."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import attrs

from giftbot.models.ids import GuildId, UserId
from giftbot.models.legacy import VipRequest
from giftbot.models.migration import ANOTHER_REQUEST
from giftbot.services.migration.homes import Homes
from giftbot.services.migration.staff import Staff
from giftbot.services.ports import Store
from giftbot.stores.sqlite.store import open_sqlite
from tests.fakes import ManualClock

NOTES = {"vantage_email": "a@example.test", "request_data": "Promoted by\nrole " + "x" * 300}
DONE = VipRequest(
    GuildId(5),
    UserId(6),
    "eve",
    UserId(7),
    "new_account",
    "completed",
    None,
    datetime(2025, 6, 3, tzinfo=UTC),
    NOTES,
)
OPEN = attrs.evolve(DONE, kind="upgrade", status="pending", at=datetime(2025, 6, 2, tzinfo=UTC), notes={})
DENIED = attrs.evolve(DONE, kind="upgrade", status="denied", at=datetime(2025, 6, 1, tzinfo=UTC), notes={})


def _desk(store: Store) -> Staff:
    return Staff(store=store, clock=ManualClock(), homes=Homes(store=store))


async def test_what_was_kept_of_a_request_is_in_its_history(tmp_path: Path) -> None:
    """Short, in one line each; how it ended is said last."""
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        assert await _desk(store).take_requests([DONE]) == (1, [])
        [credit] = await store.list_credits(limit=10)
        assert [step.note for step in credit.history] == [
            "taken over from an earlier bot: vantage_email: a@example.test",
            f"taken over from an earlier bot: request_data: Promoted by role {'x' * 183}",
            "taken over from an earlier bot: new_account, completed",
        ]
        assert await _desk(store).take_requests([DONE]) == (0, [])


async def test_further_requests_are_listed_whatever_the_order(tmp_path: Path) -> None:
    """Together or one after the other; the one that came furthest counts."""
    for number, order in enumerate(itertools.permutations((DONE, OPEN, DENIED))):
        for size in (1, 2, 3):
            async with open_sqlite(tmp_path / f"{number}-{size}.sqlite") as store:
                skips = []
                for start in range(0, 3, size):
                    skips += (await _desk(store).take_requests(order[start : start + size]))[1]
                [credit] = await store.list_credits(limit=10)
                assert (credit.state.value, credit.created_at) == ("credited", DONE.at)
                assert sorted((skip.where, skip.reason, skip.raw) for skip in skips) == [
                    ("VIP request of member 6, made 2025-06-01 00:00:00", ANOTHER_REQUEST, "upgrade, denied"),
                    ("VIP request of member 6, made 2025-06-02 00:00:00", ANOTHER_REQUEST, "upgrade, pending"),
                ]


async def test_requests_without_a_date(tmp_path: Path) -> None:
    """The same one again is no other one, and another one is, whenever they are read."""
    undated = attrs.evolve(OPEN, at=None)
    clock = ManualClock()
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        staff = Staff(store=store, clock=clock, homes=Homes(store=store))
        await staff.take_requests([undated])
        await clock.sleep(5)
        assert await staff.take_requests([undated, undated]) == (0, [])
        _, skips = await staff.take_requests([attrs.evolve(undated, kind="new_account")])
        assert [skip.reason for skip in skips] == [ANOTHER_REQUEST]


async def test_one_request_in_two_sources(tmp_path: Path) -> None:
    """A later look at it is the same request: it counts as it stands there."""
    async with open_sqlite(tmp_path / "giftbot.sqlite") as store:
        await _desk(store).take_requests([attrs.evolve(DONE, status="pending", notes={})])
        assert await _desk(store).take_requests([DONE]) == (1, [])
        [credit] = await store.list_credits(limit=10)
        assert (credit.state.value, len(credit.history)) == ("credited", 3)

"""Joins survive crashes and redeploys: each is stored once, with what is true, and every use is accounted for."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from giftbot.models.ids import InviteCode
from giftbot.models.invite_batch import Ledger
from giftbot.models.join import Join, Level
from tests.crash.cases import Case, open_case
from tests.crash.conftest import Places
from tests.crash.orders import Moment, Point
from tests.crash.places import Place
from tests.e2e.arrivals import SEES_ALL, House
from tests.e2e.stage import Stage
from tests.mongod import Mongod

POINTS = [
    Point("store.add_events", Moment.BEFORE),
    Point("store.add_events", Moment.AFTER),
    Point("store.commit_batch", Moment.BEFORE, 2),
    Point("store.commit_batch", Moment.AFTER, 2),
    Point("store.commit_batch", Moment.BEFORE, 3),
]
WRITES = [
    Point("invite_batches.insert_many", Moment.AFTER, 2),
    Point("invite_joins.bulk_write", Moment.BEFORE, 1),
    Point("invite_joins.bulk_write", Moment.AFTER, 1),
    Point("invite_ledgers.update_one", Moment.AFTER, 2),
    Point("invite_events.delete_many", Moment.BEFORE, 1),
]
"""Round trips inside of one commit on MongoDB."""


def house_of(case: Case) -> House:
    """The case's server, with attribution for its bots."""
    guild = case.guilds[0]
    guild.set_bot_permissions(SEES_ALL)
    case.sandbox.world.grant_intents("GUILD_MEMBERS")
    case.settings["GIFTBOT_INVITES"] = "true"
    return House(Stage(case.sandbox, case.place.data), guild, case.store)


async def once_each(home: House, members: int) -> list[Join]:
    """All rows, of which each person has one."""
    rows = await home.all_joins()
    assert len({row.user_id for row in rows}) == len(rows) == members
    home.check(rows)
    return rows


def uses_of(ledger: Ledger, code: str) -> int:
    """How many uses of that invite a join explains."""
    return ledger.claimed.get(InviteCode(code), 0)


async def crash_and_go_on(place: Place, point: Point) -> None:
    """Three join, the bot dies at that point; one more joins while nobody watches, and one after the next start."""
    async with open_case(place, servers=1, codes=0) as case:
        home = house_of(case)
        invite = home.guild.invites.create(inviter=home.inviter())
        first = case.start(point)
        await home.settled()
        members = home.joins(invite.code, 3)
        if await first.ended(timeout=10) is None:  # a fast bot put all into one batch: the next one is another
            members += home.joins(invite.code)
            assert await first.ended() == -signal.SIGKILL
        members += home.joins(invite.code)
        second = case.start()
        await home.decided(members)
        members += home.joins(invite.code)
        await home.decided(members)
        ledger = await home.ledger(lambda ledger: uses_of(ledger, invite.code) == len(members))
        assert await second.stopped() == 0
        rows = await once_each(home, len(members))
        assert {(row.code, row.level) for row in rows} == {(invite.code, Level.COUNTED)}
        home.conserved(ledger, {})


@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_the_bot_dies_around_a_decision(places: Places, tmp_path: Path, point: Point) -> None:
    """Whatever was stored when it died, nobody is lost and nobody is there twice."""
    await crash_and_go_on(places(tmp_path), point)


@pytest.mark.parametrize("point", WRITES, ids=str)
async def test_the_bot_dies_within_a_commit(replica_set: Mongod, tmp_path: Path, point: Point) -> None:
    """The batch's row is the commit: what follows from it is made up for."""
    await crash_and_go_on(Place(tmp_path, replica_set.uri), point)


async def test_a_redeploy_with_two_processes_for_a_while(replica_set: Mongod, tmp_path: Path) -> None:
    """Both hear and decide the same joins; each is stored once, none is lost, and totals are exact."""
    async with open_case(Place(tmp_path, replica_set.uri), servers=1, codes=0) as case:
        home = house_of(case)
        people = [home.inviter(name) for name in ("ann", "bob")]
        codes = [home.guild.invites.create(inviter=member).code for member in people]
        old = case.start(directory="old")
        await home.settled()
        members = home.joins(codes[0], 2)
        new = case.start(directory="new")
        for number in range(40):
            members += home.joins(codes[number % 2])
            await asyncio.sleep(0.1)
            if number == 25:
                assert await old.stopped() == 0
        await home.decided(members)
        await asyncio.sleep(1)
        ledger = await home.ledger(lambda ledger: sum(uses_of(ledger, code) for code in codes) == len(members))
        assert await new.stopped() == 0
        rows = await once_each(home, len(members))
        assert all(row.is_open for row in rows)
        assert await case.store.list_events(home.id) == []
        home.conserved(ledger, {})

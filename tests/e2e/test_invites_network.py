"""Who brought whom over a network that delays, turns around and repeats what Discord says."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from giftbot.models.join import Level
from giftbot.sandbox.arrivals import Way
from tests.e2e.arrivals import LIST, House, house
from tests.e2e.stage import Stage

SLOW = 1 / 2
"""Durations of attribution: a grace of 150 ms, longer than any event here takes."""


@pytest.fixture
def home(stage: Stage) -> House:
    """A server in which the bot sees everything, far away from it."""
    sandbox = stage.sandbox
    sandbox.gateway.delivery.in_order = False
    sandbox.gateway.delivery.lag("*", 0.02, 0.08)
    sandbox.latency.add(0.05, 0.25, route=LIST, at=(0.0, 1.0))
    return house(stage)


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_certain_is_wrong(home: House, seed: int) -> None:
    """People come by several invites at all rates, events come late, in another order and twice."""
    chance = random.Random(seed)
    guild, delivery = home.guild, home.sandbox.gateway.delivery
    people = [home.inviter(name) for name in ("ann", "bob", "cleo")]
    codes = [guild.invites.create(inviter=member).code for member in (*people, people[0])]
    async with home.stage.bot(scale=SLOW):
        await home.settled()
        members = []
        for _ in range(40):
            if chance.random() < 0.15:
                delivery.duplicate("GUILD_MEMBER_ADD", after=chance.uniform(0, 0.1))
            if chance.random() < 0.2:
                used_up = guild.invites.create(inviter=chance.choice(people), max_uses=1)
                members += home.joins(used_up.code)
            else:
                members += home.joins(chance.choice(codes))
            await asyncio.sleep(chance.choice([0, 0, 0.05, 0.3, 0.8]))
        joins = await home.decided(members)
        rows = await home.all_joins()
        ledger = await home.settled()
    assert len(rows) == len({row.user_id for row in rows}) == len(members)
    home.check(joins)
    home.conserved(ledger, {})
    assert Counter(join.level >= Level.OWNER for join in joins)[True] > 5


async def test_a_join_at_a_time_is_counted(home: House) -> None:
    """Who comes alone is certain, however slow everything is."""
    invite = home.guild.invites.create(inviter=home.inviter())
    home.guild.invites.create(inviter=home.inviter("bob"))
    async with home.stage.bot(scale=SLOW):
        await home.settled()
        for _ in range(4):
            (join,) = await home.joined(invite.code)
            assert (join.code, join.level) == (invite.code, Level.COUNTED)


async def test_members_who_are_approved_by_hand(stage: Stage) -> None:
    """Case 27: the use is counted when they apply, they come later: nothing about them is claimed wrongly."""
    home = house(stage)
    home.guild.set_features("MEMBER_VERIFICATION_MANUAL_APPROVAL")
    ann, bob = home.inviter(), home.inviter("bob")
    first, second = home.guild.invites.create(inviter=ann), home.guild.invites.create(inviter=bob)
    async with home.stage.bot():
        await home.settled()
        home.guild.joins.apply(first.code)
        (other,) = await home.joined(second.code)
        (approved,) = await home.joined(first.code, counted=False, way=Way.APPROVAL)
        (plain,) = await home.joined(second.code)
        ledger = await home.settled()
    assert other.level <= Level.CANDIDATES
    assert {candidate.owner_id for candidate in other.candidates} >= {bob.user.id}
    assert approved.level is Level.CANDIDATES
    assert {candidate.owner_id for candidate in approved.candidates} >= {ann.user.id}
    assert [candidate.owner_id for candidate in plain.candidates] == [bob.user.id]
    assert plain.level is Level.CANDIDATES
    home.conserved(ledger, {})

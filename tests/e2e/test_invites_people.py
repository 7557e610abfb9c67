"""Who brought whom when the people are special: they come twice, invite themselves, or are gone."""

from __future__ import annotations

import asyncio

import pytest

from giftbot.models.join import Kind, Left, Level, Source
from tests.e2e.arrivals import House, facts, house
from tests.e2e.stage import Stage


@pytest.fixture
def home(stage: Stage) -> House:
    """A server in which the bot sees everything."""
    return house(stage)


async def test_a_join_that_is_told_twice(home: House) -> None:
    """Case 28: one membership, one use; the next join is counted by itself."""
    invite = home.guild.invites.create(inviter=home.inviter())
    async with home.stage.bot():
        await home.settled()
        home.sandbox.gateway.delivery.duplicate("GUILD_MEMBER_ADD", after=0.05)
        members = home.joins(invite.code)
        home.guild.joins.repeat(members[0])
        await home.decided(members)
        home.guild.joins.repeat(members[0])
        others = await home.joined(invite.code)
        rows = await home.all_joins()
    assert [row.user_id for row in rows] == [members[0].user.id, others[0].user_id]
    assert facts(rows) == [(Source.INVITE, invite.code, Level.COUNTED)] * 2


async def test_somebody_comes_again(home: House) -> None:
    """Case 29: a membership of its own, which points at the one before, with the same or another owner."""
    ann, bob = home.inviter(), home.inviter("bob")
    first, second = home.guild.invites.create(inviter=ann), home.guild.invites.create(inviter=bob)
    async with home.stage.bot():
        await home.settled()
        (member,) = home.joins(first.code)
        await home.decided([member])
        for code in (first.code, second.code):
            home.sandbox.leave(home.guild, member)
            await home.decided([member], until=lambda join: not join.is_open)
            await asyncio.sleep(1.1)  # within a second it would be the same join told twice
            home.sandbox.join(home.guild, member, code=code)
            await home.decided([member], until=lambda join: join.is_open)
        rows = await home.all_joins()
    assert [row.kind for row in rows] == [Kind.FIRST, Kind.REJOIN_SAME, Kind.REJOIN_OTHER]
    assert [row.previous for row in rows] == [None, rows[0].join_id, rows[1].join_id]
    assert [row.left for row in rows] == [Left.LEFT, Left.LEFT, None]
    home.check(rows[-1:])


async def test_ones_own_invite(home: House) -> None:
    """Case 30: recorded, and marked as one's own."""
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann)
    async with home.stage.bot():
        await home.settled()
        home.sandbox.leave(home.guild, ann)
        home.sandbox.join(home.guild, ann, code=invite.code)
        (join,) = await home.decided([ann])
    assert (join.kind, join.code, join.level) == (Kind.SELF, invite.code, Level.COUNTED)


async def test_the_inviter_is_gone(home: House) -> None:
    """Case 31: the invite keeps its inviter, with the name that was seen last."""
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann)
    home.sandbox.leave(home.guild, ann)
    async with home.stage.bot():
        await home.settled()
        (join,) = await home.joined(invite.code)
    assert (join.owner_id, join.owner_name, join.level) == (ann.user.id, "ann", Level.COUNTED)


async def test_an_invite_of_our_own_without_a_person(home: House) -> None:
    """Case 32: the bot made it and nobody knows for whom: the code is certain, the owner unknown."""
    invite = home.guild.invites.create(inviter=home.sandbox.world.bot)
    async with home.stage.bot():
        await home.settled()
        (join,) = await home.joined(invite.code)
    assert (join.code, join.level, join.owner_id) == (invite.code, Level.COUNTED, None)


async def test_a_temporary_membership(home: House) -> None:
    """Case 34: it ended by itself when the member had no role; somebody with a role left."""
    invite = home.guild.invites.create(inviter=home.inviter(), temporary=True)
    role = home.guild.add_role("regular")
    async with home.stage.bot():
        await home.settled()
        members = home.joins(invite.code, 2)
        joins = await home.decided(members)
        home.guild.give(members[1], role)
        for member in members:
            home.sandbox.leave(home.guild, member)
        ended = await home.decided(members, until=lambda join: not join.is_open)
    assert [join.is_temporary for join in joins] == [True, True]
    assert [join.left for join in ended] == [Left.TEMPORARY, Left.LEFT]


@pytest.mark.parametrize("target_type", [1, 2])
async def test_an_invite_to_a_stream_or_an_activity(home: House, target_type: int) -> None:
    """Case 25: it counts as any other, whether the list showed it first or its event told of it."""
    ann, bob = home.inviter(), home.inviter("bob")
    listed = home.guild.invites.create(inviter=ann, target_type=target_type)
    async with home.stage.bot():
        await home.settled()
        told = home.guild.invites.create(inviter=bob, target_type=target_type)
        joins = [*await home.joined(listed.code), *await home.joined(told.code)]
    assert facts(joins) == [(Source.INVITE, code, Level.COUNTED) for code in (listed.code, told.code)]
    assert [join.owner_id for join in joins] == [ann.user.id, bob.user.id]

"""Credit for VIPs: once for each membership, for whoever brought them first."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import attrs
import pytest

from giftbot.errors import InvalidInputError, InviteLookError
from giftbot.models.credit import CreditState
from giftbot.models.ids import UserId
from giftbot.models.join import Kind, Level, Method
from tests.fakes import START
from tests.services.invites.staffing import (
    ADA,
    ADMIN,
    BOB,
    GUILD,
    VIP,
    Office,
    joined,
    member,
    open_office,
    unsure,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """The services over a real store; Ada and Bob have links, and there is a VIP role."""
    async with open_office(tmp_path) as office:
        await office.choose(vip_role_id=VIP)
        await office.link("adas")
        await office.link("bobs", BOB)
        yield office


async def states(office: Office, user: int) -> list[tuple[CreditState, UserId | None]]:
    """Somebody's credits: state and staff member."""
    rows = await office.store.list_credits(GUILD, user_id=UserId(user))
    return [(row.state, row.staff_id) for row in rows]


async def test_a_certain_join_is_credited_when_the_role_is_gained(office: Office) -> None:
    """Also where only the owner is certain. Nobody has to decide."""
    owner_only = joined(2, None, ADA, level=Level.OWNER, among=(("adas", ADA, 0.5), ("adas2", ADA, 0.5)))
    await office.commit(joined(1), owner_only)
    done = await office.credits.gained(GUILD, [member(1), member(2)])
    assert [row.staff_id for row in done.credited] == [ADA, ADA]
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]
    assert office.desk.asked == []


async def test_taking_the_role_away_and_giving_it_again_credits_once(office: Office) -> None:
    """However often it is told, and whether by an event or by comparing."""
    await office.commit(joined(1))
    office.discord.people = [member(1), member(5, is_bot=True), member(6, roles=())]
    for _ in range(3):
        await office.credits.gained(GUILD, [member(1)])
        await office.credits.gained(GUILD, [member(1, roles=())])
        await office.credits.sync(GUILD)
    await asyncio.gather(*(office.credits.gained(GUILD, [member(1)]) for _ in range(5)))
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]
    assert await states(office, 5) == await states(office, 6) == []


async def test_a_role_that_was_gained_while_the_bot_was_away_is_found(office: Office) -> None:
    """By comparing who has it with the ledger; unless Discord does not say who is there."""
    await office.commit(joined(1), joined(2, "bobs", BOB))
    office.discord.people = [member(1), member(2), member(3, roles=())]
    office.discord.is_away = True
    with pytest.raises(InviteLookError):
        await office.credits.sync(GUILD)
    office.discord.is_away = False
    done = await office.credits.sync(GUILD)
    assert (done.holders, len(done.credited), len(done.pending)) == (2, 2, 0)
    assert await states(office, 2) == [(CreditState.CREDITED, BOB)]
    done = await office.credits.sync(GUILD)
    assert (done.holders, len(done.credited)) == (2, 0)


async def test_without_a_vip_role_nobody_is_credited(office: Office) -> None:
    """Nor does anything else happen."""
    await office.choose(vip_role_id=None)
    await office.commit(joined(1))
    office.discord.people = [member(1)]
    assert (await office.credits.sync(GUILD)).holders == 0
    assert await office.store.list_credits(GUILD) == []


async def test_what_is_not_certain_waits_for_a_person(office: Office) -> None:
    """With the candidates and the likeliest of them; never is somebody made up."""
    await office.commit(
        unsure(1, ada=0.3),
        joined(2, None, None, level=Level.UNKNOWN),
        joined(3, "friends", UserId(77)),
        joined(4, "adas", seconds=-2000),
    )
    done = await office.credits.gained(GUILD, [member(1), member(2), member(3), member(4, seconds=-2000)])
    assert done.credited == ()
    assert [row.staff_id for row in done.pending] == [BOB, None, None, None]
    assert [one.owner_id for one in done.pending[0].candidates] == [BOB, ADA]


async def test_own_invites_and_bots_bring_no_credit(office: Office) -> None:
    """A staff member is not credited for themselves."""
    await office.commit(joined(int(ADA), kind=Kind.SELF), joined(7, kind=Kind.BOT, owner=ADMIN))
    await office.credits.gained(GUILD, [member(int(ADA)), member(7), member(8, is_bot=True)])
    assert await office.store.list_credits(GUILD) == []
    with pytest.raises(InvalidInputError, match="themselves"):
        await office.credits.credit(GUILD, member(int(ADA)), ADA, "ada", by=ADMIN)
    with pytest.raises(InvalidInputError, match="Bots"):
        await office.credits.credit(GUILD, member(8, is_bot=True), ADA, "ada", by=ADMIN)


async def test_the_first_touch_keeps_the_credit(office: Office) -> None:
    """Who comes again by somebody else's link stays with who brought them first; once, for all memberships."""
    first = joined(1, left_at=START + timedelta(seconds=5))
    again = joined(1, "bobs", BOB, seconds=10, kind=Kind.REJOIN_OTHER, previous=first.join_id)
    await office.commit(first, again)
    await office.credits.gained(GUILD, [member(1, seconds=10)])
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]
    left = attrs.evolve(again, left_at=START + timedelta(seconds=15))
    third = joined(1, "bobs", BOB, seconds=20, kind=Kind.REJOIN_SAME, previous=again.join_id)
    await office.commit(left, third)
    await office.credits.gained(GUILD, [member(1, seconds=20)])
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]


async def test_a_chain_of_memberships_that_leads_to_itself_ends(office: Office) -> None:
    """A damaged row keeps nobody waiting."""
    loop = joined(1)
    await office.commit(attrs.evolve(loop, previous=loop.join_id))
    await office.credits.gained(GUILD, [member(1)])
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]


async def test_members_of_before_the_bots_time_wait_for_a_person(office: Office) -> None:
    """Nothing is known about them, so nobody is credited by itself; comparing again asks no second time."""
    await office.commit()
    office.discord.people = [member(1, seconds=-90_000)]
    for expected in (1, 0):
        assert len((await office.credits.sync(GUILD)).pending) == expected
    assert await states(office, 1) == [(CreditState.PENDING, None)]


async def test_credit_is_taken_back_and_given_by_hand(office: Office) -> None:
    """Every step stays in the history; the role alone does not bring back what an admin took."""
    await office.commit(joined(1))
    await office.credits.gained(GUILD, [member(1)])
    with pytest.raises(InvalidInputError, match="already"):
        await office.credits.credit(GUILD, member(1), BOB, "bob", by=ADMIN)
    await office.credits.revoke(GUILD, UserId(1), by=ADMIN)
    with pytest.raises(InvalidInputError, match="nothing to take back"):
        await office.credits.revoke(GUILD, UserId(1), by=ADMIN)
    await office.credits.gained(GUILD, [member(1)])
    assert await states(office, 1) == [(CreditState.REVERSED, ADA)]
    await office.credits.credit(GUILD, member(1), BOB, "bob", by=ADMIN)
    (row,) = await office.store.list_credits(GUILD, user_id=UserId(1))
    steps = [(step.state, step.staff_id, step.by) for step in row.history]
    assert steps == [
        (CreditState.CREDITED, ADA, None),
        (CreditState.REVERSED, ADA, ADMIN),
        (CreditState.CREDITED, BOB, ADMIN),
    ]


async def test_coming_again_does_not_bring_back_what_an_admin_took(office: Office) -> None:
    """An admin is asked."""
    first = joined(1)
    await office.commit(first)
    await office.credits.gained(GUILD, [member(1)])
    await office.credits.revoke(GUILD, UserId(1), by=ADMIN)
    office.clock.advance(minutes=5)
    again = joined(1, seconds=600, kind=Kind.REJOIN_SAME, previous=first.join_id)
    await office.commit(attrs.evolve(first, left_at=START + timedelta(seconds=500)), again)
    await office.credits.gained(GUILD, [member(1, seconds=600)])
    assert [state for state, _ in await states(office, 1)] == [CreditState.PENDING, CreditState.REVERSED]
    await office.commit(attrs.evolve(again, level=Level.CONFIRMED))
    assert [state for state, _ in await states(office, 1)] == [CreditState.PENDING, CreditState.REVERSED]


async def test_credit_by_hand_settles_what_waits_for_an_earlier_membership(office: Office) -> None:
    """There is one row, and nothing waits any more."""
    first = unsure(1)
    await office.commit(first)
    await office.credits.gained(GUILD, [member(1)])
    office.clock.advance(minutes=5)
    again = joined(1, seconds=200, kind=Kind.REJOIN_OTHER, previous=first.join_id)
    await office.commit(attrs.evolve(first, left_at=START + timedelta(seconds=100)), again)
    await office.credits.credit(GUILD, member(1, seconds=200), BOB, "bob", by=ADMIN)
    assert await states(office, 1) == [(CreditState.CREDITED, BOB)]


async def test_a_mapping_that_changes_does_not_change_past_credit(office: Office) -> None:
    """What counts is whose link it was when they joined."""
    await office.commit(joined(1), invites=["adas"])
    office.clock.advance(minutes=5)
    await office.links.adopt(GUILD, BOB, "bob", "adas")
    await office.credits.gained(GUILD, [member(1)])
    assert await states(office, 1) == [(CreditState.CREDITED, ADA)]


async def test_a_join_that_was_recorded_by_hand_is_certain(office: Office) -> None:
    """An admin's word needs no code, only a link of that staff member at that time."""
    await office.commit(joined(1, None, BOB, level=Level.CONFIRMED, method=Method.MANUAL))
    await office.credits.gained(GUILD, [member(1)])
    assert await states(office, 1) == [(CreditState.CREDITED, BOB)]


@pytest.mark.parametrize("seed", range(6))
async def test_no_order_of_events_credits_anybody_twice(office: Office, seed: int) -> None:
    """Joins, leaves, roles that flap, decisions of admins and comparisons, in any order."""
    dice = random.Random(seed)
    await office.commit()
    joins = {user: joined(user, seconds=1) for user in (1, 2, 3)}
    await office.commit(*joins.values())
    for _ in range(60):
        office.clock.advance(seconds=70)
        user = dice.choice(list(joins))
        join = joins[user]
        seen = attrs.evolve(member(user), joined_at=join.joined_at)
        match dice.randrange(5):
            case 0:
                await office.credits.gained(GUILD, [seen])
            case 1:
                office.discord.people = [
                    attrs.evolve(member(one), joined_at=joins[one].joined_at) for one in sorted(joins)
                ]
                await office.credits.sync(GUILD)
            case 2:
                owner, code = dice.choice([(ADA, "adas"), (BOB, "bobs")])
                seconds = (office.clock.now() - START).total_seconds()
                kind = Kind.REJOIN_SAME if owner == join.owner_id else Kind.REJOIN_OTHER
                joins[user] = joined(user, code, owner, seconds=seconds, kind=kind, previous=join.join_id)
                await office.commit(attrs.evolve(join, left_at=office.clock.now()), joins[user])
            case 3:
                credited = [state for state, _ in await states(office, user)].count(CreditState.CREDITED)
                if credited:
                    await office.credits.revoke(GUILD, UserId(user), by=ADMIN)
            case 4:
                for row in await office.reviews.pending(GUILD):
                    await office.reviews.choose(GUILD, row.credit_id, BOB, by=ADMIN)
        for one in joins:
            found = [state for state, _ in await states(office, one)]
            assert sum(state in {CreditState.CREDITED, CreditState.PENDING} for state in found) <= 1
    rows = await office.store.list_credits(GUILD, limit=1000)
    assert rows
    assert len({(row.user_id, row.join_id) for row in rows}) == len(rows)

"""Credits on which somebody has to decide."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import attrs
import pytest

from giftbot.errors import InvalidInputError
from giftbot.models.credit import Credit, CreditState
from giftbot.models.ids import CreditId, GuildId, MessageId, UserId
from giftbot.models.join import Kind, Level
from giftbot.text import vip as texts
from tests.fakes import START
from tests.services.invites.staffing import (
    ADA,
    ADMIN,
    BOB,
    GUILD,
    REVIEWS,
    VIP,
    Office,
    joined,
    member,
    open_office,
    unsure,
)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """The services over a real store; reviews are shown in a channel."""
    async with open_office(tmp_path) as office:
        await office.choose(vip_role_id=VIP, review_channel_id=REVIEWS)
        await office.link("adas")
        await office.link("bobs", BOB)
        yield office


async def waiting(office: Office, user: int = 1) -> Credit:
    """The credit of somebody who came by Ada's link or by Bob's."""
    await office.commit(unsure(user))
    (row,) = (await office.credits.gained(GUILD, [member(user)])).pending
    return row


async def state(office: Office, row: Credit) -> CreditState:
    """Where a credit stands."""
    return (await office.reviews.get(GUILD, row.credit_id)).state


async def test_a_review_is_shown_once_and_approved(office: Office) -> None:
    """Approving credits the likeliest; deciding again is told, and changes nothing."""
    row = await waiting(office)
    await office.credits.gained(GUILD, [member(1)])
    assert [asked.credit_id for asked in office.desk.asked] == [row.credit_id]
    shown = texts.review(row)
    assert "70%" in shown
    assert f"**Approve** credits <@{ADA}>" in shown
    done = await office.reviews.approve(GUILD, row.credit_id, by=ADMIN)
    assert (done.state, done.staff_id) == (CreditState.CREDITED, ADA)
    with pytest.raises(InvalidInputError, match="decided already"):
        await office.reviews.reject(GUILD, row.credit_id, by=ADMIN)
    assert await state(office, row) is CreditState.CREDITED


async def test_an_admin_chooses_somebody_else_or_nobody(office: Office) -> None:
    """Only staff can be chosen."""
    row = await waiting(office)
    with pytest.raises(InvalidInputError, match="none of the staff"):
        await office.reviews.choose(GUILD, row.credit_id, UserId(77), by=ADMIN)
    assert [link.staff_id for link in await office.reviews.staff_for(row)] == [ADA, BOB]
    done = await office.reviews.choose(GUILD, row.credit_id, BOB, by=ADMIN)
    assert (done.staff_id, done.staff_name) == (BOB, f"staff {BOB}")
    other = await waiting(office, 2)
    await office.reviews.reject(GUILD, other.credit_id, by=ADMIN)
    assert await state(office, other) is CreditState.REJECTED
    assert await office.reviews.pending(GUILD) == []


async def test_of_two_admins_at_once_one_decides(office: Office) -> None:
    """The other reads what was decided."""
    row = await waiting(office)
    results = await asyncio.gather(
        office.reviews.approve(GUILD, row.credit_id, by=ADMIN),
        office.reviews.reject(GUILD, row.credit_id, by=BOB),
        return_exceptions=True,
    )
    assert sum(isinstance(result, InvalidInputError) for result in results) == 1
    assert len((await office.reviews.get(GUILD, row.credit_id)).history) == 2


async def test_two_admins_who_reject_all_of_whom_nothing_is_known(office: Office) -> None:
    """Each of these is rejected once, and nobody is told that it did not work."""
    await office.commit()
    await office.credits.gained(GUILD, [member(user, seconds=-90_000) for user in range(1, 9)])
    both = await asyncio.gather(*(office.reviews.reject_untracked(GUILD, by=admin) for admin in (ADMIN, BOB)))
    assert sorted(row.user_id for rows in both for row in rows) == list(range(1, 9))
    assert await office.reviews.pending(GUILD) == []


async def test_another_servers_credit_does_not_exist(office: Office) -> None:
    """Nor one that was never there."""
    row = await waiting(office)
    for guild_id, credit_id in ((GuildId(99), row.credit_id), (GUILD, CreditId("vip_conversion:x"))):
        with pytest.raises(InvalidInputError, match="does not exist"):
            await office.reviews.approve(guild_id, credit_id, by=ADMIN)
    assert await state(office, row) is CreditState.PENDING


async def test_a_join_that_becomes_certain_settles_its_review(office: Office) -> None:
    """By what was learnt, not by what was likeliest; other reviews wait on."""
    row, other = await waiting(office), await waiting(office, 2)
    await office.commit(joined(1, "bobs", BOB, level=Level.CONFIRMED))
    settled = await office.reviews.get(GUILD, row.credit_id)
    assert (settled.state, settled.staff_id, settled.level) == (CreditState.CREDITED, BOB, Level.CONFIRMED)
    assert settled.history[-1].by is None
    assert await state(office, other) is CreditState.PENDING
    await office.commit(joined(2, "friends", UserId(77), level=Level.CONFIRMED))
    assert await state(office, other) is CreditState.PENDING


async def test_the_first_membership_becoming_certain_settles_a_later_ones_review(office: Office) -> None:
    """The first touch keeps the credit, whenever it is known."""
    first = attrs.evolve(unsure(1), left_at=START)
    again = joined(1, "bobs", BOB, seconds=100, kind=Kind.REJOIN_OTHER, previous=first.join_id)
    await office.commit(first, again)
    (row,) = (await office.credits.gained(GUILD, [member(1, seconds=100)])).pending
    await office.commit(attrs.evolve(joined(1, level=Level.CONFIRMED), left_at=START))
    settled = await office.reviews.get(GUILD, row.credit_id)
    assert (settled.state, settled.staff_id) == (CreditState.CREDITED, ADA)


async def test_a_join_that_turns_out_to_be_by_the_own_invite_counts_for_nobody(office: Office) -> None:
    """The review is settled without a credit."""
    row = await waiting(office)
    await office.commit(joined(1, "own", UserId(1), level=Level.CONFIRMED, kind=Kind.SELF))
    assert await state(office, row) is CreditState.REJECTED


async def test_a_decision_of_an_admin_is_not_settled_again(office: Office) -> None:
    """What is learnt later changes nothing."""
    row = await waiting(office)
    await office.reviews.reject(GUILD, row.credit_id, by=ADMIN)
    await office.commit(joined(1, level=Level.CONFIRMED))
    assert await state(office, row) is CreditState.REJECTED


async def test_many_at_once_are_one_message(office: Office) -> None:
    """After a server chose its VIP role there may be hundreds; those of nobody known are rejected together."""
    await office.commit(unsure(1))
    office.discord.people = [member(1), *(member(user, seconds=-90_000) for user in range(100, 120))]
    assert len((await office.credits.sync(GUILD)).pending) == 21
    assert office.desk.asked == []
    assert [words for _, words, _ in office.desk.warned] == [texts.many_to_review(21)]
    assert len(await office.reviews.reject_untracked(GUILD, by=ADMIN)) == 20
    assert [row.user_id for row in await office.reviews.pending(GUILD)] == [1]
    assert (await office.credits.sync(GUILD)).pending == ()


async def test_nobody_is_approved_where_nobody_is_named(office: Office) -> None:
    """It says what to do instead."""
    await office.commit()
    (row,) = (await office.credits.gained(GUILD, [member(1, seconds=-90_000)])).pending
    with pytest.raises(InvalidInputError, match="Choose a staff member"):
        await office.reviews.approve(GUILD, row.credit_id, by=ADMIN)
    done = await office.reviews.choose(GUILD, row.credit_id, ADA, by=ADMIN)
    assert done.state is CreditState.CREDITED


async def test_without_a_channel_reviews_wait_in_the_queue(office: Office) -> None:
    """And nothing is written anywhere."""
    await office.choose(review_channel_id=None)
    await waiting(office)
    assert office.desk.asked == []
    assert len(await office.reviews.pending(GUILD)) == 1


async def test_the_message_that_asked_says_what_settled_it(office: Office) -> None:
    """Once, with the new state; those that wait keep their buttons."""
    row, other = await waiting(office), await waiting(office, 2)
    await office.commit(joined(1, "bobs", BOB, level=Level.CONFIRMED))
    [(channel_id, message_id, shown)] = office.desk.closed
    assert (channel_id, message_id, shown.credit_id) == (REVIEWS, MessageId(1), row.credit_id)
    assert texts.decided(shown) == f"<@1> credited to <@{BOB}> ({texts.NOTE_RAISED})."
    await office.commit(joined(2, "own", UserId(2), level=Level.CONFIRMED, kind=Kind.SELF))
    assert [(one, shown.credit_id) for _, one, shown in office.desk.closed[1:]] == [(2, other.credit_id)]


async def test_a_decision_elsewhere_reaches_the_message_that_asked(office: Office) -> None:
    """Not when it was taken by that message's own buttons, and not where none asked."""
    row = await waiting(office)
    done = await office.reviews.approve(GUILD, row.credit_id, by=ADMIN)
    await office.reviews.close(done, answered=MessageId(1))
    assert office.desk.closed == []
    await office.reviews.close(done, answered=MessageId(99))
    assert office.desk.closed == [(REVIEWS, MessageId(1), done)]
    revoked = await office.credits.revoke(GUILD, UserId(1), by=ADMIN)
    await office.reviews.close(revoked)
    assert [shown.state for *_, shown in office.desk.closed] == [CreditState.CREDITED, CreditState.REVERSED]
    await office.choose(review_channel_id=None)
    unseen = await waiting(office, 2)
    await office.reviews.close(await office.reviews.reject(GUILD, unseen.credit_id, by=ADMIN))
    assert len(office.desk.closed) == 2


async def test_what_is_settled_while_its_message_is_written_gets_no_buttons(office: Office) -> None:
    """The message is closed as soon as its id is known."""

    async def decided(credit: Credit) -> None:
        await office.reviews.reject(GUILD, credit.credit_id, by=ADMIN)

    office.desk.on_ask = decided
    row = await waiting(office)
    [(_, message_id, shown)] = office.desk.closed
    assert (message_id, shown.credit_id, shown.state) == (1, row.credit_id, CreditState.REJECTED)


async def test_a_review_channel_that_is_closed_loses_no_review(office: Office) -> None:
    """It waits in the queue, without a message."""
    office.desk.is_open = False
    row = await waiting(office)
    assert [(one.credit_id, one.review_message_id) for one in await office.reviews.pending(GUILD)] == [
        (row.credit_id, None)
    ]

"""VIP credit and its reviews, with the real bot on a Discord whose truth is known."""

from __future__ import annotations

import asyncio

from giftbot.models.credit import CreditState
from giftbot.models.join import Level
from giftbot.sandbox import FaultKind
from giftbot.sandbox.answer import text_of
from tests.e2e.headquarters import Headquarters, headquarters, said
from tests.e2e.stage import Stage

MESSAGE = "/channels/{channel_id}/messages/{message_id}"
CREDITED, PENDING, REVERSED, REJECTED = (
    CreditState.CREDITED,
    CreditState.PENDING,
    CreditState.REVERSED,
    CreditState.REJECTED,
)


async def adopted(place: Headquarters) -> tuple[str, str]:
    """A link of Ada's and one of Bob's that are counted: two joins at once by both are not told apart."""
    codes = []
    for staff in (place.ada, place.bob):
        invite = place.guild.invites.create(inviter=place.admin.member)
        codes.append(await place.link(staff, existing_code=invite.code))
    return codes[0], codes[1]


async def test_gaining_the_role_credits_once_however_it_flaps(stage: Stage) -> None:
    """By the join's owner; taking the role away and giving it again changes nothing, nor does comparing."""
    async with headquarters(stage) as place:
        await place.settle()
        code = await place.link(place.ada)
        member = place.home.sandbox.join(place.guild, code=code)
        await place.home.decided([member])
        for _ in range(3):
            place.guild.give(member, place.vip)
            place.guild.take(member, place.vip)
        place.guild.give(member, place.vip)
        (credit,) = await place.credits(member, CREDITED)
        assert (credit.staff_id, credit.code, credit.level) == (place.ada.id, code, Level.CONFIRMED)
        assert "1 VIP compared: nothing is new" in await said(await place.admin.command("vip sync"))
        stats = await said(await place.admin.command("staff stats", member=place.ada.member))
        assert "1 VIP · conversion 100%" in stats
        assert stats == await said(await place.ada.command("staff stats"))
    await place.credits(member, CREDITED)
    assert place.posted() == []


async def test_a_role_gained_while_the_bot_was_away_is_credited_at_start(stage: Stage) -> None:
    """Also to somebody who joined meanwhile, and whose join the bot has to find out about first."""
    async with headquarters(stage) as place:
        await place.settle()
        code = await place.link(place.ada)
        member = place.home.sandbox.join(place.guild, code=code)
        await place.home.decided([member])
    place.guild.give(member, place.vip)
    late = place.home.sandbox.join(place.guild, code=code)
    place.guild.give(late, place.vip)
    async with stage.bot():
        for one in (member, late):
            (credit,) = await place.credits(one, CREDITED)
            assert credit.staff_id == place.ada.id


async def test_the_role_may_come_with_the_join(stage: Stage) -> None:
    """The credit waits until it is decided who brought them."""
    async with headquarters(stage) as place:
        await place.settle()
        code = await place.link(place.ada)
        member = place.home.sandbox.join(place.guild, code=code)
        place.guild.give(member, place.vip)
        (credit,) = await place.credits(member, CREDITED)
    assert credit.staff_id == place.ada.id


async def test_a_review_is_decided_by_its_buttons_after_a_restart(stage: Stage) -> None:
    """Approve, Choose and Reject, by managers only; the first decision counts, and stays in the message."""
    async with headquarters(stage) as place:
        await place.settle()
        first, second = await adopted(place)
        members = await place.unsure(first, second, 2)
        for count, member in enumerate(members, 1):
            place.guild.give(member, place.vip)
            await place.credits(member, PENDING)
            await place.posts(count)
        messages = place.posted()
        assert "50%" in text_of(messages[0])
        assert "Manage Server" in await said(await place.ada.press(messages[0], "Approve"))
        await place.credits(members[0], PENDING)
    async with stage.bot():
        await (await place.admin.press(messages[0], "Approve")).settled()
        (approved,) = await place.credits(members[0], CREDITED)
        assert approved.history[-1].by == place.admin.id
        await (await place.admin.press(messages[1], "Reject")).settled()
        await place.credits(members[1], REJECTED)
        await (await place.admin.press(messages[2], "Choose…")).settled()
        await (await place.admin.select(place.posted()[2], "For whom does it count?", ["bob"])).settled()
        (chosen,) = await place.credits(members[2], CREDITED)
        assert chosen.staff_id == place.bob.id
        assert f"credited to <@{place.bob.id}> (by <@{place.admin.id}>" in text_of(place.posted()[2])
        assert all(not message.get("components") for message in place.posted()[:3])
        presses = await asyncio.gather(*(place.admin.press(messages[3], one) for one in ("Approve", "Reject")))
        for press in presses:
            await press.settled()
        assert "decided already" in text_of(place.posted()[3])
    await place.credits(members[0], CREDITED)


async def test_reviews_are_gone_through_in_the_queue(stage: Stage) -> None:
    """One after the other, without a channel; those of whom nothing is known are rejected together."""
    async with headquarters(stage) as place:
        await said(await place.admin.command("vip role", role=place.vip))
        first, second = await adopted(place)
        members = await place.unsure(first, second)
        for member in members:
            place.guild.give(member, place.vip)
            await place.credits(member, PENDING)
        for old in (place.ada.member, place.bob.member):
            place.guild.give(old, place.vip)
            await place.credits(old, PENDING)
        queue = await place.admin.command("vip review")
        await queue.settled()
        assert queue.ephemeral
        assert "4 credits waiting" in queue.text
        await queue.press("Next")
        await queue.shows(f"<@{members[1].user.id}>")
        await queue.press("Approve")
        await queue.shows("credited to")
        await queue.press("Next")
        await queue.shows("3 credits waiting")
        await queue.press("Reject all 2 of whom nothing is known")
        await queue.shows("2 credits of members")
        await queue.press("Choose…")
        await queue.press("Back")
        await queue.press("Reject")
        await queue.shows("counts for nobody")
        await queue.press("Next")
        await queue.shows("Nothing waits for a decision")
    await place.credits(members[0], REJECTED)
    await place.credits(place.ada.member, REJECTED)


async def test_credit_by_hand_is_taken_back_and_kept_in_the_history(stage: Stage) -> None:
    """Nobody is credited twice, for themselves, or to a bot."""
    async with headquarters(stage) as place:
        (member,) = place.home.joins(None)
        await place.home.decided([member])
        options = {"member": member, "staff": place.ada.member}
        assert f"credited to <@{place.ada.id}>" in await said(await place.admin.command("vip credit", options))
        assert "/vip revoke" in await said(await place.admin.command("vip credit", options))
        assert "taken back" in await said(await place.admin.command("vip revoke", member=member))
        assert "nothing to take back" in await said(await place.admin.command("vip revoke", member=member))
        options = {"member": place.ada.member, "staff": place.ada.member}
        assert "for themselves" in await said(await place.admin.command("vip credit", options))
        robot = place.guild.members[place.home.sandbox.world.bot.id]
        options = {"member": member, "staff": robot}
        assert "to a bot" in await said(await place.admin.command("vip credit", options))
    (credit,) = await place.credits(member, REVERSED)
    assert [step.state for step in credit.history] == [CREDITED, REVERSED]


async def test_the_role_is_chosen_in_the_panel(stage: Stage) -> None:
    """And taken away again; without one /vip sync says what to do, and nobody is credited."""
    async with headquarters(stage) as place:
        assert "/vip role" in await said(await place.admin.command("vip sync"))
        panel = await place.admin.command("vip role")
        await panel.settled()
        assert "none: nobody is credited" in panel.text
        await panel.select("vip-role:", [place.guild.roles[place.guild.id]])
        await panel.shows("cannot be the VIP role")
        await panel.select("vip-role:", [place.vip])
        await panel.shows(f"<@&{place.vip.id}>")
        closed = place.guild.add_channel("closed")
        place.home.sandbox.world.set_overwrite(closed, place.guild.roles[place.guild.id], deny="SEND_MESSAGES")
        await panel.select("vip-channel:", [closed])
        await panel.shows("**Send Messages**")
        await panel.press("No VIP role")
        await panel.shows("There is no VIP role any more")
        code = await place.link(place.ada)
        member = place.home.sandbox.join(place.guild, code=code)
        await place.home.decided([member])
        place.guild.give(member, place.vip)
        await asyncio.sleep(0.3)
        await place.credits(member)
        await said(await place.admin.command("vip role", role=place.vip))
        assert "1 newly credited" in await said(await place.admin.command("vip sync"))
    await place.credits(member, CREDITED)


async def test_any_of_many_staff_members_can_be_chosen(stage: Stage) -> None:
    """More than one menu holds: it has pages, which any manager can turn."""
    async with headquarters(stage) as place:
        await place.settle()
        names = [f"staff {number:02}" for number in range(26)]
        for name in names:
            invite = place.guild.invites.create(inviter=place.admin.member)
            await place.link(place.home.sandbox.user(place.guild, name=name), existing_code=invite.code)
        place.guild.give(place.bob.member, place.vip)
        await place.credits(place.bob.member, PENDING)
        await place.posts(1)
        await (await place.admin.press(place.posted()[0], "Choose…")).settled()
        await (await place.admin.press(place.posted()[0], "Next page")).settled()
        menu = "For whom does it count? (page 2 of 2)"
        await (await place.admin.select(place.posted()[0], menu, names[-1:])).settled()
        (credit,) = await place.credits(place.bob.member, CREDITED)
    assert credit.staff_name == names[-1]


async def test_a_decision_elsewhere_takes_the_buttons_off_the_message(stage: Stage) -> None:
    """In the queue, by hand, or all at once; where that fails, an old button answers what was decided."""
    async with headquarters(stage) as place:
        await place.settle()
        await place.link(place.ada)
        people = [place.home.inviter("one"), place.home.inviter("two"), place.bob.member]
        for count, person in enumerate(people, 1):
            place.guild.give(person, place.vip)
            await place.credits(person, PENDING)
            await place.posts(count)
        body = {"code": 50001, "message": "Missing Access"}
        stage.sandbox.faults.add(kind=FaultKind.STATUS, method="PATCH", route=MESSAGE, status=403, body=body)
        queue = await place.admin.command("vip review")
        await queue.settled()
        await queue.press("Reject")
        await place.credits(people[0], REJECTED)
        await stage.sandbox.requests.wait(1, method="PATCH", route=MESSAGE)
        options = {"member": people[1], "staff": place.ada.member}
        await said(await place.admin.command("vip credit", options))
        await place.closed(1, f"credited to <@{place.ada.id}>")
        await queue.press("Next")
        await queue.shows("1 credit waiting")
        await queue.press("Reject all 1 of whom nothing is known")
        await place.credits(people[2], REJECTED)
        await place.closed(2, "counts for nobody")
        await (await place.admin.press(place.posted()[0], "Choose…")).settled()
        await place.closed(0, "This was decided already: ")
        await said(await place.admin.command("vip revoke", member=people[1]))
        await place.closed(1, "taken back")

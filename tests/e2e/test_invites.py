"""Who brought whom, with the real bot on a Discord whose truth is known: what one look can tell."""

from __future__ import annotations

import pytest

from giftbot.models.ids import UserId
from giftbot.models.join import Kind, Level, Method, Reason, Source
from giftbot.sandbox.arrivals import Way
from giftbot.sandbox.invite_shapes import Blemish
from tests.e2e.arrivals import LIST, VANITY, House, facts, house
from tests.e2e.stage import Stage


@pytest.fixture
def home(stage: Stage) -> House:
    """A server in which the bot sees everything."""
    return house(stage)


async def test_one_join_by_one_invite(home: House) -> None:
    """Case 1: as many joined as one invite counted."""
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann, uses=3)
    async with home.stage.bot():
        await home.settled()
        (join,) = await home.joined(invite.code)
    assert facts([join]) == [(Source.INVITE, invite.code, Level.COUNTED)]
    assert (join.method, join.owner_id, join.inviter_id) == (Method.COUNTED, ann.user.id, ann.user.id)
    assert (join.owner_name, join.kind, join.uses_before, join.uses_after) == ("ann", Kind.FIRST, 3, 4)


async def test_many_by_one_invite(home: House) -> None:
    """Case 2: all of them by that one, whoever came first; one or two looks for all of them."""
    invite = home.guild.invites.create(inviter=home.inviter())
    home.guild.invites.create(inviter=home.inviter("bob"))
    async with home.stage.bot():
        await home.settled()
        looks = home.sandbox.requests.count(method="GET", route=LIST)
        joins = await home.joined(invite.code, 15)
        assert home.sandbox.requests.count(method="GET", route=LIST) - looks <= 2
        ledger = await home.ledger(lambda ledger: ledger.claimed.get(invite.code) == 15)  # type: ignore[call-overload]
    assert facts(joins) == [(Source.INVITE, invite.code, Level.COUNTED)] * 15
    home.conserved(ledger, {})


async def test_several_invites_at_once(home: House) -> None:
    """Cases 3 and 4: one owner is certain, several are candidates whose totals are exact; nobody is guessed."""
    ann, bob = home.inviter(), home.inviter("bob")
    first, second = home.guild.invites.create(inviter=ann), home.guild.invites.create(inviter=ann)
    third = home.guild.invites.create(inviter=bob)
    async with home.stage.bot():
        await home.settled()
        hers = await home.decided([*home.joins(first.code), *home.joins(second.code)])
        mixed = await home.decided([*home.joins(first.code, 2), *home.joins(third.code)])
        ledger = await home.settled()
    assert {join.level for join in hers} == {Level.OWNER}
    assert {join.owner_id for join in hers} == {ann.user.id}
    assert {join.level for join in mixed} == {Level.CANDIDATES}
    for join in mixed:
        weights = {candidate.owner_id: candidate.weight for candidate in join.candidates}
        assert weights == pytest.approx({UserId(ann.user.id): 2 / 3, UserId(bob.user.id): 1 / 3})
    home.check([*hers, *mixed])
    home.conserved(ledger, {})


async def test_other_ways_than_invites(home: House) -> None:
    """Cases 5, 18, 19, 26: nothing was counted, so it was no invite; never taken for the server's own address."""
    home.guild.invites.create(inviter=home.inviter())
    home.guild.set_vanity("home", 3)
    async with home.stage.bot():
        await home.settled()
        found = []
        for way in (Way.DISCOVERY, Way.OAUTH, Way.INTEGRATION, Way.HUB, Way.LOBBY):
            found += await home.joined(way=way)
    assert {join.source for join in found} == {Source.OTHER}
    assert {join.level for join in found} == {Level.INFERRED}
    assert {join.owner_id for join in found} == {None}


async def test_some_by_invite_and_some_not(home: House) -> None:
    """Case 5: fewer uses than joins; nobody is certain, the true owner is among the candidates."""
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann)
    async with home.stage.bot():
        await home.settled()
        joins = await home.decided([*home.joins(invite.code), *home.joins(None)])
    assert all(join.level <= Level.CANDIDATES for join in joins)
    assert ann.user.id in {candidate.owner_id for candidate in joins[0].candidates}


async def test_uses_without_joins(home: House) -> None:
    """Cases 6, 22, 24: members and guests raise counters; no join is made of them, and nothing is counted twice."""
    ann = home.inviter()
    role = home.guild.add_role("event")
    invite = home.guild.invites.create(inviter=ann, roles=[role])
    guests = home.guild.invites.create(inviter=ann, guests=True)
    old = home.inviter("old member")
    async with home.stage.bot():
        await home.settled()
        home.guild.joins.accept(old, invite.code)
        home.guild.joins.visit(guests.code)
        (join,) = await home.joined(invite.code)
        ledger = await home.ledger(lambda ledger: sum(ledger.claimed.values()) > 0)
        rows = await home.all_joins()
    assert [row.user_id for row in rows] == [join.user_id]
    assert join.owner_id == ann.user.id
    assert join.level >= Level.OWNER
    home.check([join])
    home.conserved(ledger, {})


async def test_the_servers_own_address(home: House) -> None:
    """Cases 14 and 16: its counter is asked for only when the invites do not explain who came."""
    ann = home.inviter()
    invite = home.guild.invites.create(inviter=ann)
    home.guild.set_vanity("home", 10)
    async with home.stage.bot():
        await home.settled()
        asked = home.sandbox.requests.count(method="GET", route=VANITY)
        (by_invite,) = await home.joined(invite.code)
        (by_address,) = await home.joined("home")
        assert home.sandbox.requests.count(method="GET", route=VANITY) > asked
        mixed = await home.decided([*home.joins(invite.code), *home.joins("home")])
    assert facts([by_invite]) == [(Source.INVITE, invite.code, Level.COUNTED)]
    assert (by_address.source, by_address.level, by_address.owner_id) == (Source.VANITY, Level.COUNTED, None)
    assert all(join.level <= Level.CANDIDATES for join in mixed)


async def test_an_address_that_cannot_be_read_is_not_taken_for_zero(home: House) -> None:
    """Case 15: one empty answer resets nothing: who comes by the address next is counted again."""
    home.guild.set_vanity("home", 10)
    async with home.stage.bot():
        await home.settled()
        home.guild.flicker_vanity()
        (unclear,) = await home.joined("home")
        (clear,) = await home.joined("home")
    assert unclear.level <= Level.INFERRED
    assert unclear.owner_id is None
    assert clear.source in {Source.VANITY, Source.UNKNOWN, Source.OTHER}
    assert not (clear.level >= Level.COUNTED and clear.source is not Source.VANITY)


@pytest.mark.parametrize("has_log", [True, False], ids=["audit log", "no audit log"])
async def test_a_bot_was_added(home: House, has_log: bool) -> None:
    """Case 17: bots come by an authorisation; the audit log says whose."""
    if not has_log:
        home.guild.set_bot_permissions("VIEW_CHANNEL|MANAGE_GUILD")
    async with home.stage.bot():
        await home.settled()
        (join,) = await home.joined(bot=True)
    assert (join.source, join.kind) == (Source.BOT, Kind.BOT)
    if has_log:
        assert (join.level, join.method, join.owner_id) == (
            Level.CONFIRMED,
            Method.AUDIT_LOG,
            home.guild.owner_id,
        )
    else:
        assert (join.level, join.owner_id) == (Level.INFERRED, None)


async def test_the_widget(home: House) -> None:
    """Case 20: an invite without an inviter."""
    invite = home.guild.invites.create(widget=True)
    async with home.stage.bot():
        await home.settled()
        (join,) = await home.joined(invite.code)
    assert (join.source, join.code, join.owner_id, join.level) == (
        Source.WIDGET,
        invite.code,
        None,
        Level.COUNTED,
    )


@pytest.mark.parametrize("late", [False, True], ids=["roles at once", "roles later"])
async def test_an_invite_that_gives_a_role(home: House, late: bool) -> None:
    """Case 21: two owners' invites at once; whoever has the role came by the one that gives it."""
    ann, bob = home.inviter(), home.inviter("bob")
    role = home.guild.add_role("via ann")
    giving, plain = home.guild.invites.create(inviter=ann, roles=[role]), home.guild.invites.create(inviter=bob)
    async with home.stage.bot():
        await home.settled()
        members = [*home.joins(giving.code, roles_come_late=late), *home.joins(plain.code)]
        joins = await home.decided(members)
    assert [join.owner_id for join in joins] == [ann.user.id, bob.user.id]
    home.check(joins)


async def test_the_first_look(home: House) -> None:
    """Case 37: who joins before there is anything to compare with is unknown, and why is stored."""
    invite = home.guild.invites.create(inviter=home.inviter())
    hold = home.sandbox.faults.hold(method="GET", route=LIST)
    async with home.stage.bot():
        await hold.held()
        members = home.joins(invite.code)
        hold.release()
        (join,) = await home.decided(members)
        (next_one,) = await home.joined(invite.code)
        (after,) = await home.joined(invite.code)
    assert (join.level, join.reason) == (Level.UNKNOWN, Reason.NO_BASELINE)
    home.check([next_one])  # that use may have been the first one's
    assert facts([after]) == [(Source.INVITE, invite.code, Level.COUNTED)]


async def test_a_counter_goes_down(home: House) -> None:
    """Case 42: a new baseline and an anomaly; the next use counts from there."""
    invite = home.guild.invites.create(inviter=home.inviter(), uses=9)
    async with home.stage.bot():
        await home.settled()
        home.guild.invites.count(invite, -4)
        (odd,) = await home.joined(None)
        ledger = await home.ledger(lambda ledger: ledger.anomalies > 0)
        (join,) = await home.joined(invite.code)
    assert odd.level <= Level.INFERRED
    assert facts([join]) == [(Source.INVITE, invite.code, Level.COUNTED)]
    assert all(count >= 0 for count in [*ledger.claimed.values(), *ledger.archived.values()])


@pytest.mark.parametrize("blemish", list(Blemish))
async def test_an_odd_entry_of_the_list(home: House, blemish: Blemish) -> None:
    """One strange entry neither stops attribution nor makes it say something wrong."""
    ann, bob = home.inviter(), home.inviter("bob")
    invite, odd = home.guild.invites.create(inviter=ann), home.guild.invites.create(inviter=bob)
    async with home.stage.bot() as bot:
        await home.settled()
        home.guild.invites.spoil(odd, blemish)
        joins = await home.joined(invite.code)
        home.guild.invites.spoil(odd, None)
        joins += await home.joined(odd.code)
        assert not bot.done()
    home.check(joins)
    assert joins[0].owner_id in {ann.user.id, None}

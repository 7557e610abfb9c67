"""Who brought whom when something is missing: time, permissions, the connection, Discord's answers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from giftbot.models.ids import InviteCode, RoleId, UserId
from giftbot.models.invite import Coverage
from giftbot.models.join import Left, Level, Method, Reason, Source
from giftbot.models.staff import StaffLink
from giftbot.sandbox import FaultKind
from giftbot.sandbox.nouns import Member
from giftbot.stores.sqlite.store import open_sqlite
from tests.e2e.arrivals import ASKED, CHANNEL_LIST, LIST, House, house
from tests.e2e.stage import Stage

PLAIN = "VIEW_CHANNEL|SEND_MESSAGES"


@pytest.fixture
def home(stage: Stage) -> House:
    """A server in which the bot sees everything."""
    return house(stage)


async def appoint(home: House, staff: Member, code: str, role_id: int | None) -> None:
    """Store a staff link, as the command for it does."""
    link = StaffLink(
        home.id,
        InviteCode(code),
        UserId(staff.user.id),
        datetime.now(UTC),
        staff_name=staff.user.name,
        marker_role_id=None if role_id is None else RoleId(role_id),
    )
    async with open_sqlite(home.path) as store:
        assert await store.save_link(link)


async def test_while_the_bot_was_away(home: House) -> None:
    """Case 36: members show who came, counters by what; who left is closed; counting goes on."""
    ann, bob = home.inviter(), home.inviter("bob")
    first, second = home.guild.invites.create(inviter=ann), home.guild.invites.create(inviter=bob)
    async with home.stage.bot():
        await home.settled()
        (early,) = home.joins(second.code)
        await home.decided([early])
    away = home.joins(first.code, 3)
    home.sandbox.leave(home.guild, early)
    async with home.stage.bot():
        found = await home.decided(away)
        (gone,) = await home.decided([early], until=lambda join: not join.is_open)
        (live,) = await home.joined(second.code)
        ledger = await home.settled()
    assert [(join.code, join.level, join.method) for join in found] == [
        (first.code, Level.COUNTED, Method.CATCH_UP)
    ] * 3
    assert (gone.left, gone.code) == (Left.AWAY, second.code)
    assert (live.code, live.level) == (second.code, Level.COUNTED)
    home.conserved(ledger, {})


async def test_a_start_without_news_changes_nothing(home: House) -> None:
    """A second start finds the members as they are stored: nobody is decided twice."""
    invite = home.guild.invites.create(inviter=home.inviter())
    async with home.stage.bot():
        await home.settled()
        before = await home.joined(invite.code, 2)
    async with home.stage.bot():
        await home.settled((await home.settled()).taken_at)
        (after,) = await home.joined(invite.code)
    rows = await home.all_joins()  # who came in the same millisecond is in any order
    assert sorted(rows, key=lambda row: row.user_id) == sorted([*before, after], key=lambda row: row.user_id)


async def test_members_that_cannot_be_seen_hold_the_baseline_back(home: House) -> None:
    """Case 36: while the list of members fails nothing is compared and nothing replaced; then nobody is missing."""
    invite = home.guild.invites.create(inviter=home.inviter())
    async with home.stage.bot():
        baseline = await home.settled()
    away = home.joins(invite.code)
    fault = home.sandbox.faults.add(
        kind=FaultKind.STATUS, method="GET", route="/guilds/{guild_id}/members", times=None, status=500
    )
    async with home.stage.bot():
        await home.sandbox.until(lambda: fault.hits >= 2)
        assert (await home.settled()).taken_at == baseline.taken_at
        home.sandbox.faults.remove(fault)
        found = await home.decided(away)
    assert [(join.code, join.level) for join in found] == [(invite.code, Level.COUNTED)]


@pytest.mark.parametrize("resumable", [True, False], ids=["resumed", "new session"])
async def test_the_connection_was_cut(home: House, resumable: bool) -> None:
    """Cases 35 and 36: Discord says it again, or the members and counters say it."""
    invite = home.guild.invites.create(inviter=home.inviter())
    async with home.stage.bot():
        await home.settled()
        home.sandbox.gateway.go_down()
        members = home.joins(invite.code, 2)
        home.sandbox.gateway.come_up(resumable=resumable)
        joins = await home.decided(members)
        joins += await home.joined(invite.code)
        rows = await home.all_joins()
    assert len(rows) == 3
    assert {(join.code, join.level) for join in joins} == {(invite.code, Level.COUNTED)}


async def test_without_permission_nothing_is_asked(stage: Stage) -> None:
    """Case 39: not one request; the reason is stored with each join; the server's owner is told once."""
    home = house(stage, PLAIN)
    invite = home.guild.invites.create(inviter=home.inviter())
    owner = stage.sandbox.world.users[home.guild.owner_id]
    async with stage.bot():
        joins = await home.joined(invite.code, 2)
        joins += await home.joined(None)
        await stage.sandbox.until(lambda: stage.sandbox.world.direct_messages(owner), what="a notice")
        assert [request for request in stage.sandbox.requests if request.route in ASKED] == []
    async with stage.bot():
        joins += await home.joined(invite.code)
        home.guild.set_bot_permissions("VIEW_CHANNEL|SEND_MESSAGES|MANAGE_GUILD")
        await home.settled()
        (seen,) = await home.joined(invite.code)
    assert {(join.level, join.reason) for join in joins} == {(Level.UNKNOWN, Reason.NO_PERMISSION)}
    assert (seen.code, seen.level) == (invite.code, Level.COUNTED)
    told = [message["content"] for message in stage.sandbox.world.direct_messages(owner)]
    assert len(told) == 1
    assert "Manage Server" in told[0]


async def test_only_the_audit_log(stage: Stage) -> None:
    """Case 40: the list shows no uses; nothing is claimed with certainty but what vanished with its only use."""
    home = house(stage, f"{PLAIN}|VIEW_AUDIT_LOG|MANAGE_CHANNELS")
    for channel in home.guild.channels.values():
        own = home.guild.members[stage.sandbox.world.bot.id]
        stage.sandbox.world.set_overwrite(channel, own, deny="MANAGE_CHANNELS")
    invite = home.guild.invites.create(inviter=home.inviter())
    async with stage.bot():
        ledger = await home.settled()
        (join,) = await home.joined(invite.code)
    assert ledger.coverage is Coverage.BARE
    assert set(ledger.invites) == {invite.code}
    assert join.level <= Level.INFERRED


async def test_only_one_channel(stage: Stage) -> None:
    """Case 41: the invites of that channel count; who came otherwise is unknown, and nothing else is asked."""
    home = house(stage, PLAIN)
    seen, hidden = list(home.guild.channels.values())[:2]
    stage.sandbox.world.set_overwrite(seen, home.guild.members[stage.sandbox.world.bot.id], allow="MANAGE_CHANNELS")
    ann, bob = home.inviter(), home.inviter("bob")
    staff = home.guild.invites.create(seen, ann)
    elsewhere = home.guild.invites.create(hidden, bob)
    async with stage.bot():
        ledger = await home.settled()
        (by_staff,) = await home.joined(staff.code)
        (by_other,) = await home.joined(elsewhere.code)
    assert ledger.coverage is Coverage.CHANNELS
    assert (by_staff.code, by_staff.owner_id) == (staff.code, ann.user.id)
    assert by_staff.level >= Level.OWNER
    assert by_other.level <= Level.INFERRED
    assert by_other.owner_id is None
    asked = {request.path for request in stage.sandbox.requests if request.route == CHANNEL_LIST}
    assert asked == {f"/channels/{seen.id}/invites"}
    assert stage.sandbox.requests.count(method="GET", route=LIST) == 0


@pytest.mark.parametrize("kind", [FaultKind.STATUS, FaultKind.DROP, FaultKind.NOT_JSON, FaultKind.RATE_LIMIT])
async def test_discord_does_not_answer(home: House, kind: FaultKind) -> None:
    """Case 38: they wait; the next answer decides all of them."""
    invite = home.guild.invites.create(inviter=home.inviter())
    async with home.stage.bot():
        await home.settled()
        fault = home.sandbox.faults.add(kind=kind, method="GET", route=LIST, times=2, status=503)
        joins = await home.joined(invite.code, 3)
    assert fault.hits == 2
    assert {(join.code, join.level) for join in joins} == {(invite.code, Level.COUNTED)}


async def test_discord_does_not_answer_for_long(home: House) -> None:
    """After a time they are decided without an answer, with the reason; who comes later is counted again."""
    invite = home.guild.invites.create(inviter=home.inviter())
    async with home.stage.bot(scale=1 / 400):
        await home.settled()
        fault = home.sandbox.faults.add(kind=FaultKind.STATUS, method="GET", route=LIST, times=None, status=503)
        (lost,) = await home.joined(invite.code)
        home.sandbox.faults.remove(fault)
        await home.joined(invite.code)
        (after,) = await home.joined(invite.code)
    assert (lost.level, lost.reason) == (Level.UNKNOWN, Reason.FETCH_FAILED)
    home.check([after])


@pytest.mark.parametrize("late", [False, True], ids=["roles at once", "roles later"])
async def test_marker_roles_in_a_crowd(home: House, late: bool) -> None:
    """Cases 21, 33 and 43: everybody by a link with a role is right, however many come at once, also while away."""
    staff = [home.inviter(name) for name in ("ann", "bob", "cleo")]
    roles = [home.guild.add_role(f"via {member.user.name}") for member in staff]
    bot = home.sandbox.world.bot
    links = [home.guild.invites.create(inviter=bot, roles=[role]) for role in roles]
    others = home.guild.invites.create(inviter=home.inviter("dan"))
    async with home.stage.bot():
        await home.settled()
    for member, link, role in zip(staff, links, roles, strict=True):
        await appoint(home, member, link.code, role.id)
    async with home.stage.bot():
        members = []
        for number in range(30):
            members += home.joins(links[number % 3].code, roles_come_late=late)
            if number % 10 == 0:
                members += home.joins(others.code)
        joins = await home.decided(members)
        live = await home.settled()
    away = [member for link in links for member in home.joins(link.code, roles_come_late=late)]
    async with home.stage.bot():
        joins += await home.decided(away)
        ledger = await home.ledger(lambda ledger: ledger.number > live.number)
    marked = [join for join in joins if join.method is Method.MARKER]
    assert len(marked) == 33
    assert {join.level for join in marked} == {Level.CONFIRMED}
    owners = {link.code: member.user.id for link, member in zip(links, staff, strict=True)}
    assert all(join.owner_id == owners[join.code or ""] for join in marked)
    home.check(joins)
    assert all(count >= 0 for count in [*ledger.claimed.values(), *ledger.owed.values()])


async def test_several_servers_at_once(stage: Stage) -> None:
    """What happens in one server never shows in another."""
    homes = [house(stage) for _ in range(4)]
    codes = [home.guild.invites.create(inviter=home.inviter()).code for home in homes]
    async with stage.bot():
        await asyncio.gather(*(home.settled() for home in homes))
        members = [home.joins(code, 3) for home, code in zip(homes, codes, strict=True)]
        decided = [await home.decided(people) for home, people in zip(homes, members, strict=True)]
    for code, joins in zip(codes, decided, strict=True):
        assert {(join.code, join.level) for join in joins} == {(code, Level.COUNTED)}


async def test_a_crowd(home: House) -> None:
    """Hundreds within a moment: few looks, nobody wrong, nobody waits for ever."""
    people = [home.inviter(name) for name in ("ann", "bob", "cleo")]
    codes = [home.guild.invites.create(inviter=member).code for member in people]
    async with home.stage.bot():
        await home.settled()
        looks = home.sandbox.requests.count(method="GET", route=LIST)
        members = [member for number in range(300) for member in home.joins(codes[number % 3])]
        joins = await home.decided(members)
        assert home.sandbox.requests.count(method="GET", route=LIST) - looks <= 10
        ledger = await home.settled()
    home.check(joins)
    assert {join.source for join in joins} <= {Source.INVITE, Source.UNKNOWN}
    home.conserved(ledger, {})

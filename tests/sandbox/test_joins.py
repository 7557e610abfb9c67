"""People who come and go: what Discord counts, what the bot hears, and what was true."""

from __future__ import annotations

import random
from collections import Counter

import attrs
import hikari
import pytest

from giftbot.sandbox import DeleteNotice, DriverRefused, Sandbox, Way
from giftbot.sandbox.guild import Guild
from tests.sandbox.conftest import Connect
from tests.sandbox.doors import INTENTS, SEES_ALL, Tape, heard


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild in which the bot may see everything about invites."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    return sandbox.world.add_guild(bot_permissions=SEES_ALL)


async def test_join_by_invite(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A join raises the invite's uses, gives its roles, is heard of, and the truth is remembered."""
    role = guild.add_role("Link")
    invite = guild.invites.create(roles=[role])
    bot = await connect(sandbox, intents=INTENTS)
    tape = Tape(bot, "GUILD_MEMBER_ADD")
    member = sandbox.join(guild, "ada", code=invite.code)
    event = await tape.next()
    assert event.payload["user"]["id"] == str(member.user.id)
    assert event.payload["roles"] == [str(role.id)]
    (listed,) = await bot.rest.fetch_guild_invites(guild.id)
    assert isinstance(listed, hikari.InviteWithMetadata)
    assert listed.uses == 1
    (arrival,) = sandbox.world.arrivals.of(guild.id, member.user.id)
    assert (arrival.way, arrival.code, arrival.inviter_id) == (Way.INVITE, invite.code, guild.owner_id)


async def test_events_as_hikari_reads_them(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Every event about invites and members has the shape that hikari expects, with what attribution needs."""
    bot = await connect(sandbox, intents=INTENTS)
    role, channel = guild.add_role("Link"), guild.channel("codes")
    created = await heard(
        bot,
        hikari.InviteCreateEvent,
        lambda: guild.invites.create(channel, code="abc", max_uses=1, max_age=60, roles=[role], uses=0),
    )
    assert (created.invite.code, created.invite.uses, created.invite.max_uses) == ("abc", 0, 1)
    assert created.invite.role_ids == [role.id]
    assert created.invite.expires_at == guild.invites["abc"].expires_at
    deleted = await heard(bot, hikari.InviteDeleteEvent, lambda: sandbox.join(guild, "ada", code="abc"))
    assert (deleted.code, deleted.channel_id, deleted.guild_id) == ("abc", channel.id, guild.id)
    joined = await heard(bot, hikari.MemberCreateEvent, lambda: sandbox.join(guild, "eve", flags=4))
    assert (joined.user.username, joined.member.guild_flags) == ("eve", 4)
    changed = await heard(bot, hikari.MemberUpdateEvent, lambda: guild.give(joined.user_id, role))
    assert role.id in changed.member.role_ids
    left = await heard(bot, hikari.MemberDeleteEvent, lambda: sandbox.leave(guild, joined.user_id))
    assert left.user_id == joined.user_id
    invite = guild.invites.create(uses=7)
    entry = await heard(bot, hikari.AuditLogEntryCreateEvent, lambda: guild.invites.revoke(invite))
    assert entry.guild_id == guild.id


@pytest.mark.parametrize(
    ("notice", "names"),
    [
        (DeleteNotice.BEFORE, ["INVITE_DELETE", "GUILD_MEMBER_ADD"]),
        (DeleteNotice.AFTER, ["GUILD_MEMBER_ADD", "INVITE_DELETE"]),
        (DeleteNotice.NEVER, ["GUILD_MEMBER_ADD"]),
    ],
)
async def test_last_use(
    sandbox: Sandbox, guild: Guild, connect: Connect, notice: DeleteNotice, names: list[str]
) -> None:
    """The last use takes the invite off the list; INVITE_DELETE comes when the test says."""
    invite = guild.invites.create(max_uses=2)
    bot = await connect(sandbox, intents=INTENTS)
    sandbox.join(guild, code=invite.code)
    assert guild.invites[invite.code].uses == 1
    tape = Tape(bot)
    sandbox.join(guild, code=invite.code, delete_notice=notice)
    guild.add_channel("marker")
    heard = [name for name in await tape.until("CHANNEL_CREATE") if name != "CHANNEL_CREATE"]
    assert heard[-len(names) :] == names
    assert guild.invites.find(invite.code) is None
    assert [one["action_type"] for one in guild.audit.entries] == [40]
    with pytest.raises(DriverRefused, match="no invite"):
        sandbox.join(guild, code=invite.code)


async def test_late_roles(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """An invite's roles can come in an update after the join."""
    role = guild.add_role("Link")
    invite = guild.invites.create(roles=[role])
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE")
    sandbox.join(guild, code=invite.code, roles_come_late=True)
    added, updated = await tape.next(), await tape.next()
    assert (added.name, added.payload["roles"]) == ("GUILD_MEMBER_ADD", [])
    assert (updated.name, updated.payload["roles"]) == ("GUILD_MEMBER_UPDATE", [str(role.id)])


async def test_own_address_and_other_ways(sandbox: Sandbox, guild: Guild) -> None:
    """The guild's own address counts by itself; nobody counts those who come by other ways."""
    invite = guild.invites.create()
    guild.set_vanity("home", uses=3)
    joined = [
        sandbox.join(guild, code="home"),
        sandbox.join(guild),
        sandbox.join(guild, way=Way.HUB),
        sandbox.join(guild, bot=True, by=guild.members[guild.owner_id]),
        guild.add_user("ada"),
    ]
    assert guild.vanity is not None
    assert guild.vanity.uses == 4
    assert guild.invites[invite.code].uses == 0
    ways = [one.way for one in sandbox.world.arrivals.in_guild(guild.id)]
    assert ways == [Way.VANITY, Way.DISCOVERY, Way.HUB, Way.OAUTH, Way.UNSPECIFIED]
    assert guild.audit.entries[-1]["action_type"] == 28
    assert guild.audit.entries[-1]["target_id"] == str(joined[3].user.id)
    with pytest.raises(DriverRefused, match="already"):
        sandbox.join(guild, joined[0])


async def test_leave_and_rejoin(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Leaving ends a membership; whoever comes again carries the flag for it, and has a second one."""
    first, second = guild.invites.create(), guild.invites.create()
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE")
    member = sandbox.join(guild, "ada", code=first.code)
    sandbox.leave(guild, member)
    again = sandbox.join(guild, member, code=second.code, flags=4)
    assert await tape.names(2) == ["GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"]
    assert (await tape.next()).payload["flags"] == again.flags == 5
    arrivals = sandbox.world.arrivals.of(guild.id, member.user.id)
    assert [one.code for one in arrivals] == [first.code, second.code]
    assert [one.left_at is None for one in arrivals] == [False, True]


async def test_first_members_rejoin(sandbox: Sandbox, guild: Guild) -> None:
    """Whoever was there from the beginning and comes again carries the flag as well."""
    founder = guild.members[guild.owner_id]
    assert founder.flags == 0
    sandbox.leave(guild, founder)
    assert sandbox.join(guild, founder).flags == 1


async def test_counts_agree_with_the_truth(sandbox: Sandbox, guild: Guild) -> None:
    """Whatever people do, an invite's uses are the memberships that began with it and the other uses of it."""
    chance = random.Random(4)
    invites = [guild.invites.create() for _ in range(4)]
    guild.set_vanity("home")
    extra: Counter[str] = Counter()
    first = set(guild.members)
    sandbox.join(guild)
    for _ in range(400):
        here = [member for member in guild.members.values() if member.user.id not in first]
        gone = [sandbox.world.users[one] for one in sorted(guild.former) if one not in guild.members]
        code = chance.choice(invites).code
        match chance.randrange(6):
            case 0 | 1:
                sandbox.join(guild, code=code)
            case 2:
                sandbox.join(guild, chance.choice(gone) if gone else None, code=chance.choice([code, "home", None]))
            case 3:
                sandbox.leave(guild, chance.choice(here[1:] or [sandbox.join(guild)]))
            case 4:
                guild.joins.accept(chance.choice(here), code)
                extra[code] += 1
            case _:
                guild.joins.visit(code)
                extra[code] += 1
    arrivals = sandbox.world.arrivals.in_guild(guild.id)
    began = Counter(one.code for one in arrivals)
    assert {one.code: one.uses for one in guild.invites} == {
        one.code: began[one.code] + extra[one.code] for one in invites
    }
    assert guild.vanity is not None
    assert guild.vanity.uses == began["home"] > 0
    still_here = {one.user_id for one in arrivals if one.left_at is None}
    assert still_here == set(guild.members) - first


async def test_join_is_repeated(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Discord may tell of the same join twice, with a later moment; the membership is one."""
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_ADD")
    member = sandbox.join(guild, "ada")
    later = guild.joins.repeat(member)
    events = [await tape.next(), await tape.next()]
    assert [one.payload["joined_at"] for one in events] == [member.joined_at, later.joined_at]
    assert later.joined_at > member.joined_at
    (arrival,) = sandbox.world.arrivals
    assert arrival.joined_at.isoformat() == later.joined_at


async def test_uses_without_a_join(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Members who accept, guests and applications raise the uses; only the roles of members change."""
    role = guild.add_role("Link")
    invite = guild.invites.create(roles=[role], max_uses=9)
    member = guild.add_user("ada")
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE")
    assert guild.joins.accept(member, invite.code).roles == (role.id,)
    guild.joins.visit(invite.code)
    guild.joins.apply(invite.code)
    assert guild.invites[invite.code].uses == 3
    sandbox.join(guild, code=invite.code, counted=False)
    assert guild.invites[invite.code].uses == 3
    assert await tape.names(2) == ["GUILD_MEMBER_UPDATE", "GUILD_MEMBER_ADD"]
    sandbox.world.habits = attrs.evolve(sandbox.world.habits, members_count=False, guests_count=False)
    guild.joins.accept(member, invite.code)
    guild.joins.visit(invite.code)
    assert guild.invites[invite.code].uses == 3


async def test_roles_given_and_taken(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Roles that a moderator gives and takes are heard of, with the audit log's entries."""
    vip, other = guild.add_role("VIP"), guild.add_role("Other")
    member = guild.add_user("ada", roles=[other])
    tape = Tape(await connect(sandbox, intents=INTENTS), "GUILD_MEMBER_UPDATE")
    guild.give(member, vip)
    guild.take(member, vip)
    assert (await tape.next()).payload["roles"] == [str(other.id), str(vip.id)]
    assert (await tape.next()).payload["roles"] == [str(other.id)]
    assert [one["changes"][0]["key"] for one in guild.audit.entries] == ["$add", "$remove"]


async def test_temporary_membership(sandbox: Sandbox, guild: Guild) -> None:
    """It ends when they disconnect, unless somebody has given them a role; others stay."""
    code = guild.invites.create(temporary=True).code
    gone, kept, other = sandbox.join(guild, code=code), sandbox.join(guild, code=code), sandbox.join(guild)
    guild.give(kept, guild.add_role("VIP"))
    assert [guild.joins.disconnect(one) for one in (gone, kept, other)] == [True, False, False]
    assert gone.user.id not in guild.members
    arrival = sandbox.world.arrivals.last(guild.id, gone.user.id)
    assert arrival is not None
    assert arrival.is_temporary
    assert arrival.left_at is not None


async def test_another_name(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Whoever takes another name has it everywhere, and the invites they made show it."""
    ada = guild.add_user("ada")
    guild.invites.create(inviter=ada)
    bot = await connect(sandbox, intents=INTENTS)
    event = await heard(bot, hikari.MemberUpdateEvent, lambda: sandbox.world.rename(ada, "eve"))
    assert event.user.username == "eve"
    assert (await bot.rest.fetch_user(ada.user.id)).username == "eve"
    (invite,) = await bot.rest.fetch_guild_invites(guild.id)
    assert invite.inviter is not None
    assert invite.inviter.username == "eve"


async def test_members_need_their_intent(sandbox: Sandbox, connect: Connect) -> None:
    """Without the members intent nobody is heard of; the bot's own member always is."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    guild = sandbox.world.add_guild(bot_permissions=SEES_ALL)
    tape = Tape(await connect(sandbox))
    member = sandbox.join(guild)
    guild.give(member, guild.add_role("VIP"))
    sandbox.leave(guild, member)
    guild.give(sandbox.world.bot, guild.add_role("More"))
    assert await tape.until("GUILD_MEMBER_UPDATE") == ["GUILD_ROLE_CREATE"] * 2 + ["GUILD_MEMBER_UPDATE"]


async def test_intent_granted_from_the_start(connect: Connect) -> None:
    """A sandbox can have granted the intent; withdrawing it closes the next connection with 4014."""
    async with Sandbox(privileged=["GUILD_MEMBERS"]) as sandbox:
        await connect(sandbox, intents=INTENTS)
        sandbox.world.withdraw_intents("GUILD_MEMBERS")
        with pytest.raises(hikari.GatewayServerClosedConnectionError) as caught:
            await connect(sandbox, intents=INTENTS)
        assert caught.value.code == 4014

"""Lists of invites, making and deleting them, and a guild's own address, through hikari's REST client."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import hikari
import pytest

from giftbot.sandbox import Blemish, FaultKind, Sandbox
from giftbot.sandbox.guild import Guild
from tests.sandbox.conftest import Connect
from tests.sandbox.doors import INTENTS, SEES_ALL, Tape

LIST = "/guilds/{guild_id}/invites"


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild in which the bot may see everything about invites."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    return sandbox.world.add_guild(bot_permissions=SEES_ALL)


async def test_list_with_uses(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """With Manage Server the list has uses, limits, inviter and roles; a widget's invite has no inviter."""
    role = guild.add_role("Link")
    made = guild.invites.create(max_uses=5, max_age=3600, temporary=True, roles=[role], uses=2)
    guild.invites.create(widget=True)
    guild.invites.create(target_type=3)
    rest = (await connect(sandbox)).rest
    first, widget = await rest.fetch_guild_invites(guild.id)
    assert isinstance(first, hikari.InviteWithMetadata)
    assert (first.code, first.uses, first.max_uses, first.is_temporary) == (made.code, 2, 5, True)
    assert first.expires_at == made.expires_at
    assert first.inviter is not None
    assert first.inviter.id == guild.owner_id
    assert first.role_ids == [role.id]
    assert widget.inviter is None


async def test_invites_to_streams_and_activities(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """They say whose stream, or which application; the list and the event agree."""
    client = await connect(sandbox, intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_INVITES)
    with client.stream(hikari.InviteCreateEvent, timeout=5) as events:
        made = [guild.invites.create(target_type=number) for number in (1, 2)]
        told = [(await events.next()).invite for _ in made]
    listed = await client.rest.fetch_guild_invites(guild.id)
    for stream, activity in (told, listed):
        assert (stream.target_type, activity.target_type) == (1, 2)
        assert stream.target_user is not None
        assert stream.target_user.id == guild.owner_id
        assert activity.target_application is not None
        assert activity.target_application.name == "An activity"


@pytest.mark.parametrize(
    ("permissions", "metadata"),
    [("VIEW_CHANNEL|VIEW_AUDIT_LOG", False), ("VIEW_CHANNEL|MANAGE_GUILD", True)],
)
async def test_what_the_list_shows(sandbox: Sandbox, connect: Connect, permissions: str, metadata: bool) -> None:
    """View Audit Log shows the invites, Manage Server shows their uses as well."""
    guild = sandbox.world.add_guild(bot_permissions=permissions)
    guild.invites.create()
    rest = (await connect(sandbox)).rest
    (invite,) = await rest.fetch_guild_invites(guild.id)
    assert isinstance(invite, hikari.InviteWithMetadata) == metadata


async def test_lists_denied(sandbox: Sandbox, connect: Connect) -> None:
    """Without the permission each list is refused with 403 and 50013, and so is the own address."""
    guild = sandbox.world.add_guild(bot_permissions="VIEW_CHANNEL|MANAGE_ROLES")
    invite = guild.invites.create()
    guild.set_vanity("home")
    rest = (await connect(sandbox)).rest
    for call in (
        rest.fetch_guild_invites(guild.id),
        rest.fetch_channel_invites(invite.channel.id),
        rest.fetch_vanity_url(guild.id),
        rest.delete_invite(invite.code),
    ):
        with pytest.raises(hikari.ForbiddenError) as caught:
            await call
        assert caught.value.code == 50013
    assert sandbox.requests.invalid == 4


async def test_list_of_a_channel(sandbox: Sandbox, connect: Connect) -> None:
    """Manage Channels in one channel shows that channel's invites with uses, and no others."""
    guild = sandbox.world.add_guild(bot_permissions="VIEW_CHANNEL")
    seen, hidden = guild.channel("general"), guild.channel("codes")
    sandbox.world.set_overwrite(seen, guild.roles[guild.bot_role_id], allow="MANAGE_CHANNELS")
    invite = guild.invites.create(seen, uses=3)
    guild.invites.create(hidden)
    rest = (await connect(sandbox)).rest
    assert [(one.code, one.uses) for one in await rest.fetch_channel_invites(seen.id)] == [(invite.code, 3)]
    with pytest.raises(hikari.ForbiddenError):
        await rest.fetch_channel_invites(hidden.id)


async def test_make_a_link(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A unique link is new each time, others are given back again; the audit log has who and why."""
    role = guild.add_role("Link")
    channel = guild.channel("general")
    bot = await connect(sandbox, intents=INTENTS)
    tape = Tape(bot, "INVITE_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE")
    made = [
        await bot.rest.create_invite(
            channel.id, max_age=0, max_uses=0, unique=True, role_ids=[role.id], reason="für Ada"
        )
        for _ in range(2)
    ]
    assert made[0].code != made[1].code
    assert made[0].expires_at is None
    assert (await bot.rest.create_invite(channel.id, max_age=60)).code == (
        await bot.rest.create_invite(channel.id, max_age=60)
    ).code
    assert sorted(await tape.names(4)) == ["GUILD_AUDIT_LOG_ENTRY_CREATE"] * 2 + ["INVITE_CREATE"] * 2
    assert guild.audit.entries[0]["reason"] == "für Ada"
    assert guild.audit.entries[0]["user_id"] == str(sandbox.world.bot.id)
    assert guild.invites[made[0].code].role_ids == (role.id,)


async def test_links_that_may_not_be_made(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Roles above the bot's, roles that grant more than it may, and its own permissions are checked."""
    channel = guild.channel("general")
    above, mighty = guild.add_role("Above", position=5), guild.add_role("Mighty", "BAN_MEMBERS")
    rest = (await connect(sandbox)).rest
    for role in (above, mighty):
        with pytest.raises(hikari.ForbiddenError):
            await rest.create_invite(channel.id, role_ids=[role.id])
    guild.set_bot_permissions("VIEW_CHANNEL|CREATE_INSTANT_INVITE")
    await rest.create_invite(channel.id)
    with pytest.raises(hikari.ForbiddenError):
        await rest.create_invite(channel.id, role_ids=[guild.add_role("Link").id])
    guild.change_role(guild.id, permissions="VIEW_CHANNEL")
    guild.set_bot_permissions("VIEW_CHANNEL")
    with pytest.raises(hikari.ForbiddenError):
        await rest.create_invite(channel.id)


async def test_too_many(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A guild has at most 1,000 invites."""
    for _ in range(1_000):
        guild.invites.create()
    rest = (await connect(sandbox)).rest
    with pytest.raises(hikari.BadRequestError) as caught:
        await rest.create_invite(guild.channel("general").id, unique=True)
    assert caught.value.code == 30016


async def test_deletions_are_heard_where_channels_are_managed(sandbox: Sandbox, connect: Connect) -> None:
    """INVITE_CREATE and INVITE_DELETE come only for channels in which the bot has Manage Channels."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    guild = sandbox.world.add_guild(bot_permissions="VIEW_CHANNEL|MANAGE_GUILD")
    seen = guild.channel("codes")
    sandbox.world.set_overwrite(seen, guild.roles[guild.bot_role_id], allow="MANAGE_CHANNELS")
    hearing, deaf = await connect(sandbox, intents=INTENTS), await connect(sandbox)
    tape, other = Tape(hearing), Tape(deaf)
    guild.invites.revoke(guild.invites.create(guild.channel("general")))
    invite = guild.invites.create(seen)
    guild.invites.revoke(invite)
    guild.add_channel("marker")
    assert await tape.until("CHANNEL_CREATE") == ["INVITE_CREATE", "INVITE_DELETE", "CHANNEL_CREATE"]
    assert await other.until("CHANNEL_CREATE") == ["CHANNEL_CREATE"]
    assert len(guild.invites) == 0


async def test_nothing_tells_of_expiry(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """An invite whose time is over, or whose channel is deleted, is gone without INVITE_DELETE."""
    bot = await connect(sandbox, intents=INTENTS)
    tape = Tape(bot, "INVITE_DELETE", "CHANNEL_DELETE")
    guild.invites.create(max_age=0.05)
    guild.invites.expire(guild.invites.create())
    guild.invites.create(guild.channel("codes"))
    sandbox.world.delete_channel(guild.channel("codes"))
    await asyncio.sleep(0.06)
    assert await bot.rest.fetch_guild_invites(guild.id) == []
    assert await tape.names(1) == ["CHANNEL_DELETE"]


async def test_single_invite_is_a_finding(guild: Guild, sandbox: Sandbox, connect: Connect) -> None:
    """Nothing may ask for a single code."""
    invite = guild.invites.create()
    rest = (await connect(sandbox)).rest
    assert (await rest.fetch_invite(invite.code)).code == invite.code
    assert "a single invite is asked for" in sandbox.findings.pop(0)
    assert all("GET /invites/{code}" in one for one in sandbox.findings)
    sandbox.findings.clear()


async def test_own_address(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """An address is shown with its uses; nulls and refusals are as Discord's are."""
    bot = await connect(sandbox)
    tape = Tape(bot, "GUILD_UPDATE")
    with pytest.raises(hikari.BadRequestError) as caught:
        await bot.rest.fetch_vanity_url(guild.id)
    assert caught.value.code == 50020
    guild.set_vanity("home", uses=7)
    guild.flicker_vanity()
    empty, whole = [await bot.rest.fetch_vanity_url(guild.id) for _ in range(2)]
    assert not empty.code
    assert empty.uses == 0
    assert (whole.code, whole.uses) == ("home", 7)
    fetched = await bot.rest.fetch_guild(guild.id)
    assert fetched.vanity_url_code == "home"
    assert "VANITY_URL" in fetched.features
    guild.set_vanity("hearth")
    changed = await tape.names(2)
    assert changed == ["GUILD_UPDATE", "GUILD_UPDATE"]
    cached = bot.cache.get_guild(guild.id)
    assert cached is not None
    assert cached.vanity_url_code == "hearth"
    guild.set_vanity(None)
    assert (await bot.rest.fetch_vanity_url(guild.id)).code is None


@pytest.mark.parametrize("blemish", Blemish)
async def test_one_malformed_entry(sandbox: Sandbox, guild: Guild, blemish: Blemish) -> None:
    """One entry of the list can be malformed in each way, the others stay as they are."""
    good, bad = guild.invites.create(), guild.invites.create()
    guild.invites.spoil(bad, blemish)
    headers = {"Authorization": f"Bot {sandbox.token}"}
    url = f"{sandbox.api_url}/guilds/{guild.id}/invites"
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(url) as response:
            first, second = await response.json()
        guild.invites.spoil(bad, None)
        async with session.get(url) as response:
            assert (await response.json())[1]["code"] == bad.code
    assert first["code"] == good.code
    if blemish is Blemish.NULL_ENTRY:
        assert second is None
    elif blemish is Blemish.ODD_FLAGS:
        assert second["flags"] > 1 << 4
    else:
        assert second.get(blemish.value.removeprefix("null "), None) is None


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"kind": FaultKind.STATUS, "status": 403, "code": 50013}, hikari.ForbiddenError),
        ({"kind": FaultKind.STATUS, "status": 502}, hikari.InternalServerError),
        ({"kind": FaultKind.NOT_JSON}, hikari.HTTPError),
    ],
)
async def test_list_fails(
    sandbox: Sandbox,
    guild: Guild,
    connect: Connect,
    fault: dict[str, object],
    raised: type[Exception],
) -> None:
    """The list can fail once, and comes with the next call."""
    guild.invites.create()
    rest = (await connect(sandbox)).rest
    sandbox.faults.add(method="GET", route=LIST, **fault)  # type: ignore[arg-type]  # as parametrised
    with pytest.raises(raised):
        await rest.fetch_guild_invites(guild.id)
    assert len(await rest.fetch_guild_invites(guild.id)) == 1


async def test_list_is_refused_for_a_while(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A 429 makes the client wait for as long as it says."""
    guild.invites.create()
    rest = (await connect(sandbox)).rest
    sandbox.faults.add(kind=FaultKind.RATE_LIMIT, route=LIST, retry_after=0.2)
    before = time.monotonic()
    assert len(await rest.fetch_guild_invites(guild.id)) == 1
    assert time.monotonic() - before >= 0.2
    assert [one.status for one in sandbox.requests.of(route=LIST)] == [429, 200]


async def test_counter_of_its_own_mind(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A counter can go down, and an invite that was gone can be there again."""
    invite = guild.invites.create(uses=5)
    rest = (await connect(sandbox)).rest
    assert guild.invites.count(invite, -2).uses == 3
    guild.invites.expire(invite)
    assert await rest.fetch_guild_invites(guild.id) == []
    guild.invites.restore(invite)
    (listed,) = await rest.fetch_guild_invites(guild.id)
    assert isinstance(listed, hikari.InviteWithMetadata)
    assert listed.uses == 5

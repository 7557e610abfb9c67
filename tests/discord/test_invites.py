"""Invites as Discord lists them: what may be asked, what of a strange list is kept, what becomes of refusals."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

import hikari
import pytest
from hikari.internal import routes

from giftbot.clock import SystemClock
from giftbot.connection import HTTP_SETTINGS
from giftbot.discord import raw
from giftbot.discord.invite_rights import InviteRights
from giftbot.discord.invites import DiscordInvites
from giftbot.errors import InviteLookError
from giftbot.models.ids import ChannelId, GuildId, UserId
from giftbot.models.invite import Coverage, Vanity
from giftbot.sandbox import FaultKind, Sandbox
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.invite_shapes import Blemish

COMPONENTS = (
    hikari.api.CacheComponents.GUILDS
    | hikari.api.CacheComponents.GUILD_CHANNELS
    | hikari.api.CacheComponents.ROLES
    | hikari.api.CacheComponents.ME
)
INVITES = "/guilds/{guild_id}/invites"
CHANNEL_INVITES = "/channels/{channel_id}/invites"
SEES_ALL = "MANAGE_GUILD|VIEW_AUDIT_LOG"


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A server that the bot sees nothing of yet."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    return sandbox.world.add_guild(bot_permissions="VIEW_CHANNEL|SEND_MESSAGES")


@pytest.fixture
async def bot(sandbox: Sandbox, guild: Guild) -> AsyncIterator[hikari.GatewayBot]:
    """A connected client with the cache that attribution needs."""
    client = hikari.GatewayBot(
        sandbox.token,
        banner=None,
        logs=None,
        rest_url=sandbox.api_url,
        intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_INVITES,
        auto_chunk_members=False,
        cache_settings=hikari.impl.CacheSettings(components=COMPONENTS),
        http_settings=HTTP_SETTINGS,
        max_retries=0,
    )
    await client.start(check_for_updates=False)
    yield client
    await client.close()


class Door(NamedTuple):
    """A server and the adapter that looks at it."""

    sandbox: Sandbox
    guild: Guild
    bot: hikari.GatewayBot
    directory: DiscordInvites


@pytest.fixture
async def door(sandbox: Sandbox, guild: Guild, bot: hikari.GatewayBot) -> Door:
    """Once the client knows the server."""
    while bot.cache.get_guild(guild.id) is None:
        await bot.wait_for(hikari.GuildAvailableEvent, 5)
    rights = InviteRights(bot.cache, sandbox.world.bot.id)
    rights.note(GuildId(guild.id), [hikari.Snowflake(guild.bot_role_id)])
    return Door(sandbox, guild, bot, DiscordInvites(bot.rest, rights, SystemClock()))


async def grant(bot: hikari.GatewayBot, guild: Guild, permissions: str) -> GuildId:
    """Let the bot's role grant exactly this, and wait until the bot knows."""
    with bot.stream(hikari.RoleUpdateEvent, timeout=5) as changes:
        guild.set_bot_permissions(permissions)
        await changes.next()
    return GuildId(guild.id)


def test_what_hikari_keeps_to_itself_is_still_there() -> None:
    """The module that sends requests raw names nothing that this version of hikari does not have."""
    assert callable(hikari.impl.RESTClientImpl._request)
    compiled = routes.GET_GUILD_INVITES.compile(guild=1)
    assert (compiled.method, compiled.compiled_path) == ("GET", "/guilds/1/invites")
    assert routes.GET_CHANNEL_INVITES.compile(channel=2).compiled_path == "/channels/2/invites"
    assert routes.GET_GUILD_VANITY_URL.compile(guild=1).compiled_path == "/guilds/1/vanity-url"
    assert routes.GET_GUILD_AUDIT_LOGS.compile(guild=1).compiled_path == "/guilds/1/audit-logs"
    assert routes.GET_GUILD_MEMBERS.compile(guild=1).compiled_path == "/guilds/1/members"


@pytest.mark.parametrize("blemish", list(Blemish))
async def test_an_odd_entry_never_costs_the_list(door: Door, blemish: Blemish) -> None:
    """What can be understood of a strange entry is kept; otherwise that entry is lost, and counted as lost."""
    _sandbox, guild, bot, directory = door
    guild_id = await grant(bot, guild, SEES_ALL)
    good, odd = guild.invites.create(uses=3), guild.invites.create(uses=5, max_uses=9)
    guild.invites.spoil(odd, blemish)
    seen = await directory.look(guild_id)
    assert seen.invites[good.code].uses == 3  # type: ignore[index]  # the sandbox has codes as text
    unusable = blemish in {Blemish.NULL_ENTRY, Blemish.NO_USES, Blemish.NO_CODE}
    assert (odd.code in seen.invites, seen.lost) == (not unusable, int(unusable))
    if not unusable:
        invite = seen.invites[odd.code]  # type: ignore[index]  # as above
        assert invite.uses == 5
        assert (invite.inviter_id is None) == (blemish is Blemish.NULL_INVITER)
        assert (invite.channel_id is None) == (blemish is Blemish.NULL_CHANNEL)
        assert invite.max_uses == (0 if blemish is Blemish.NO_MAX_USES else 9)


@pytest.mark.parametrize(
    ("permissions", "coverage"),
    [
        ("ADMINISTRATOR", Coverage.FULL),
        ("MANAGE_GUILD", Coverage.FULL),
        ("VIEW_CHANNEL|MANAGE_CHANNELS", Coverage.CHANNELS),
        ("VIEW_CHANNEL|VIEW_AUDIT_LOG", Coverage.BARE),
        ("VIEW_CHANNEL", Coverage.NONE),
    ],
)
async def test_only_what_is_permitted_is_asked(door: Door, permissions: str, coverage: Coverage) -> None:
    """The role's permissions say which request is sent; none without any, and none is ever refused."""
    sandbox, guild, bot, directory = door
    invite = guild.invites.create(uses=4)
    guild_id = await grant(bot, guild, permissions)
    assert directory.coverage(guild_id) is coverage
    assert bool(directory.missing(guild_id)) is (coverage is not Coverage.FULL)
    if coverage is Coverage.NONE:
        with pytest.raises(InviteLookError) as caught:
            await directory.look(guild_id)
        assert not caught.value.permitted
        assert await directory.vanity(guild_id) is None
        assert await directory.revoked(guild_id, datetime.now(UTC)) is None
        assert await directory.adder(guild_id, UserId(1)) is None
        assert sandbox.requests.count(method="GET", route=INVITES) == 0
        assert sandbox.requests.count(method="GET", route="/guilds/{guild_id}/audit-logs") == 0
        return
    seen = await directory.look(guild_id)
    assert seen.coverage is coverage
    assert [(one.code, one.uses) for one in seen.invites.values()] == [
        (invite.code, 0 if coverage is Coverage.BARE else 4)
    ]
    assert all(request.status == 200 for request in sandbox.requests if request.route in {INVITES, CHANNEL_INVITES})


async def test_overwrites_decide_which_channels_are_seen(door: Door) -> None:
    """With Manage Channels in one channel only that one is looked into; empty ones are not asked for again."""
    sandbox, guild, bot, directory = door
    first, second = list(guild.channels.values())[:2]
    own = guild.members[sandbox.world.bot.id]
    guild_id = GuildId(guild.id)
    with bot.stream(hikari.GuildChannelUpdateEvent, timeout=5) as changes:
        sandbox.world.set_overwrite(second, own, allow="MANAGE_CHANNELS")
        await changes.next()
    assert directory.coverage(guild_id) is Coverage.CHANNELS
    guild.invites.create(first)
    seen = await directory.look(guild_id)
    assert (seen.channel_ids, dict(seen.invites)) == (frozenset({second.id}), {})
    await directory.look(guild_id)
    assert sandbox.requests.count(method="GET", route=CHANNEL_INVITES) == 1
    made = guild.invites.create(guild.channels[second.id])
    directory.note_invite_in(guild_id, ChannelId(second.id))
    assert set((await directory.look(guild_id)).invites) == {made.code}


async def test_the_owners_bot_may_everything(door: Door) -> None:
    """A server that the bot itself owns needs no role."""
    sandbox, guild, bot, directory = door
    cached = bot.cache.get_guild(guild.id)
    assert cached is not None
    cached.owner_id = hikari.Snowflake(sandbox.world.bot.id)
    cast("hikari.api.MutableCache", bot.cache).update_guild(cached)
    assert directory.coverage(GuildId(guild.id)) is Coverage.FULL


async def test_members_who_are_approved_by_hand(door: Door) -> None:
    """Discord names it among the server's features, and tells when that changes."""
    _sandbox, guild, bot, directory = door
    assert not directory.has_gate(GuildId(guild.id))
    with bot.stream(hikari.GuildUpdateEvent, timeout=5) as changes:
        guild.set_features("MEMBER_VERIFICATION_MANUAL_APPROVAL")
        await changes.next()
    assert directory.has_gate(GuildId(guild.id))


async def test_the_servers_own_address(door: Door) -> None:
    """Its uses; nothing when Discord has nothing to say, and no error for a server that has none."""
    sandbox, guild, bot, directory = door
    guild_id = await grant(bot, guild, SEES_ALL)
    assert await directory.vanity(guild_id) is None
    assert not directory.has_vanity(guild_id)
    with bot.stream(hikari.GuildUpdateEvent, timeout=5) as changes:
        guild.set_vanity("home", 7)
        await changes.next()
    assert directory.has_vanity(guild_id)
    assert await directory.vanity(guild_id) == Vanity("home", 7)
    guild.flicker_vanity()
    assert await directory.vanity(guild_id) is None
    sandbox.faults.add(kind=FaultKind.STATUS, method="GET", route="/guilds/{guild_id}/vanity-url", status=503)
    with pytest.raises(InviteLookError):
        await directory.vanity(guild_id)


async def test_the_audit_log_has_the_last_uses(door: Door) -> None:
    """Deleted invites with what they counted, over several pages; unknown when an entry does not say it."""
    sandbox, guild, bot, directory = door
    guild_id = await grant(bot, guild, SEES_ALL)
    started = datetime.now(UTC)
    gone = {guild.invites.revoke(guild.invites.create(uses=number)).code: number for number in range(130)}
    assert await directory.revoked(guild_id, started) == gone
    assert await directory.revoked(guild_id, started + timedelta(minutes=1)) == {}
    sandbox.world.habits.deletions_show_uses = False
    guild.invites.revoke(guild.invites.create())
    assert await directory.revoked(guild_id, started) is None


async def test_who_added_a_bot(door: Door) -> None:
    """As the audit log says, and nobody for a bot that it does not name."""
    sandbox, guild, bot, directory = door
    guild_id = await grant(bot, guild, SEES_ALL)
    helper = sandbox.join(guild, bot=True)
    assert await directory.adder(guild_id, UserId(helper.user.id)) == guild.owner_id
    assert await directory.adder(guild_id, UserId(1)) is None


async def test_all_members_are_read_page_by_page(door: Door) -> None:
    """More than fit into one answer, each of them once, with what attribution needs."""
    sandbox, guild, _bot, directory = door
    role = guild.add_role("marker")
    member = guild.give(sandbox.join(guild), role)
    for number in range(raw.PAGE):
        sandbox.join(guild, f"member {number}")
    seen = {one.user_id: one for one in await directory.members(GuildId(guild.id))}
    assert set(seen) == set(guild.members)
    assert seen[UserId(member.user.id)].role_ids == (role.id,)
    assert seen[UserId(sandbox.world.bot.id)].is_bot


@pytest.mark.parametrize(("status", "permitted"), [(500, True), (403, False), (429, True)])
async def test_refusals_are_one_kind_of_error(door: Door, status: int, permitted: bool) -> None:
    """Whatever Discord answers instead of a list, the actor hears whether it may ask again."""
    sandbox, guild, bot, directory = door
    guild_id = await grant(bot, guild, SEES_ALL)
    sandbox.faults.add(kind=FaultKind.STATUS, method="GET", route=INVITES, status=status, times=None)
    with pytest.raises(InviteLookError) as caught:
        await directory.look(guild_id)
    assert caught.value.permitted is permitted


async def test_links_with_a_role_are_made_anew(door: Door) -> None:
    """Each link is one of its own and gives its role, which grants nothing."""
    sandbox, guild, bot, directory = door
    may = f"{SEES_ALL}|MANAGE_ROLES|CREATE_INSTANT_INVITE|VIEW_CHANNEL"
    guild_id = await grant(bot, guild, may)
    channel_id = ChannelId(next(iter(guild.channels)))
    role_id = await directory.create_role(guild_id, "via Ann", "staff link")
    first = await directory.create(guild_id, channel_id, role_id=role_id, reason="staff link")
    second = await directory.create(guild_id, channel_id, role_id=None, reason="staff link")
    assert first.code != second.code
    assert guild.invites[first.code].role_ids == (role_id,)
    assert (first.max_uses, first.expires_at, first.inviter_id) == (0, None, sandbox.world.bot.id)
    assert guild.roles[role_id].permissions == 0


async def test_names_of_people(door: Door) -> None:
    """Those who exist, by id."""
    sandbox, guild, _bot, directory = door
    member = sandbox.join(guild, "ann")
    found = await directory.names(GuildId(guild.id), [UserId(member.user.id), UserId(1)])
    assert found == {member.user.id: "ann"}

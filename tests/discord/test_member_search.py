"""The member search as Discord is known to answer it: pages, refusals, entries that are odd."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import hikari
import pytest
from hikari.internal import routes

from giftbot.connection import HTTP_SETTINGS
from giftbot.discord import raw
from giftbot.discord.invite_rights import InviteRights
from giftbot.discord.member_search import DiscordMemberSearch
from giftbot.errors import InviteLookError, SearchNotReadyError, SearchRefusedError
from giftbot.models.ids import GuildId
from giftbot.sandbox import FaultKind, Sandbox
from giftbot.sandbox.arrivals import Way as SandboxWay
from giftbot.sandbox.guild import Guild
from giftbot.sandbox.member_search import SearchMood
from giftbot.services.invites.ports import MemberOrigin, Way

ROUTE = "/guilds/{guild_id}/members-search"
COMPONENTS = (
    hikari.api.CacheComponents.GUILDS
    | hikari.api.CacheComponents.GUILD_CHANNELS
    | hikari.api.CacheComponents.ROLES
    | hikari.api.CacheComponents.ME
)


class Door(NamedTuple):
    """A server and the adapter that searches it."""

    sandbox: Sandbox
    guild: Guild
    search: DiscordMemberSearch

    async def ask(self, minutes: float = 1) -> list[MemberOrigin]:
        """Everybody who joined within these minutes."""
        now = datetime.now(UTC)
        span = timedelta(minutes=minutes)
        return list(await self.search.joined(GuildId(self.guild.id), now - span, now + span))

    @property
    def asked(self) -> int:
        """How often Discord was asked."""
        return self.sandbox.requests.count(method="POST", route=ROUTE)


@pytest.fixture
async def door(sandbox: Sandbox) -> AsyncIterator[Door]:
    """Once the client knows the server; the bot has Manage Server there."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    guild = sandbox.world.add_guild(bot_permissions="VIEW_CHANNEL|MANAGE_GUILD")
    bot = hikari.GatewayBot(
        sandbox.token,
        banner=None,
        logs=None,
        rest_url=sandbox.api_url,
        intents=hikari.Intents.GUILDS,
        auto_chunk_members=False,
        cache_settings=hikari.impl.CacheSettings(components=COMPONENTS),
        http_settings=HTTP_SETTINGS,
        max_retries=0,
    )
    await bot.start(check_for_updates=False)
    while bot.cache.get_guild(guild.id) is None:
        await bot.wait_for(hikari.GuildAvailableEvent, 5)
    rights = InviteRights(bot.cache, sandbox.world.bot.id)
    rights.note(GuildId(guild.id), [hikari.Snowflake(guild.bot_role_id)])
    yield Door(sandbox, guild, DiscordMemberSearch(bot.rest, rights))
    await bot.close()


def test_hikari_counts_it_against_the_server() -> None:
    """Its limits are kept for each server by itself, whatever they are."""
    one, other = (raw._MEMBER_SEARCH.compile(guild=guild) for guild in (1, 2))
    assert (one.method, one.compiled_path) == ("POST", "/guilds/1/members-search")
    assert one.major_param_hash != other.major_param_hash
    assert isinstance(raw._MEMBER_SEARCH, routes.Route)


async def test_every_way_is_read(door: Door) -> None:
    """Its number, the code and the inviter, of members of that time only."""
    ann = door.guild.add_user("ann")
    code = door.guild.invites.create(inviter=ann).code
    door.guild.set_vanity("home")
    came = [
        door.sandbox.join(door.guild, code=code),
        door.sandbox.join(door.guild, code="home", way=SandboxWay.VANITY),
        *(door.sandbox.join(door.guild, way=SandboxWay(int(way))) for way in (Way.DISCOVERY, Way.LOBBY)),
    ]
    found = {one.user_id: one for one in await door.ask()}
    read = [(found[one.user.id].way, found[one.user.id].code, found[one.user.id].inviter_id) for one in came]  # type: ignore[index]  # the sandbox has plain numbers
    assert read[0] == (Way.INVITE, code, ann.user.id)
    assert read[1][:2] == (Way.VANITY, "home")
    assert read[2:] == [(Way.DISCOVERY, None, None), (Way.LOBBY, None, None)]
    moment = datetime.fromisoformat(came[0].joined_at)
    assert found[came[0].user.id].joined_at == moment.replace(microsecond=moment.microsecond // 1000 * 1000)  # type: ignore[index]  # the same
    door.guild.remove_user(came[0])
    later = datetime.now(UTC) + timedelta(minutes=5)
    assert await door.search.joined(GuildId(door.guild.id), later, later) == []


async def test_more_than_a_page(door: Door) -> None:
    """Everybody once, oldest first."""
    came = [door.sandbox.join(door.guild).user.id for _ in range(raw.PAGE + 5)]
    found = [one for one in await door.ask() if one.user_id in came]
    assert {one.user_id for one in found} == set(came)
    assert len(found) == len(came)
    assert [one.joined_at for one in found] == sorted(one.joined_at for one in found)
    assert door.asked == 2


async def test_without_the_permission_nothing_is_asked(door: Door) -> None:
    """Also in a server that the bot does not know."""
    now = datetime.now(UTC)
    with pytest.raises(InviteLookError, match="Manage Server") as caught:
        await door.search.joined(GuildId(1), now, now)
    assert not caught.value.permitted
    assert door.asked == 0


async def test_an_index_that_is_not_ready(door: Door) -> None:
    """It says how long to wait."""
    desk = door.sandbox.world.member_search
    desk.not_indexed, desk.retry_after = 1, 7.5
    with pytest.raises(SearchNotReadyError) as caught:
        await door.ask()
    assert caught.value.retry_after == 7.5
    assert await door.ask()


@pytest.mark.parametrize("mood", [SearchMood.ODD_SHAPE, SearchMood.DISABLED])
async def test_a_search_that_changed(door: Door, mood: SearchMood) -> None:
    """That is so in all servers."""
    door.sandbox.world.member_search.mood = mood
    with pytest.raises(SearchRefusedError) as caught:
        await door.ask()
    assert caught.value.is_everywhere


async def test_a_refusal_is_of_that_server(door: Door) -> None:
    """Other servers may have what this one lacks."""
    door.sandbox.faults.add(kind=FaultKind.STATUS, method="POST", route=ROUTE, status=403)
    with pytest.raises(SearchRefusedError) as caught:
        await door.ask()
    assert not caught.value.is_everywhere


@pytest.mark.parametrize(
    "fault", [{"kind": FaultKind.STATUS, "status": 503}, {"kind": FaultKind.NOT_JSON}, {"kind": FaultKind.DROP}]
)
async def test_an_answer_that_does_not_come_is_no_refusal(door: Door, fault: dict[str, object]) -> None:
    """It may come the next time."""
    door.sandbox.faults.add(method="POST", route=ROUTE, **fault)  # type: ignore[arg-type]  # checked by attrs
    with pytest.raises(InviteLookError) as caught:
        await door.ask()
    assert caught.value.permitted
    assert not isinstance(caught.value, SearchRefusedError)
    assert await door.ask()

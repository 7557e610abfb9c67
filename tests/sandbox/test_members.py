"""Members on request: pages over REST, chunks over the gateway, and the search that nobody documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import hikari
import pytest

from giftbot.sandbox import Sandbox, SearchMood, Way
from giftbot.sandbox.guild import Guild
from tests.sandbox.conftest import Connect
from tests.sandbox.doors import INTENTS, SEES_ALL, Tape


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    """A guild in which the bot may see everything about invites."""
    sandbox.world.grant_intents("GUILD_MEMBERS")
    return sandbox.world.add_guild(bot_permissions=SEES_ALL)


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[aiohttp.ClientSession]:
    """A client with the bot's token."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {sandbox.token}"}) as session:
        yield session


async def search(
    sandbox: Sandbox, client: aiohttp.ClientSession, guild: Guild, **form: object
) -> tuple[int, dict[str, Any]]:
    """Ask the search."""
    async with client.post(f"{sandbox.api_url}/guilds/{guild.id}/members-search", json=form) as response:
        return response.status, await response.json()


async def test_pages(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """Pages of 1,000 are walked through up to an empty one; without the granted intent there are none."""
    for _ in range(1_200):
        guild.joins.join()
    rest = (await connect(sandbox)).rest
    found = [member.id async for member in rest.fetch_members(guild.id)]
    assert sorted(found) == sorted(guild.members)
    assert sandbox.requests.count(route="/guilds/{guild_id}/members") == 3
    sandbox.world.withdraw_intents("GUILD_MEMBERS")
    with pytest.raises(hikari.ForbiddenError):
        await rest.fetch_members(guild.id)


async def test_all_members_once_in_a_while(sandbox: Sandbox, guild: Guild, connect: Connect) -> None:
    """A second request for all members of a guild is refused with RATE_LIMITED; others go on."""
    sandbox.gateway.chunks.spacing = 30.0
    bot = await connect(sandbox, intents=INTENTS)
    tape = Tape(bot, "GUILD_MEMBERS_CHUNK", "RATE_LIMITED")
    await bot.request_guild_members(guild.id)
    await bot.request_guild_members(guild.id, nonce="second")
    await bot.request_guild_members(guild.id, users=[guild.owner_id, 1])
    chunk, refused, named = await tape.next(), await tape.next(), await tape.next()
    assert len(chunk.payload["members"]) == len(guild.members)
    assert refused.name == "RATE_LIMITED"
    assert refused.payload["meta"] == {"guild_id": str(guild.id), "nonce": "second"}
    assert 29 < refused.payload["retry_after"] <= 30
    assert [one["user"]["id"] for one in named.payload["members"]] == [str(guild.owner_id)]
    assert named.payload["not_found"] == ["1"]


async def test_all_members_without_intent(sandbox: Sandbox, guild: Guild, client: aiohttp.ClientSession) -> None:
    """Without the intent a request for all members is a finding, and nothing comes."""
    url = sandbox.api_url.replace("http", "ws").replace("/api/v10", "/gateway?v=10&encoding=json")
    async with client.ws_connect(url) as socket:
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": sandbox.token, "intents": 1, "shard": [0, 1]}})
        names = [(await socket.receive_json())["t"] for _ in range(2)]
        assert names == ["READY", "GUILD_CREATE"]
        await socket.send_json({"op": 8, "d": {"guild_id": str(guild.id), "query": "", "limit": 0}})
        await socket.send_json({"op": 8, "d": {"guild_id": str(guild.id), "user_ids": [str(guild.owner_id)]}})
        chunk = await socket.receive_json()
    assert len(chunk["d"]["members"]) == 1
    assert sandbox.findings == ["all members are asked for without the members intent"]
    sandbox.findings.clear()


async def test_search_knows_the_invite(sandbox: Sandbox, guild: Guild, client: aiohttp.ClientSession) -> None:
    """The search says how each one came, newest first, and filters by moment, way, code and user."""
    invite = guild.invites.create()
    guild.set_vanity("home")
    by_invite = sandbox.join(guild, code=invite.code)
    by_address = sandbox.join(guild, code="home")
    other = sandbox.join(guild, way=Way.DISCOVERY)
    status, answer = await search(sandbox, client, guild, limit=3)
    assert status == 200
    found = [
        (int(one["member"]["user"]["id"]), one["join_source_type"], one["source_invite_code"], one["inviter_id"])
        for one in answer["members"]
    ]
    assert found == [
        (other.user.id, 3, None, None),
        (by_address.user.id, 6, "home", None),
        (by_invite.user.id, 5, invite.code, str(guild.owner_id)),
    ]
    assert answer["total_result_count"] == len(guild.members)
    for query in (
        {"user_id": {"or_query": [str(by_invite.user.id)]}},
        {"source_invite_code": {"or_query": [invite.code]}},
        {"join_source_type": {"or_query": [5]}},
        {"user_id": {"range": {"gte": str(by_invite.user.id), "lte": str(by_invite.user.id)}}},
    ):
        _, answer = await search(sandbox, client, guild, and_query=query)
        assert [one["member"]["user"]["id"] for one in answer["members"]] == [str(by_invite.user.id)]


async def test_search_in_pages(sandbox: Sandbox, guild: Guild, client: aiohttp.ClientSession) -> None:
    """A page goes on after a user and the moment they joined."""
    joined = [sandbox.join(guild).user.id for _ in range(5)]
    _, first = await search(sandbox, client, guild, limit=2, sort=2)
    assert first["page_result_count"] == 2
    seen: list[int] = []
    form: dict[str, object] = {"limit": 2, "sort": 2}
    while True:
        _, answer = await search(sandbox, client, guild, **form)
        if not answer["members"]:
            break
        seen += [int(one["member"]["user"]["id"]) for one in answer["members"]]
        last = guild.members[seen[-1]]
        moment = hikari.internal.time.iso8601_datetime_string_to_datetime(last.joined_at)
        form["after"] = {"user_id": str(last.user.id), "guild_joined_at": int(moment.timestamp() * 1000)}
    assert len(seen) == len(guild.members)
    assert seen[-5:] == joined


async def test_search_in_its_moods(sandbox: Sandbox, guild: Guild, client: aiohttp.ClientSession) -> None:
    """It can lag behind, not be ready, have another shape, or not be there; it needs its permission."""
    desk = sandbox.world.member_search
    sandbox.join(guild)
    desk.stale = 60.0
    assert (await search(sandbox, client, guild))[1]["members"] == []
    desk.stale, desk.not_indexed = 0.0, 1
    status, answer = await search(sandbox, client, guild)
    assert (status, answer["code"], answer["retry_after"]) == (202, 110000, 0.1)
    assert (await search(sandbox, client, guild))[0] == 200
    desk.mood = SearchMood.ODD_SHAPE
    assert "members" not in (await search(sandbox, client, guild))[1]
    desk.mood = SearchMood.DISABLED
    assert (await search(sandbox, client, guild))[0] == 404
    desk.mood = SearchMood.WORKING
    guild.set_bot_permissions("VIEW_CHANNEL")
    status, answer = await search(sandbox, client, guild)
    assert (status, answer["code"]) == (403, 50013)

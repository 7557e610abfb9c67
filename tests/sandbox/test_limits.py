"""Rate limits: headers, refusals, and the storm that is a finding."""

from __future__ import annotations

import asyncio

import aiohttp

from giftbot.sandbox import Limits, Sandbox

ROUTE = "/channels/{channel_id}/messages"


async def post(session: aiohttp.ClientSession, sandbox: Sandbox, channel: int) -> aiohttp.ClientResponse:
    """Post a message with no regard for limits."""
    headers = {"Authorization": f"Bot {sandbox.token}"}
    url = f"{sandbox.api_url}/channels/{channel}/messages"
    async with session.post(url, json={"content": "x"}, headers=headers) as response:
        await response.read()
        return response


async def test_route_limit() -> None:
    """The sixth message within five seconds is refused, with headers and body; other channels are free."""
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        guild = sandbox.world.add_guild()
        channel, other = guild.channel("codes"), guild.channel("general")
        answers = [await post(session, sandbox, channel.id) for _ in range(6)]
        assert [one.status for one in answers] == [200] * 5 + [429]
        assert [one.headers["X-RateLimit-Remaining"] for one in answers] == ["4", "3", "2", "1", "0", "0"]
        refused = answers[-1]
        assert refused.headers["X-RateLimit-Scope"] == "user"
        assert 0 < (await refused.json())["retry_after"] <= 5
        assert (await post(session, sandbox, other.id)).status == 200
        assert sandbox.requests.invalid == 1
        assert sandbox.findings == []


async def test_global_limit_and_storm() -> None:
    """More than the global limit in a second is refused everywhere; a client that goes on is found."""
    limits = Limits(per_channel=(1000, 1.0), global_per_second=10, storm=5)
    async with Sandbox(limits=limits) as sandbox, aiohttp.ClientSession() as session:
        channel = sandbox.world.add_guild().channel("codes")
        answers = await asyncio.gather(*(post(session, sandbox, channel.id) for _ in range(30)))
        refused = [one for one in answers if one.status == 429]
        assert len(refused) >= 10
        assert refused[0].headers["X-RateLimit-Global"] == "true"
        assert (await refused[0].json())["global"] is True
        assert any("429" in finding for finding in sandbox.findings)
        assert sandbox.requests.peak(1.0) == 30


async def test_no_limits() -> None:
    """Without limits the headers are there and nothing binds."""
    async with Sandbox(limits=Limits.none()) as sandbox, aiohttp.ClientSession() as session:
        channel = sandbox.world.add_guild().channel("codes")
        answers = await asyncio.gather(*(post(session, sandbox, channel.id) for _ in range(100)))
        assert {one.status for one in answers} == {200}
        assert int(answers[0].headers["X-RateLimit-Remaining"]) > 100_000
        assert sandbox.requests.count(method="POST", route=ROUTE) == 100

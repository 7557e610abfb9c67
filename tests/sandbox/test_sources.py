"""Sources of codes over HTTP."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator

import aiohttp
import pytest

from giftbot.sandbox import Sandbox
from giftbot.sandbox.command import serve
from giftbot.sandbox.sources import Sources

EXPIRY = datetime.datetime(2030, 1, 2, 3, 4, tzinfo=datetime.UTC)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as opened:
        yield opened


@pytest.fixture
def sources(sandbox: Sandbox) -> Sources:
    """Sources that list one code."""
    sandbox.sources.publish("FROST77", rewards="5 gems & more", expires_at=EXPIRY)
    return sandbox.sources


async def test_formats(sources: Sources, session: aiohttp.ClientSession) -> None:
    """Each source lists the code in its own shape; expired ones are listed as such where that exists."""
    sources.publish("OLD1")
    sources.expire("OLD1")
    answer = await (await session.get(sources.json_url)).json()
    assert [(one["code"], one["status"]) for one in answer["codes"]] == [("FROST77", "active"), ("OLD1", "expired")]
    assert answer["codes"][0]["expiresAt"] == EXPIRY.isoformat()
    feed = await (await session.get(sources.rss_url)).text()
    assert "<title>FROST77</title><description>5 gems &amp; more</description>" in feed
    assert "OLD1" not in feed
    page = await (await session.get(sources.page_url)).text()
    active, expired = page.split("<h2>Expired Codes</h2>")
    assert "<td>FROST77</td><td>Gift code</td><td>5 gems &amp; more</td><td>2030-01-02 03:04</td>" in active
    assert "OLD1" in expired
    sources.withdraw("FROST77", on={"rss"})
    assert "FROST77" not in await (await session.get(sources.rss_url)).text()
    assert sources.hits == {"json": 1, "rss": 2, "page": 1, "api": 0}


async def test_conditional_requests(sources: Sources, session: aiohttp.ClientSession) -> None:
    """An unchanged source answers 304 to its tag or date, a changed one does not."""
    first = await session.get(sources.json_url)
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for headers in ({"If-None-Match": tag}, {"If-Modified-Since": date}):
        assert (await session.get(sources.json_url, headers=headers)).status == 304
    assert sources.not_modified["json"] == 2
    sources.publish("NEW1")
    assert (await session.get(sources.json_url, headers={"If-None-Match": tag})).status == 200


async def test_distribution_api(sources: Sources, session: aiohttp.ClientSession) -> None:
    """The distribution API lists, checks and takes codes for those who have the key."""
    assert (await session.get(sources.api_url)).status == 401
    headers = {"X-API-Key": sources.api_key}
    listed = await (await session.get(sources.api_url, headers=headers)).json()
    assert listed == {"codes": [f"FROST77 {datetime.datetime.now(datetime.UTC):%d.%m.%Y}"]}
    for body, status in (
        ({"code": "Spring1", "date": "01.03.2026"}, 200),
        ({"code": "spring1", "date": "01.03.2026"}, 409),
        ({"code": "no good", "date": "01.03.2026"}, 400),
    ):
        assert (await session.post(sources.api_url, headers=headers, json=body)).status == status
    query = {"action": "check", "giftcode": "SPRING1"}
    assert await (await session.get(sources.api_url, headers=headers, params=query)).json() == {"exists": True}


async def test_faults(sources: Sources, session: aiohttp.ClientSession) -> None:
    """Each source fails on its own, so often or until it is healed."""
    sources.fail("json", status=503, times=1)
    assert [(await session.get(sources.json_url)).status for _ in range(2)] == [503, 200]
    sources.drop("rss")
    with pytest.raises(aiohttp.ClientConnectionError):
        await session.get(sources.rss_url)
    sources.heal("rss")
    assert (await session.get(sources.rss_url)).status == 200
    sources.empty("page")
    assert "FROST77" not in await (await session.get(sources.page_url)).text()
    sources.empty("json", blank=True)
    assert await (await session.get(sources.json_url)).read() == b""
    sources.garbage("json", "not json", "application/json")
    assert await (await session.get(sources.json_url)).text() == "not json"
    sources.redirect("json", "http://169.254.169.254/")
    answer = await session.get(sources.json_url, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "http://169.254.169.254/")
    sources.retry_after("json", 7)
    assert (await session.get(sources.json_url)).headers["Retry-After"] == "7"
    sources.heal()
    assert (await session.get(sources.json_url)).status == 200


async def test_hostile_bodies(sources: Sources, session: aiohttp.ClientSession) -> None:
    """A bomb is small on the wire, a huge body goes on, a slow one takes its time."""
    sources.gzip_bomb("json", size=1 << 24)
    async with session.get(sources.json_url) as response:
        assert len(await response.read()) == 1 << 24
        assert response.headers["Content-Encoding"] == "gzip"
    sources.huge("json")
    async with session.get(sources.json_url) as response:
        assert len(await response.content.readexactly(1 << 20)) == 1 << 20
    sources.slow("json", 40.0)
    with pytest.raises(TimeoutError):
        async with session.get(sources.json_url, timeout=aiohttp.ClientTimeout(total=0.3)) as response:
            await response.read()


async def test_serving_until_told_to_stop() -> None:
    """The command says the bot's environment, serves, and ends when told."""
    lines: list[str] = []
    said, stop = asyncio.Event(), asyncio.Event()

    def say(line: str) -> None:
        lines.append(line)
        if line.startswith("GIFTBOT_ALLOW_PRIVATE_URLS"):
            said.set()

    serving = asyncio.create_task(serve(port=0, guilds=2, codes=["FROST77"], say=say, stopped=stop))
    await said.wait()
    variables = dict(line.split("=", 1) for line in lines)
    assert variables["GIFTBOT_ALLOW_PRIVATE_URLS"] == "true"
    async with aiohttp.ClientSession() as session:
        assert "FROST77" in await (await session.get(variables["GIFTCODE_JSON_URL"])).text()
        headers = {"Authorization": f"Bot {variables['DISCORD_TOKEN']}"}
        answer = await session.get(f"{variables['DISCORD_API_URL']}/users/@me/guilds", headers=headers)
        assert len(await answer.json()) == 2
    stop.set()
    await serving

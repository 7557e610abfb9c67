"""The rules for answering interactions, with raw requests where hikari would not break them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from giftbot.sandbox import Limits, Sandbox
from giftbot.sandbox.interactions import COMMAND, Interaction
from giftbot.sandbox.payload import Payload
from tests.sandbox.conftest import Connect


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """A client without a token: interactions need none."""
    async with aiohttp.ClientSession() as opened:
        yield opened


def opened_in(sandbox: Sandbox) -> Interaction:
    """Return a command that waits for its answer."""
    guild = sandbox.world.add_guild()
    user = guild.add_user("ada").user
    desk = sandbox.world.interactions
    return desk.open(COMMAND, user, guild.channel("general"), "/probe", source=None, build=lambda _: {})


class Answering:
    """Sends answers to one interaction."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession, interaction: Interaction) -> None:
        self._session = session
        self._callback = f"{sandbox.api_url}/interactions/{interaction.id}/{interaction.token}/callback"
        self._hook = f"{sandbox.api_url}/webhooks/{sandbox.world.application.id}/{interaction.token}"

    async def answer(self, kind: int, data: Payload | None = None, **query: str) -> tuple[int, Payload]:
        """Send the first answer."""
        return await self._send("POST", self._callback, {"type": kind, "data": data or {}}, query)

    async def hook(self, method: str, path: str = "", data: Payload | None = None) -> tuple[int, Payload]:
        """Use the token as a webhook."""
        return await self._send(method, self._hook + path, data, {})

    async def _send(
        self, method: str, url: str, body: Payload | None, query: dict[str, str]
    ) -> tuple[int, Payload]:
        async with self._session.request(method, url, json=body, params=query) as response:
            return response.status, {} if response.status == 204 else await response.json()


async def test_second_answer(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    """An interaction takes one first answer; the second is refused and found."""
    bot = Answering(sandbox, session, opened_in(sandbox))
    assert await bot.answer(4, {"content": "one"}) == (204, {})
    status, body = await bot.answer(4, {"content": "two"})
    assert (status, body["code"]) == (400, 40060)
    assert sandbox.findings == ["/probe was answered twice"]
    sandbox.findings.clear()


async def test_late_answer(session: aiohttp.ClientSession) -> None:
    """After the deadline the interaction is unknown, and the delay is found."""
    async with Sandbox(answer_deadline=0.0, limits=Limits.none()) as sandbox:
        bot = Answering(sandbox, session, opened_in(sandbox))
        status, body = await bot.answer(5)
        assert (status, body["code"]) == (404, 10062)
        assert sandbox.findings == ["/probe was answered after 0 s, too late"]


async def test_expired_token(session: aiohttp.ClientSession) -> None:
    """When the token's life is over, edits and follow-ups are refused."""
    async with Sandbox(token_life=0.0, limits=Limits.none()) as sandbox:
        bot = Answering(sandbox, session, opened_in(sandbox))
        await bot.answer(5)
        status, body = await bot.hook("PATCH", "/messages/@original", {"content": "late"})
        assert (status, body["code"]) == (401, 50027)


async def test_answer_that_returns_itself(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    """With with_response the message comes back; a webhook is unknown before the first answer."""
    bot = Answering(sandbox, session, opened_in(sandbox))
    assert (await bot.hook("POST", "", {"content": "early"}))[1]["code"] == 10015
    status, body = await bot.answer(4, {"content": "one", "flags": 64}, with_response="true")
    assert status == 200
    assert body["resource"]["message"]["content"] == "one"
    assert body["interaction"]["response_message_ephemeral"] is True


async def test_follow_ups(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    """The first follow-up fills a deferred message; later ones can be read, changed and deleted."""
    interaction = opened_in(sandbox)
    bot = Answering(sandbox, session, interaction)
    await bot.answer(5)
    _, first = await bot.hook("POST", "", {"content": "first"})
    assert (await bot.hook("GET", "/messages/@original"))[1]["id"] == first["id"]
    _, second = await bot.hook("POST", "", {"content": "second"})
    path = f"/messages/{second['id']}"
    assert (await bot.hook("PATCH", path, {"content": "changed"}))[1]["content"] == "changed"
    assert [one["content"] for one in interaction.followups] == ["changed"]
    assert (await bot.hook("DELETE", path))[0] == 204
    assert (await bot.hook("GET", path))[1]["code"] == 10008
    assert interaction.followups == []


async def test_invalid_answers(sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
    """Choices for a command, an update without a message, an empty message and a bare modal are refused."""
    bot = Answering(sandbox, session, opened_in(sandbox))
    for kind, data, code in (
        (8, {"choices": []}, 50035),
        (7, {"content": "x"}, 50035),
        (4, {}, 50006),
        (9, {"title": "t", "custom_id": "c", "components": []}, 50035),
    ):
        assert (await bot.answer(kind, data))[1]["code"] == code
    sandbox.findings.clear()


async def test_sandbox_stops_under_a_connected_bot(connect: Connect) -> None:
    """A sandbox that stops while a bot is connected and a request is held leaves nothing open."""
    async with Sandbox(limits=Limits.none()) as sandbox:
        channel = sandbox.world.add_guild().channel("codes")
        bot = await connect(sandbox)
        hold = sandbox.faults.hold("/channels/{channel_id}/messages")
        sending = asyncio.create_task(bot.rest.create_message(channel.id, "x"))
        await hold.held()
    assert (await sending).content == "x"
    assert sandbox.gateway.connected == 0

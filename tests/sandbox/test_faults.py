"""Every kind of fault, as a real client meets it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp
import hikari
import pytest

from giftbot.sandbox import FaultKind, Sandbox
from giftbot.sandbox.nouns import Channel
from tests.sandbox.conftest import Connect

CREATE = "/channels/{channel_id}/messages"


@pytest.mark.parametrize(
    ("fault", "raised", "stored"),
    [
        ({"kind": FaultKind.STATUS, "status": 502}, hikari.InternalServerError, 0),
        ({"kind": FaultKind.STATUS, "after_store": True}, hikari.InternalServerError, 1),
        ({"kind": FaultKind.DROP}, hikari.HTTPError, 0),
        ({"kind": FaultKind.DROP, "after_store": True}, hikari.HTTPError, 1),
        ({"kind": FaultKind.TRUNCATE}, aiohttp.ClientPayloadError, 1),
        ({"kind": FaultKind.NOT_JSON}, hikari.HTTPError, 1),
    ],
)
async def test_failed_post(
    sandbox: Sandbox, connect: Connect, fault: dict[str, Any], raised: type[Exception], stored: int
) -> None:
    """The post fails for the bot; whether it is stored depends on the fault. A resend ends with one message."""
    channel = sandbox.world.add_guild().channel("codes")
    rest = (await connect(sandbox)).rest
    armed = sandbox.faults.add(method="POST", route=CREATE, **fault)
    with pytest.raises(raised):
        await rest.create_message(channel.id, "once", nonce="n1")
    assert len(sandbox.world.messages(channel)) == stored
    assert armed.hits == 1
    await rest.create_message(channel.id, "once", nonce="n1")
    assert len(sandbox.world.messages(channel)) == 1


async def test_own_body_and_code(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A status may come with a JSON code, or with any body."""
    rest = (await connect(sandbox)).rest
    sandbox.faults.add(kind=FaultKind.STATUS, route=CREATE, status=403, code=50001)
    with pytest.raises(hikari.ForbiddenError) as coded:
        await rest.create_message(channel.id, "x")
    assert coded.value.code == 50001
    sandbox.faults.add(kind=FaultKind.STATUS, route=re.compile("/messages$"), status=503, body="<html>down</html>")
    with pytest.raises(hikari.InternalServerError) as raw:
        await rest.create_message(channel.id, "x")
    assert raw.value.raw_body == b"<html>down</html>"


@pytest.mark.parametrize("after_store", [False, True])
async def test_delay(sandbox: Sandbox, channel: Channel, connect: Connect, after_store: bool) -> None:
    """A delayed request is stored before or after the client has given up."""
    rest = (await connect(sandbox)).rest
    sandbox.faults.add(kind=FaultKind.DELAY, route=CREATE, delay=0.2, after_store=after_store)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await rest.create_message(channel.id, "late")
    assert len(sandbox.world.messages(channel)) == int(after_store)
    await sandbox.wait_for_messages(channel)


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_rate_limit(sandbox: Sandbox, channel: Channel, connect: Connect, scope: str) -> None:
    """A refusal with 429 is waited for and the message sent once."""
    rest = (await connect(sandbox)).rest
    sandbox.faults.add(kind=FaultKind.RATE_LIMIT, route=CREATE, scope=scope, retry_after=0.05)
    await rest.create_message(channel.id, "x")
    assert [one.status for one in sandbox.requests.of(route=CREATE)] == [429, 200]


async def test_rate_limit_without_header(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """Cloudflare's 429 has neither JSON nor header, and is an error to hikari."""
    rest = (await connect(sandbox)).rest
    sandbox.faults.add(kind=FaultKind.RATE_LIMIT, route=CREATE, retry_after=None)
    with pytest.raises(hikari.HTTPResponseError):
        await rest.create_message(channel.id, "x")


async def test_choice_of_requests(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A fault strikes only matching bodies, so often, or with a reproducible probability."""
    rest = (await connect(sandbox)).rest

    async def fails(content: str) -> bool:
        try:
            await rest.create_message(channel.id, content)
        except hikari.InternalServerError:
            return True
        return False

    sandbox.faults.add(kind=FaultKind.STATUS, times=2, where=lambda body: body["content"] == "bad")
    assert [await fails(one) for one in ("good", "bad", "bad", "bad")] == [False, True, True, False]
    sandbox.faults.add(kind=FaultKind.STATUS, times=None, probability=0.5)
    runs = []
    for _ in range(2):
        sandbox.faults.seed(7)
        runs.append([await fails("x") for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {True, False}
    sandbox.faults.clear()
    assert not await fails("bad")


@pytest.mark.parametrize("after_store", [False, True])
async def test_hold(sandbox: Sandbox, channel: Channel, connect: Connect, after_store: bool) -> None:
    """A held request waits before or after it is stored, until it is released."""
    rest = (await connect(sandbox)).rest
    hold = sandbox.faults.hold(CREATE, method="POST", after_store=after_store)
    sending = asyncio.create_task(rest.create_message(channel.id, "x"))
    await hold.held()
    assert len(sandbox.world.messages(channel)) == int(after_store)
    assert not sending.done()
    hold.release()
    await sending
    assert len(sandbox.world.messages(channel)) == 1


async def test_held_and_dropped(sandbox: Sandbox, channel: Channel, connect: Connect) -> None:
    """A held request whose connection is cut is never carried out."""
    rest = (await connect(sandbox)).rest
    hold = sandbox.faults.hold(CREATE)
    sending = asyncio.create_task(rest.create_message(channel.id, "x"))
    await hold.held()
    hold.drop()
    with pytest.raises(hikari.HTTPError):
        await sending
    assert sandbox.world.messages(channel) == []

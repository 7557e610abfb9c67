"""What tests of fetching share: sites to ask, and servers that speak as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import attrs
from yarl import URL

from giftbot.sources.http import Fetched, Fetcher

Site = Callable[..., Awaitable[str]]
"""Starts a site that answers with a handler."""
Serve = Callable[..., Awaitable[str]]
"""Starts a site that answers with a body and headers."""


async def body_of(fetcher: Fetcher, url: str) -> bytes:
    """The body behind a URL."""
    answer = await fetcher.get(URL(url))
    assert isinstance(answer, Fetched)
    return answer.body


@attrs.define
class Speaker:
    """A server that is not quite one."""

    url: str
    asked: int = 0
    """How often."""


@asynccontextmanager
async def speaking(answer: bytes) -> AsyncIterator[Speaker]:
    """A server that reads a request, says these bytes whatever was asked, and hangs up."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        speaker.asked += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    speaker = Speaker(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    yield speaker
    server.close()
    await server.wait_closed()

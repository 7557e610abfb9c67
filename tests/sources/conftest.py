"""Servers on loopback, and a fetcher that may ask them and does not wait long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web

from giftbot.sources.http import Fetcher, FetchTimes, open_fetcher
from tests.sites import Answer, start_site
from tests.sources.fetching import Serve, Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Starts a site that answers every path with a handler, and gives its address without a final slash.

    `host` is the loopback address that it listens on.
    """
    async with AsyncExitStack() as stack:

        async def start(handler: Answer, *, host: str = "127.0.0.1") -> str:
            return await start_site(stack, handler, host=host)

        yield start


@pytest.fixture
async def serve(site: Site) -> Serve:
    """Starts a site whose every answer is this body with these headers."""

    async def start(body: bytes, **headers: str) -> str:
        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(body=body, headers=headers)

        return await site(answer)

    return start


@pytest.fixture
async def victim() -> AsyncIterator[Callable[..., Awaitable[tuple[int, list[object]]]]]:
    """Starts a server that must not be connected to: its port, and the list of connections it got."""
    async with AsyncExitStack() as stack:

        async def start(host: str = "127.0.0.1") -> tuple[int, list[object]]:
            hits: list[object] = []

            async def hit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                hits.append(writer.get_extra_info("peername"))
                writer.close()

            server = await asyncio.start_server(hit, host, 0)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            return int(server.sockets[0].getsockname()[1]), hits

        yield start


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    """A fetcher that may ask loopback, and whose times are those of production cut down."""
    times = FetchTimes(attempt=2.0, total=5.0, attempts=3, backoff=0.01, backoff_limit=0.02, jitter=0.0)
    async with open_fetcher(allow_private=True, times=times) as opened:
        yield opened

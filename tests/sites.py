"""Sites on loopback for adapters to ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def start_site(stack: AsyncExitStack, answer: Answer, *, host: str = "127.0.0.1") -> str:
    """Start a site that answers every path with a handler until the stack ends.

    Returns its address, without a final slash.
    """
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, host, 0).start()
    return f"http://{host}:{runner.addresses[0][1]}"

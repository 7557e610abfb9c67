"""Figure 7, too: how long the event loop is held by the worst bodies that a source of codes may send."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import cast

from aiohttp import web

from bench.figures import Figure
from bench.lateness import probing
from bench.session import Session
from giftbot.errors import SourceError
from giftbot.sources.http import Fetcher, open_fetcher
from giftbot.sources.polled import PolledSource
from tests.sources.pathological import CASES


async def measure(session: Session) -> list[Figure]:
    """Fetch each of them once; the worst of all counts."""
    bodies = {f"/{number}": body for number, (_, _, body) in enumerate(CASES)}

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=bodies[request.path], content_type="text/html")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        [(host, port)] = [address[:2] for address in runner.addresses]
        async with open_fetcher(allow_private=True) as fetcher, probing() as probe:
            for path, (kind, _, _) in zip(bodies, CASES, strict=True):
                make = cast("Callable[[str, Fetcher], PolledSource]", kind)
                source = make(f"http://{host}:{port}{path}", fetcher)
                await session.watch.begin()
                probe.take()
                with contextlib.suppress(SourceError):
                    await source.fetch()
                await session.watch.end(f"the worst bodies of {kind.source_name}", probe.take())
                await source.aclose()
    finally:
        await runner.cleanup()
    return []

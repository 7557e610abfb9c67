"""Fetching is bounded in size and time."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
import zlib

import attrs
import pytest
from aiohttp import web

from giftbot.errors import SourceError
from giftbot.sandbox.pulse import PATIENCE
from giftbot.sources.http import BODY_LIMIT, Fetcher, FetchTimes, open_fetcher
from tests.sources.fetching import Serve, Site, body_of


async def test_body_of_the_limit(serve: Serve, fetcher: Fetcher) -> None:
    """A body of exactly the limit is read, one byte more is refused."""
    assert len(await body_of(fetcher, await serve(b"x" * BODY_LIMIT))) == BODY_LIMIT
    with pytest.raises(SourceError, match="more than 256 KiB"):
        await body_of(fetcher, await serve(b"x" * (BODY_LIMIT + 1)))


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_compressed_bodies(serve: Serve, fetcher: Fetcher, encoding: str) -> None:
    """Compressed bodies arrive decompressed."""
    body = gzip.compress(b"codes") if encoding == "gzip" else zlib.compress(b"codes")
    assert await body_of(fetcher, await serve(body, **{"Content-Encoding": encoding})) == b"codes"


@pytest.mark.parametrize("encoding", ["gzip", "br", "nonsense"])
async def test_broken_compression_is_an_error(serve: Serve, fetcher: Fetcher, encoding: str) -> None:
    """What does not decompress is either an error or left as it is, never another exception."""
    try:
        assert (
            await body_of(fetcher, await serve(b"not compressed", **{"Content-Encoding": encoding}))
            == b"not compressed"
        )
    except SourceError:
        assert encoding != "nonsense"


async def test_gzip_bomb(serve: Serve, fetcher: Fetcher) -> None:
    """A body that decompresses to 200 MB is cut early: the limit counts decompressed bytes."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(200)) + packer.flush()
    assert len(bomb) < BODY_LIMIT
    url = await serve(bomb, **{"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="more than 256 KiB"):
            await body_of(fetcher, url)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_gigabyte(site: Site, fetcher: Fetcher, chunked: bool) -> None:
    """Of a body of 1 GB little more than the limit is taken, whether or not its length is announced."""
    sent = 0
    over = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if chunked:
            response.enable_chunked_encoding()
        else:
            response.content_length = 2**30
        await response.prepare(request)
        try:
            for _ in range(2**30 // 65536):
                await response.write(bytes(65536))
                sent += 65536
        except ConnectionError:
            pass
        finally:
            over.set()
        return response

    with pytest.raises(SourceError, match="more than 256 KiB"):
        await body_of(fetcher, await site(answer))
    await asyncio.wait_for(over.wait(), PATIENCE)
    assert sent < 32 * 2**20


async def test_slow_loris(site: Site) -> None:
    """A body that comes byte by byte is given up after the time of an attempt, and all attempts after the total."""
    asked = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.02)

    times = FetchTimes(attempt=0.4, total=1.0, attempts=3, backoff=0.01, backoff_limit=0.01, jitter=0.0)
    async with open_fetcher(allow_private=True, times=times) as fetcher:
        url = await site(answer)
        began = time.monotonic()
        with pytest.raises(SourceError, match="did not answer"):
            await body_of(fetcher, url)
        assert time.monotonic() - began > 0.9
    assert asked in (2, 3)  # as many as fit into the total; a busy machine may end an attempt late


async def test_a_server_that_accepts_and_says_nothing(fetcher: Fetcher) -> None:
    """Headers that never come are a passing fault of the same kind."""
    times = FetchTimes(attempt=0.1, total=5.0, attempts=2, backoff=0.01, jitter=0.0)
    over = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(SourceError, match="did not answer in time"):
        await body_of(attrs.evolve(fetcher, times=times), f"http://127.0.0.1:{port}/")
    over.set()
    server.close()
    await server.wait_closed()


def test_production_times_fit_the_check_interval() -> None:
    """All attempts together end before the next check, 10 s after this one."""
    assert FetchTimes().attempt <= 5.0
    assert FetchTimes().total <= 8.0

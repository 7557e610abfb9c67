"""What can go wrong with a source of codes."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
from aiohttp import web

_CHUNK = 1 << 16

Respond = Callable[[web.Request, bytes, str], Awaitable[web.StreamResponse]]
"""Answers a request, given the body and content type that a healthy source would have sent."""


@attrs.define(eq=False)
class SourceFault:
    """A way to answer badly, for so many requests or until healed."""

    respond: Respond
    times: int | None


def status(code: int, body: str, headers: dict[str, str]) -> Respond:
    """Answer with a status."""

    async def respond(request: web.Request, healthy: bytes, content_type: str) -> web.StreamResponse:
        return web.Response(status=code, text=body, headers=headers)

    return respond


def body(content: bytes, content_type: str) -> Respond:
    """Answer with status 200 and this body."""

    async def respond(request: web.Request, healthy: bytes, usual: str) -> web.StreamResponse:
        return web.Response(body=content, content_type=content_type or usual)

    return respond


def drop() -> Respond:
    """Cut the connection."""

    async def respond(request: web.Request, healthy: bytes, content_type: str) -> web.StreamResponse:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    return respond


def slow(bytes_per_second: float) -> Respond:
    """Send the healthy body a few bytes at a time."""

    async def pieces(healthy: bytes) -> AsyncIterator[bytes]:
        step = max(1, int(bytes_per_second / 20))
        for start in range(0, len(healthy), step):
            yield healthy[start : start + step]
            await asyncio.sleep(step / bytes_per_second)

    async def respond(request: web.Request, healthy: bytes, content_type: str) -> web.StreamResponse:
        return await _stream(request, pieces(healthy), content_type, {"Content-Length": str(len(healthy))})

    return respond


def huge(size: int) -> Respond:
    """Send spaces before the healthy body, `size` bytes of them."""

    async def pieces(healthy: bytes) -> AsyncIterator[bytes]:
        for _ in range(size // _CHUNK):
            yield b" " * _CHUNK
        yield healthy

    async def respond(request: web.Request, healthy: bytes, content_type: str) -> web.StreamResponse:
        return await _stream(request, pieces(healthy), content_type, {})

    return respond


def gzip_bomb(size: int) -> Respond:
    """Send a small gzip body that decodes to `size` spaces."""

    async def pieces() -> AsyncIterator[bytes]:
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        for _ in range(size // _CHUNK):
            yield deflate.compress(b" " * _CHUNK)
        yield deflate.flush()

    async def respond(request: web.Request, healthy: bytes, content_type: str) -> web.StreamResponse:
        return await _stream(request, pieces(), content_type, {"Content-Encoding": "gzip"})

    return respond


async def _stream(
    request: web.Request, pieces: AsyncIterator[bytes], content_type: str, headers: dict[str, str]
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type, **headers})
    try:
        await response.prepare(request)
        async for piece in pieces:
            if piece:
                await response.write(piece)
                await asyncio.sleep(0)
        await response.write_eof()
    except ConnectionError:
        pass  # the reader has seen enough, which is what the test is about
    return response

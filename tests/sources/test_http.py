"""Fetching: bounded in size and time, polite, and with sentences that keep secrets."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import ssl
import subprocess
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from yarl import URL

from giftbot import __version__
from giftbot.errors import SourceError
from giftbot.sandbox.pulse import PATIENCE
from giftbot.sources.http import BODY_LIMIT, Fetched, Fetcher, FetchTimes, NotModified, Validators, open_fetcher

Site = Callable[..., Awaitable[str]]
Serve = Callable[..., Awaitable[str]]


async def body_of(fetcher: Fetcher, url: str) -> bytes:
    """The body behind a URL."""
    answer = await fetcher.get(URL(url))
    assert isinstance(answer, Fetched)
    return answer.body


async def test_requests_are_honest(site: Site, fetcher: Fetcher) -> None:
    """Requests say who asks, carry the given headers, and never a cookie that was set before."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(text="codes", headers={"Set-Cookie": "id=1"})

    url = URL(await site(answer))
    await fetcher.get(url, headers={"Accept": "application/json"})
    await fetcher.get(url)
    assert [request.headers["User-Agent"] for request in asked] == [
        f"giftbot/{__version__} (+self-hosted Discord bot)"
    ] * 2
    assert asked[0].headers["Accept"] == "application/json"
    assert "Cookie" not in asked[1].headers


async def test_conditional_requests(site: Site, fetcher: Fetcher) -> None:
    """Validators that a server gave are sent back, and 304 means that nothing changed."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == '"v1"':
            assert request.headers["If-Modified-Since"] == "Wed, 04 Mar 2026 05:06:07 GMT"
            return web.Response(status=304)
        return web.Response(
            text="codes", headers={"ETag": '"v1"', "Last-Modified": "Wed, 04 Mar 2026 05:06:07 GMT"}
        )

    url = URL(await site(answer))
    first = await fetcher.get(url)
    assert isinstance(first, Fetched)
    assert first.validators == Validators(etag='"v1"', last_modified="Wed, 04 Mar 2026 05:06:07 GMT")
    assert await fetcher.get(url, validators=first.validators) == NotModified()


async def test_304_that_was_not_asked_for_is_an_error(site: Site, fetcher: Fetcher) -> None:
    """A server that says "not modified" to a first request gave nothing that can be used."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=304)

    with pytest.raises(SourceError, match="answered 304"):
        await fetcher.get(URL(await site(answer)))


@pytest.mark.parametrize("etag", ["x" * 10_000, "ünïcode", ""])
async def test_strange_validators_are_not_sent_back(serve: Serve, fetcher: Fetcher, etag: str) -> None:
    """A validator that is no short ASCII text is ignored."""
    answer = await fetcher.get(URL(await serve(b"codes", ETag=etag[:8000])))
    assert isinstance(answer, Fetched)
    assert answer.validators == Validators()


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
        assert 0.9 < time.monotonic() - began < 2.0
    assert asked == 3


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


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
async def test_passing_faults_are_retried(site: Site, fetcher: Fetcher, status: int) -> None:
    """After two passing faults the third attempt counts."""
    answers = [web.Response(status=status), web.Response(status=status), web.Response(text="codes")]

    async def answer(_: web.Request) -> web.StreamResponse:
        return answers.pop(0)

    with capture_logs() as logs:
        assert await body_of(fetcher, await site(answer)) == b"codes"
    assert [line["attempt"] for line in logs if line["event"] == "fetch attempt failed"] == [1, 2]


async def test_at_most_three_attempts(site: Site, fetcher: Fetcher) -> None:
    """A fault that does not pass ends in one sentence, after three attempts."""
    asked = 0

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(status=503, reason="Secret Reason")

    with pytest.raises(SourceError, match=r"^127\.0\.0\.1:\d+ answered 503 \(Service Unavailable\)\.$") as caught:
        await body_of(fetcher, await site(answer))
    assert asked == 3
    assert caught.value.retry_after is None


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 410])
async def test_final_answers_are_not_retried(site: Site, fetcher: Fetcher, status: int) -> None:
    """What will not pass is asked once."""
    asked = 0

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(status=status)

    with pytest.raises(SourceError, match=f"answered {status}"):
        await body_of(fetcher, await site(answer))
    assert asked == 1


async def test_retry_after_is_waited_for(site: Site, fetcher: Fetcher) -> None:
    """A pause that fits into the total time is kept before the next attempt."""
    times: list[float] = []

    async def answer(_: web.Request) -> web.StreamResponse:
        times.append(time.monotonic())
        return (
            web.Response(text="codes") if len(times) > 1 else web.Response(status=429, headers={"Retry-After": "1"})
        )

    assert await body_of(fetcher, await site(answer)) == b"codes"
    assert 1.0 <= times[1] - times[0] < 2.5


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("999999999999999999999", 3600.0),
        ("Wed, 04 Mar 2026 05:08:07 GMT", 120.0),
        ("Wed, 04 Mar 2026 05:00:00 GMT", 0.0),
        ("Wed, 04 Mar 2126 05:00:00 GMT", 3600.0),
        *((value, None) for value in ("-1", "soon", "1e9", "٣", "")),
    ],
)
async def test_longer_pauses_are_handed_on(
    site: Site, fetcher: Fetcher, value: str, expected: float | None
) -> None:
    """A pause that does not fit is not waited for: the error says it, at most an hour; a date counts from Date."""
    asked = 0

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        return web.Response(status=503, headers={"Retry-After": value, "Date": "Wed, 04 Mar 2026 05:06:07 GMT"})

    with pytest.raises(SourceError) as caught:
        await body_of(fetcher, await site(answer))
    assert expected == caught.value.retry_after
    assert asked == (1 if expected else 3)


async def test_faults_of_the_connection_are_retried(fetcher: Fetcher) -> None:
    """A server that hangs up, and one that breaks off in the middle, get all three attempts."""
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"):
        asked = 0

        async def hang_up(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes = answer
        ) -> None:
            nonlocal asked
            asked += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        with pytest.raises(SourceError, match=r"closed the connection|broke off"):
            await body_of(fetcher, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        server.close()
        await server.wait_closed()
        assert asked in {3, 6}  # aiohttp asks once more by itself when a connection closes before the headers


async def test_a_port_where_nobody_listens(fetcher: Fetcher) -> None:
    """A refused connection is one sentence."""
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(SourceError, match=rf"^127\.0\.0\.1:{port} cannot be reached\.$"):
        await body_of(fetcher, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    "answer",
    [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x00" * 100, b"HTTP/1.1 200 OK\r\n" + b"A" * 70_000],
)
async def test_what_is_not_http(fetcher: Fetcher, answer: bytes) -> None:
    """A server that speaks something else is one sentence, too."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    with pytest.raises(SourceError, match=r"not HTTP|closed the connection"):
        await body_of(fetcher, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()
    await server.wait_closed()


async def test_a_certificate_that_nobody_vouches_for(fetcher: Fetcher, tmp_path: Path) -> None:
    """TLS certificates are verified, and such a fault is not retried."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    with capture_logs() as logs, pytest.raises(SourceError, match="has no valid TLS certificate"):
        await body_of(fetcher, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert len(logs) == 1
    server.close()
    await server.wait_closed()


async def test_three_redirects_and_no_more(site: Site, fetcher: Fetcher) -> None:
    """Up to three redirects are followed; a loop ends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        left = int(request.path[1:])
        return (
            web.Response(text="codes")
            if left == 0
            else web.Response(status=302, headers={"Location": f"/{left - 1}"})
        )

    url = await site(answer)
    assert await body_of(fetcher, f"{url}/3") == b"codes"
    with pytest.raises(SourceError, match="redirects more than 3 times"):
        await body_of(fetcher, f"{url}/4")


async def test_a_redirect_without_target(site: Site, fetcher: Fetcher) -> None:
    """A redirect to nowhere is an error."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302)

    with pytest.raises(SourceError, match="redirects to nowhere"):
        await body_of(fetcher, await site(answer))


async def test_credentials_stay_with_their_origin(site: Site, fetcher: Fetcher) -> None:
    """Keys in headers and credentials in the URL follow a redirect within the origin, and none to another."""
    asked: list[web.Request] = []

    async def other(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(text="codes")

    other_url = await site(other)

    async def own(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.Response(status=302, headers={"Location": "/second" if request.path == "/first" else other_url})

    url = URL(await site(own)).with_user("me").with_password("pass") / "first"
    await fetcher.get(url, headers={"X-API-Key": "s3cret"})
    first, second, elsewhere = asked
    for request in (first, second):
        assert request.headers["X-API-Key"] == "s3cret"
        assert request.headers["Authorization"].startswith("Basic ")
    assert "X-API-Key" not in elsewhere.headers
    assert "Authorization" not in elsewhere.headers


@pytest.mark.parametrize("status", [401, 503, 302])
async def test_sentences_and_logs_keep_secrets(site: Site, fetcher: Fetcher, status: int) -> None:
    """Neither the error nor any log line has the key, the password, the query or what the server says."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(
            status=status, reason="T0KEN", headers={"Location": "ftp://u:T0KEN@x/T0KEN?T0KEN"}, text="T0KEN"
        )

    url = URL(await site(answer)).with_user("me").with_password("T0KEN").with_query(key="T0KEN")
    with capture_logs() as logs, pytest.raises(SourceError) as caught:
        await fetcher.get(url, headers={"X-API-Key": "T0KEN"})
    assert "T0KEN" not in str(caught.value) + repr(caught.value) + repr(logs)
    assert "T0KEN" not in repr(caught.value.__cause__)
    assert logs


async def test_a_header_that_cannot_be_sent(serve: Serve, fetcher: Fetcher) -> None:
    """A key with a line break is an error of one sentence, without the key."""
    url = URL(await serve(b"codes"))
    with pytest.raises(SourceError, match="cannot be asked") as caught:
        await fetcher.get(url, headers={"X-API-Key": "s3cret\r\nHost: evil"})
    assert "s3cret" not in str(caught.value)


async def test_cancelling_a_fetch(site: Site, fetcher: Fetcher) -> None:
    """A fetch that is cancelled ends as cancelled, at once and without another attempt."""
    asked = asyncio.Event()
    over = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.set()
        await over.wait()
        return web.Response()

    task = asyncio.create_task(body_of(fetcher, await site(answer)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    over.set()

"""Fetching what fails: which faults pass, and what is waited for."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import time
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from giftbot.errors import SourceError
from giftbot.sources.http import Fetcher
from tests.sources.fetching import Site, body_of, speaking


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
    assert times[1] - times[0] >= 1.0


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
        async with speaking(answer) as server:
            with pytest.raises(SourceError, match=r"closed the connection|broke off"):
                await body_of(fetcher, server.url)
        assert server.asked in {
            3,
            6,
        }  # aiohttp asks once more by itself when a connection closes before the headers


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
    async with speaking(answer) as server:
        with pytest.raises(SourceError, match=r"not HTTP|closed the connection"):
            await body_of(fetcher, server.url)


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

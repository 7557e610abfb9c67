"""The client, against our own service and against one of the earlier kind."""

# ruff: noqa: PTH208  (nobody waits for these tests while they look at the disk)

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from yarl import URL

from giftbot.cloud import client as client_module
from giftbot.cloud.client import CloudClient
from giftbot.cloud.service import open_service
from giftbot.errors import CopyError, CopyRefusedError, SettingsError
from giftbot.services.invites.envelope import render_copy
from giftbot.services.invites.ports import Copy
from tests.services.invites.copying import T0, TOKEN

COPY = Copy("a", 1, T0, {"giftbot_invites": {}, "onboarding_progress": [{"user_id": "5"}]})


def numbered(sequence: int) -> Copy:
    """The copy with another number."""
    return attrs.evolve(COPY, sequence=sequence)


@asynccontextmanager
async def client(address: str, aside: Path | None = None, **more: Any) -> AsyncIterator[CloudClient]:
    """A client."""
    made = CloudClient(URL(address), **{"token": TOKEN, "aside": aside, "timeout_factor": 0.05, **more})
    try:
        yield made
    finally:
        await made.aclose()


@attrs.define
class EarlierService:
    """Stores whatever is sent, asks for no token, and says nothing useful: as the earlier one is known."""

    stored: bytes | None = None
    status: int = 200
    pause: float = 0.0
    calls: list[dict[str, str]] = attrs.Factory(list)

    async def serve(self, request: web.Request) -> web.Response:
        """Either call."""
        self.calls.append({"path": request.path, "t": request.query.get("t", ""), **request.headers})
        await asyncio.sleep(self.pause)
        if self.status != 200:
            return web.Response(status=self.status, headers={"Location": "/elsewhere"})
        if request.method == "POST":
            self.stored = await request.read()
            return web.Response(text="thanks")
        return web.Response(status=404) if self.stored is None else web.Response(body=self.stored)


@pytest.fixture
async def earlier() -> AsyncIterator[tuple[EarlierService, str]]:
    """The service and its address."""
    service = EarlierService()
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", service.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield service, f"http://127.0.0.1:{runner.addresses[0][1]}/base/"
    await runner.cleanup()


async def test_there_and_back(tmp_path: Path) -> None:
    """Nothing at first, then what was written."""
    async with open_service(tmp_path, token=TOKEN) as address, client(address) as cloud:
        assert cloud.label == "cloud"
        assert await cloud.read() is None
        await cloud.write(COPY)
        assert await cloud.read() == COPY
        await cloud.write(numbered(2))
        assert await cloud.read() == numbered(2)


async def test_who_did_not_see_the_newest_is_told(tmp_path: Path) -> None:
    """A second process wrote in between: the first has to read before it may write, even with a higher number."""
    async with open_service(tmp_path, token=TOKEN) as address, client(address) as one, client(address) as two:
        assert await one.read() is None
        assert await two.read() is None
        await one.write(COPY)
        with pytest.raises(CopyRefusedError):
            await two.write(numbered(9))
        assert await two.read() == COPY
        await two.write(numbered(9))
        with pytest.raises(CopyRefusedError):
            await one.write(numbered(10))


async def test_an_earlier_service_works_without_a_token(earlier: tuple[EarlierService, str]) -> None:
    """A warning says so; the calls are those it knows."""
    service, address = earlier
    with capture_logs() as logs:
        async with client(address, token=None) as cloud:
            assert await cloud.read() is None
            await cloud.write(COPY)
            await cloud.write(numbered(2))
            assert await cloud.read() == numbered(2)
    assert [log["event"] for log in logs] == ["the cloud service is used without a token"]
    assert {call["path"] for call in service.calls} == {
        "/base/backup_discord_data",
        "/base/get_discord_data_backup",
    }
    assert all("Authorization" not in call for call in service.calls)
    assert service.calls[0]["t"].isdigit()


async def test_what_is_there_and_not_ours_is_kept_before_it_is_written_over(
    earlier: tuple[EarlierService, str], tmp_path: Path
) -> None:
    """An earlier bot's copy as `.legacy`, a damaged one as `.refused`; the same one once."""
    service, address = earlier
    aside = tmp_path / "cloud_backup.json"
    async with client(address, aside) as cloud:
        for body, suffix in ((b'{"discord_data": {"staff_invites": []}}', "legacy"), (b'{"disc', "refused")):
            service.stored = body
            for _ in range(2):
                with pytest.raises(CopyRefusedError):
                    await cloud.read()
            assert aside.with_name(f"cloud_backup.json.{suffix}").read_bytes() == body
    assert len(os.listdir(tmp_path)) == 2


async def test_what_cannot_be_kept_is_not_given_up(earlier: tuple[EarlierService, str], tmp_path: Path) -> None:
    """Nobody may write over it then: it is as if nothing were known of what is there."""
    service, address = earlier
    service.stored = b'{"discord_data": {}}'
    (tmp_path / "file").touch()
    async with client(address, tmp_path / "file" / "x") as cloud:
        with pytest.raises(CopyError, match="stays") as raised:
            await cloud.read()
    assert not isinstance(raised.value, CopyRefusedError)


async def test_too_large_a_copy_is_not_given_up_either(
    earlier: tuple[EarlierService, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not read to its end."""
    service, address = earlier
    service.stored = render_copy(COPY)
    monkeypatch.setattr(client_module, "LARGEST_COPY", 100)
    async with client(address) as cloud:
        with pytest.raises(CopyError, match="more than") as raised:
            await cloud.read()
    assert not isinstance(raised.value, CopyRefusedError)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "token"), (403, "token"), (500, "500"), (503, "503"), (302, "302"), (429, "429")]
)
async def test_failures_are_sentences(earlier: tuple[EarlierService, str], status: int, words: str) -> None:
    """Redirects are not followed: the token stays here."""
    service, address = earlier
    service.status = status
    async with client(address) as cloud:
        for attempt in (cloud.read(), cloud.write(COPY)):
            with pytest.raises(CopyError, match=words) as raised:
                await attempt
            assert TOKEN not in str(raised.value)
    assert len(service.calls) == 2


async def test_a_token_that_is_wanted_and_not_set(earlier: tuple[EarlierService, str]) -> None:
    """What is not there is not to be checked."""
    service, address = earlier
    service.status = 401
    async with client(address, token=None) as cloud:
        with pytest.raises(CopyError, match="wants a token"):
            await cloud.read()


async def test_who_does_not_answer_is_given_up(earlier: tuple[EarlierService, str]) -> None:
    """In time, reading and writing; and nobody there at all is the same."""
    service, address = earlier
    service.pause = 5
    async with client(address, timeout_factor=0.01) as cloud:
        for attempt in (cloud.read(), cloud.write(COPY)):
            with pytest.raises(CopyError, match="did not answer within"):
                await attempt
    async with client("http://127.0.0.1:9") as cloud:
        with pytest.raises(CopyError, match="cannot be reached"):
            await cloud.read()


@pytest.mark.parametrize("address", ["http://example.org", "http://10.0.0.5:8080", "ftp://example.org"])
def test_plain_http_is_for_this_machine(address: str) -> None:
    """Or for a network of one's own, when that is said."""
    with pytest.raises(SettingsError, match="https"):
        CloudClient(URL(address), token=TOKEN, aside=None)
    CloudClient(URL(address), token=TOKEN, aside=None, allow_private=True)
    CloudClient(URL("http://localhost:8080"), token=TOKEN, aside=None)
    CloudClient(URL("http://[::1]:8080"), token=TOKEN, aside=None)
    CloudClient(URL("https://example.org:8443/x"), token=TOKEN, aside=None)


async def test_https_leads_to_public_addresses_only() -> None:
    """A name that resolves to a private address is refused at the socket."""
    async with client("https://127.0.0.2.nip.invalid") as cloud:
        with pytest.raises(CopyError):
            await cloud.read()
    async with client("https://10.255.255.1") as cloud:
        with pytest.raises(CopyError, match="not public"):
            await cloud.read()

"""The cloud service of an earlier bot as a source: `--from cloud`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from giftbot.cloud.service import open_service
from giftbot.errors import LegacyError
from giftbot.models.legacy import Baseline, Membership, StaffCode, VipRequest
from giftbot.services.invites.envelope import render_copy
from giftbot.services.invites.ports import Copy
from giftbot.services.migration.ports import LegacySource
from giftbot.settings import load_settings
from giftbot.takeover import open_legacy
from tests.legacy import shapes
from tests.legacy.reading import read, reasons
from tests.services.invites.copying import TOKEN

OURS = Copy("a" * 32, 1, datetime(2026, 1, 1, tzinfo=UTC), {"staff_invites": []})


@asynccontextmanager
async def earlier_service(body: bytes | None, status: int = 200) -> AsyncIterator[tuple[str, list[str]]]:
    """A service without a token that gives this; its address, and what it was asked for."""
    asked: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path}")
        return web.Response(status=404) if body is None else web.Response(body=body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sources(address: str, place: Path, **more: str) -> AsyncIterator[list[LegacySource]]:
    """What is there of an earlier bot."""
    settings = load_settings({"CLOUD_API_URL": address, "GIFTBOT_DATA_DIR": str(place), **more})
    async with open_legacy(settings, ["cloud"]) as found:
        yield found


async def test_what_an_earlier_bot_sent(tmp_path: Path) -> None:
    """It is fetched once, without a token, and read like a file; nothing is written, there or here."""
    body = json.dumps(shapes.CLOUD).encode()
    async with earlier_service(body) as (address, asked), sources(address, tmp_path) as [source]:
        assert (source.name, source.title) == ("cloud:127.0.0.1", "the cloud service 127.0.0.1")
        found = await read(source)
        assert {type(one) for one in found} == {StaffCode, Membership, VipRequest, Baseline}
        assert asked == ["GET /get_discord_data_backup"]
        assert not source.has_posts
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - nobody waits


async def test_a_damaged_payload(tmp_path: Path) -> None:
    """What is whole of it is read, the damage reported."""
    body = json.dumps(shapes.CLOUD).encode()
    async with earlier_service(body[:-200]) as (address, _), sources(address, tmp_path) as [source]:
        found = await read(source)
        assert "the file is damaged" in reasons(found)
        assert any(isinstance(one, Membership) for one in found)


async def test_a_service_without_anything(tmp_path: Path) -> None:
    """There is no source."""
    async with earlier_service(None) as (address, _), sources(address, tmp_path) as found:
        assert found == []


async def test_our_own_copy_is_no_source(tmp_path: Path) -> None:
    """Neither one in our own service nor one that was sent to a service of the earlier kind."""
    async with (
        open_service(tmp_path / "copies", token=TOKEN) as address,
        sources(address, tmp_path, CLOUD_API_TOKEN=TOKEN) as found,
    ):
        assert found == []
    async with earlier_service(render_copy(OURS)) as (address, _), sources(address, tmp_path) as found:
        assert found == []


@pytest.mark.parametrize("status", [401, 500, 302])
async def test_a_service_that_refuses(tmp_path: Path, status: int) -> None:
    """It is a source that fails, with a sentence."""
    async with earlier_service(b"no", status) as (address, _), sources(address, tmp_path) as [source]:
        with pytest.raises(LegacyError, match="The cloud cannot be looked into"):
            await source.fingerprint()

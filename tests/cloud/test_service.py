"""The backup service: what it takes, what it refuses, and what it gives back."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import orjson
import pytest
from yarl import URL

from giftbot.cloud import service as service_module
from giftbot.cloud.client import CloudClient
from giftbot.cloud.service import open_service
from giftbot.errors import SettingsError, StartupError
from giftbot.services.invites.envelope import render_copy
from giftbot.services.invites.ports import Copy
from tests.services.invites.copying import T0, TOKEN

NEWEST = "/get_discord_data_backup?t=1"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


def copy(sequence: int, epoch: str = "a", **tables: object) -> Copy:
    """A copy."""
    return Copy(epoch, sequence, T0, {"giftbot_invites": {}, **tables})


@attrs.define
class Caller:
    """Somebody who calls the service."""

    address: str
    session: aiohttp.ClientSession
    directory: Path

    async def post(self, body: bytes, **headers: str) -> tuple[int, str]:
        """Send a body; the status and words of the answer."""
        url = f"{self.address}/backup_discord_data"
        async with self.session.post(url, data=body, headers={**AUTH, **headers}) as response:
            return response.status, (await response.json())["status"]

    async def get(self, path: str = NEWEST, **headers: str) -> tuple[int, dict[str, Any]]:
        """Ask for something; the status and the answer."""
        async with self.session.get(f"{self.address}{path}", headers={**AUTH, **headers}) as response:
            return response.status, orjson.loads(await response.read())

    async def newest(self) -> object:
        """The number of the copy that is given back."""
        status, document = await self.get()
        assert status == 200
        return document["discord_data"]["giftbot_copy"]["sequence"]

    @property
    def files(self) -> list[Path]:
        """What is on disk, oldest first."""
        return sorted(self.directory.glob("*.json"))


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    """A service that keeps three copies."""
    async with (
        open_service(tmp_path / "copies", token=TOKEN, keep=3) as address,
        aiohttp.ClientSession() as session,
    ):
        yield Caller(address, session, tmp_path / "copies")


async def test_nothing_is_known_without_the_token(caller: Caller) -> None:
    """Neither reading nor writing; health says only that it lives."""
    await caller.post(render_copy(copy(1)))
    for wrong in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"):
        assert (await caller.get(Authorization=wrong))[0] == 401
        assert (await caller.post(render_copy(copy(2)), Authorization=wrong))[0] == 401
        assert await caller.get("/health", Authorization=wrong) == (200, {"status": "ok"})
    assert await caller.newest() == 1


async def test_a_token_that_is_no_text_is_wrong(caller: Caller) -> None:
    """Bytes that no encoding has are refused as any other token is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(caller.address).port)
    writer.write(b"GET /get_discord_data_backup HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    assert b" 401 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_health_says_to_whom_knows_the_token_what_is_there(caller: Caller) -> None:
    """Epoch, number, moment, and how many copies."""
    await caller.post(render_copy(copy(1)))
    _, told = await caller.get("/health")
    assert told == {
        "status": "ok",
        "epoch": "a",
        "sequence": 1,
        "taken_at": T0.isoformat(timespec="microseconds"),
        "copies": 1,
    }


async def test_the_highest_number_wins_and_nothing_goes_back(caller: Caller) -> None:
    """The same or a lower number is refused, and so is another series."""
    assert (await caller.get())[0] == 404
    assert await caller.post(render_copy(copy(5))) == (200, "ok")
    for refused in (copy(5), copy(4), copy(9, "b"), copy(9, "new-b")):
        assert (await caller.post(render_copy(refused)))[0] == 409
    assert await caller.newest() == 5
    assert await caller.post(render_copy(copy(6))) == (200, "ok")
    assert await caller.newest() == 6


async def test_a_series_begun_blind_gives_way(caller: Caller) -> None:
    """Once the writer knows its series, copies go on under that name."""
    assert await caller.post(render_copy(copy(7, "new-x"))) == (200, "ok")
    assert await caller.post(render_copy(copy(3, "a"))) == (200, "ok")
    assert await caller.newest() == 3


async def test_who_has_not_seen_the_newest_is_refused(caller: Caller) -> None:
    """Two processes wrote: the second has to read first, whatever its number is."""
    async with caller.session.post(
        f"{caller.address}/backup_discord_data", data=render_copy(copy(1)), headers={**AUTH, "If-None-Match": "*"}
    ) as response:
        tag = response.headers["ETag"]
    assert (await caller.post(render_copy(copy(2)), **{"If-None-Match": "*"}))[0] == 409
    assert (await caller.post(render_copy(copy(2)), **{"If-Match": tag}))[0] == 200
    assert (await caller.post(render_copy(copy(3)), **{"If-Match": tag}))[0] == 409
    async with caller.session.get(f"{caller.address}/get_discord_data_backup", headers=AUTH) as response:
        tag = response.headers["ETag"]
        assert "no-store" in response.headers["Cache-Control"]
        assert response.headers["Pragma"] == "no-cache"
    assert (await caller.post(render_copy(copy(3)), **{"If-Match": tag}))[0] == 200


async def test_what_is_damaged_or_not_ours_is_refused(caller: Caller) -> None:
    """With the reason; nothing is kept of it."""
    whole = render_copy(copy(1, staff=[1, 2]))
    for body in (whole[:-10], whole.replace(b"[1,2]", b"[1,3]"), b"{}", b"", b'{"discord_data": {}}'):
        status, words = await caller.post(body)
        assert (status, words[:5]) == (422, "It is")
    assert caller.files == []
    odd = render_copy(copy(1, epoch="../../x"))
    assert (await caller.post(odd))[0] == 422


async def test_a_body_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is read to its end."""
    monkeypatch.setattr(service_module, "LARGEST_COPY", 1000)
    async with open_service(tmp_path, token=TOKEN) as address, aiohttp.ClientSession() as session:
        caller = Caller(address, session, tmp_path)
        assert (await caller.post(render_copy(copy(1, staff="x" * 2000))))[0] == 413
        assert (await caller.post(render_copy(copy(1))))[0] == 200


async def test_the_last_few_are_kept_for_their_owner_alone(caller: Caller) -> None:
    """Older ones are removed, and no half-written file stays."""
    for sequence in range(1, 8):
        await caller.post(render_copy(copy(sequence)))
    assert [int(path.stem.split("_")[2]) for path in caller.files] == [5, 6, 7]
    assert {stat.S_IMODE(path.stat().st_mode) for path in caller.files} == {0o600}


async def test_a_damaged_file_gives_way_to_the_one_before(caller: Caller) -> None:
    """Whoever asks gets what is whole."""
    for sequence in (1, 2, 3):
        await caller.post(render_copy(copy(sequence)))
    caller.files[-1].write_bytes(caller.files[-1].read_bytes()[:-9])
    assert await caller.newest() == 2


async def test_whoever_read_the_one_before_a_damaged_file_can_write(caller: Caller) -> None:
    """It was the newest whole one; nobody would ever write again if the damaged one kept its place."""
    for sequence in (1, 2, 3):
        await caller.post(render_copy(copy(sequence)))
    caller.files[-1].write_bytes(b"")
    client = CloudClient(URL(caller.address), token=TOKEN, aside=None)
    found = await client.read()
    assert found is not None
    assert found.sequence == 2
    await client.write(copy(4))
    assert await caller.newest() == 4
    for path in caller.files:
        path.write_bytes(b"")
    assert await client.read() is None
    await client.write(copy(1, "b"))
    assert await caller.newest() == 1
    await client.aclose()


async def test_a_damaged_file_gives_way_after_a_restart(tmp_path: Path) -> None:
    """Writing goes on from the one before, and the same number does not come twice."""
    async with aiohttp.ClientSession() as session:
        async with open_service(tmp_path, token=TOKEN) as address:
            caller = Caller(address, session, tmp_path)
            for sequence in (1, 2, 3):
                await caller.post(render_copy(copy(sequence)))
        caller.files[-1].write_bytes(caller.files[-1].read_bytes()[:-9])
        async with open_service(tmp_path, token=TOKEN) as address:
            again = Caller(address, session, tmp_path)
            assert await again.newest() == 2
            assert (await again.post(render_copy(copy(2))))[0] == 409
            assert (await again.post(render_copy(copy(4))))[0] == 200
            assert await again.newest() == 4


async def test_what_the_disk_does_not_give_is_passed_over(caller: Caller) -> None:
    """The one before is given; when there is none that is the disk's fault, not an empty directory."""
    for sequence in (1, 2):
        await caller.post(render_copy(copy(sequence)))
    first, second = caller.files
    for path in (second, first):
        path.unlink()
        path.mkdir()
        if path == second:
            assert await caller.newest() == 1
    assert (await caller.get())[0] == 507


async def test_one_service_at_a_time_has_a_directory(tmp_path: Path) -> None:
    """The second does not start; once the first has ended, it does."""
    async with open_service(tmp_path, token=TOKEN):
        with pytest.raises(StartupError, match="in use by another giftbot cloud"):
            async with open_service(tmp_path, token=TOKEN):
                pass
    async with open_service(tmp_path, token=TOKEN):
        pass


async def test_a_disk_that_refuses_is_said(caller: Caller) -> None:
    """No traceback, no half a copy; it goes on once the disk is well."""
    await caller.post(render_copy(copy(1)))
    kept = caller.directory.rename(caller.directory.with_name("away"))
    assert await caller.post(render_copy(copy(2))) == (507, "The disk does not do what it is asked.")
    kept.rename(caller.directory)
    assert (await caller.post(render_copy(copy(2))))[0] == 200


async def test_unknown_paths_and_methods(caller: Caller) -> None:
    """Plain answers."""
    assert (await caller.get("/nothing"))[0] == 404
    assert (await caller.get("/backup_discord_data"))[0] == 405


async def test_it_does_not_start_without_a_good_token_a_directory_and_a_port(tmp_path: Path) -> None:
    """One sentence each."""
    with pytest.raises(SettingsError, match="at least 16"):
        async with open_service(tmp_path, token="short"):
            pass
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="cannot be used"):
        async with open_service(tmp_path / "file", token=TOKEN):
            pass
    async with open_service(tmp_path, token=TOKEN) as address:
        with pytest.raises(StartupError, match="Port"):
            async with open_service(tmp_path / "b", token=TOKEN, port=int(address.rsplit(":", 1)[1])):
                pass

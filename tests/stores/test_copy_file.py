"""The copy of invites on this machine's disk."""

# ruff: noqa: ASYNC240, PTH208  (nobody waits for these tests while they look at the disk)

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import attrs
import pytest

from giftbot.errors import CopyError, CopyRefusedError
from giftbot.services.invites.ports import Copy
from giftbot.stores import copy_file
from giftbot.stores.copy_file import COPY_NAME, CopyFile
from tests.services.invites.copying import T0

COPY = Copy("a", 1, T0, {"giftbot_invites": {}, "invite_cache": {"cache": {"5": {"x": {"uses": 1}}}}})


def numbered(sequence: int, epoch: str = "a") -> Copy:
    """The copy with another number."""
    return attrs.evolve(COPY, sequence=sequence, epoch=epoch)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the copy is."""
    return tmp_path / "data" / COPY_NAME


async def test_there_and_back(path: Path) -> None:
    """The directory is made when it is missing; the file is its owner's alone; earlier bots find their keys."""
    place = CopyFile(path)
    assert await place.read() is None
    await place.write(COPY)
    found = await CopyFile(path).read()
    assert found is not None
    assert (found.epoch, found.sequence, found.taken_at) == ("a", 1, T0)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = json.loads(path.read_bytes())
    assert document["cache"] == {"5": {"x": {"uses": 1}}}
    assert "timestamp" in document


async def test_the_one_before_is_kept_and_used_when_the_last_is_damaged(path: Path) -> None:
    """One `.bak`, and no half-written file."""
    place = CopyFile(path)
    for sequence in (1, 2, 3):
        await place.write(numbered(sequence))
    assert sorted(os.listdir(path.parent)) == [COPY_NAME, f"{COPY_NAME}.bak"]
    path.write_bytes(path.read_bytes()[:-3])
    found = await CopyFile(path).read()
    assert found is not None
    assert found.sequence == 2


async def test_an_older_copy_is_not_written_over_a_newer_one(path: Path) -> None:
    """Of the same series."""
    await CopyFile(path).write(numbered(5))
    with pytest.raises(CopyRefusedError, match="newer"):
        await CopyFile(path).write(numbered(4))


@pytest.mark.parametrize(
    ("body", "suffix"),
    [(b'{"timestamp": "2025-10-31T09:00:00", "cache": {}}', "legacy"), (b'{"timestamp"', "refused")],
)
async def test_what_was_there_is_kept_aside(path: Path, body: bytes, suffix: str) -> None:
    """An earlier bot's file, or a damaged one, before the first write over it; each content once."""
    path.parent.mkdir()
    for _ in range(2):
        path.write_bytes(body)
        with pytest.raises(CopyRefusedError):
            await CopyFile(path).read()
        await CopyFile(path).write(COPY)
    kept = path.with_name(f"{COPY_NAME}.{suffix}")
    assert kept.read_bytes() == body
    path.write_bytes(body + b" ")
    await CopyFile(path).write(COPY)
    assert path.with_name(f"{COPY_NAME}.{suffix}.2").read_bytes() == body + b" "


async def test_a_copy_of_another_series_is_kept_aside(path: Path) -> None:
    """It may be all that somebody has."""
    await CopyFile(path).write(numbered(9, "b"))
    before = path.read_bytes()
    await CopyFile(path).write(COPY)
    assert path.with_name(f"{COPY_NAME}.legacy").read_bytes() == before


async def test_too_large_a_file_is_put_out_of_the_way(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end, and not removed."""
    await CopyFile(path).write(COPY)
    monkeypatch.setattr(copy_file, "LARGEST_COPY", 10)
    with pytest.raises(CopyRefusedError, match="more than"):
        await CopyFile(path).read()
    before = path.read_bytes()
    await CopyFile(path).write(COPY)
    assert path.with_name(f"{COPY_NAME}.toolarge.refused").read_bytes() == before


async def test_a_disk_that_refuses_is_a_sentence(path: Path) -> None:
    """A directory in place of the file, a file in place of the directory; what was there stays."""
    path.parent.touch()
    with pytest.raises(CopyError, match="cannot be written"):
        await CopyFile(path).write(COPY)
    with pytest.raises(CopyError, match="cannot be read"):
        await CopyFile(path).read()
    path.parent.unlink()
    path.mkdir(parents=True)
    with pytest.raises(CopyError, match="cannot be read"):
        await CopyFile(path).read()

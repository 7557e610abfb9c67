"""Copies in object storage, on obstore's own stores."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from giftbot.cloud.objects import open_objects
from giftbot.errors import CopyError, CopyRefusedError, SettingsError
from giftbot.services.invites.ports import Copy
from tests.services.invites.copying import T0

COPY = Copy("a", 1, T0, {"giftbot_invites": {}})


def numbered(sequence: int, epoch: str = "a") -> Copy:
    """The copy with another number."""
    return attrs.evolve(COPY, sequence=sequence, epoch=epoch)


@pytest.fixture
def bucket(tmp_path: Path) -> str:
    """An empty bucket."""
    (tmp_path / "bucket").mkdir()
    return (tmp_path / "bucket").as_uri()


async def test_there_and_back(bucket: str, tmp_path: Path) -> None:
    """The newest comes back, the last few are kept, and nothing of others is touched."""
    (tmp_path / "bucket" / "theirs.json").write_text("{}")
    place = open_objects(bucket)
    assert place.label == "objects"
    assert await place.read() is None
    for sequence in range(1, 14):
        await place.write(numbered(sequence))
    assert await open_objects(bucket).read() == numbered(13)
    names = sorted(path.name for path in (tmp_path / "bucket").iterdir())
    assert len(names) == 11
    assert "theirs.json" in names


async def test_nothing_goes_back(bucket: str) -> None:
    """Lower numbers, other series, and writers who have not seen the newest are refused."""
    one, two = open_objects(bucket), open_objects(bucket)
    assert await one.read() is None
    assert await two.read() is None
    await one.write(numbered(5))
    with pytest.raises(CopyRefusedError):
        await two.write(numbered(9))
    assert await two.read() == numbered(5)
    for refused in (numbered(5), numbered(4), numbered(9, "b")):
        with pytest.raises(CopyRefusedError):
            await two.write(refused)
    await two.write(numbered(9))
    with pytest.raises(CopyRefusedError):
        await one.write(numbered(10))


async def test_a_damaged_object_gives_way_to_the_one_before(bucket: str, tmp_path: Path) -> None:
    """And when none is whole, that is said."""
    place = open_objects(bucket)
    assert await place.read() is None
    await place.write(numbered(1))
    await place.write(numbered(2))
    first, last = sorted((tmp_path / "bucket").iterdir())
    last.write_bytes(last.read_bytes()[:-5])
    assert await place.read() == numbered(1)
    first.write_bytes(b"")
    with pytest.raises(CopyRefusedError, match="damaged"):
        await place.read()


async def test_a_bucket_that_is_away_is_a_sentence(bucket: str, tmp_path: Path) -> None:
    """Without its address: that may hold credentials."""
    place = open_objects(bucket)
    (tmp_path / "bucket").rmdir()
    (tmp_path / "bucket").touch()
    with pytest.raises(CopyError) as raised:
        await place.write(COPY)
    assert str(tmp_path) not in str(raised.value)


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://x/y", "file:///does/not/exist/anywhere"])
def test_an_address_that_is_none_is_said(url: str) -> None:
    """One sentence that names the setting."""
    with pytest.raises(SettingsError, match="CLOUD_OBJECT_URL"):
        open_objects(url)

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

from giftbot.models.announcement import AnnouncementState, Mark
from giftbot.stores.journal import FileJournal
from tests.stores.build import MESSAGE, later, prepared, row, row_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal's file is."""
    return tmp_path / "journal.jsonl"


def mark(code: str, state: AnnouncementState = AnnouncementState.SENT) -> Mark:
    """The end of an attempt that the store could not take."""
    anchor = attrs.evolve(prepared(row(code)).anchor, owner="a", fence=3, lease_until=later(45))
    return Mark(anchor, state, later(2), joined=(row_id("OTHER"),), message_id=MESSAGE, reason="é\n\u2028")


async def test_marks_are_read_as_they_were_written(path: Path) -> None:
    """In order, by this process and the next one."""
    journal = FileJournal(path)
    assert await journal.read() == []
    marks = [mark("AAA"), mark("BBB", AnnouncementState.UNKNOWN), mark("CCC")]
    await journal.append(marks[:2])
    await journal.append([])
    await journal.append(marks[2:])
    assert await journal.read() == marks
    assert await FileJournal(path).read() == marks


async def test_forgetting_marks_keeps_the_rest(path: Path) -> None:
    """Those that were appended while the first ones were replayed stay."""
    journal = FileJournal(path)
    await journal.clear(1)
    await journal.append([mark("AAA"), mark("BBB"), mark("CCC")])
    await journal.clear(2)
    assert await journal.read() == [mark("CCC")]
    await journal.append([mark("DDD")])
    assert await FileJournal(path).read() == [mark("CCC"), mark("DDD")]
    await journal.clear(2)
    assert await journal.read() == []


async def test_a_torn_last_line_costs_only_itself(path: Path) -> None:
    """Wherever the power failed within it; what is appended later is read."""
    journal = FileJournal(path)
    await journal.append([mark("AAA")])
    whole = read(path)
    await journal.append([mark("BBB")])
    both = read(path)
    for cut in range(len(whole) + 1, len(both), 37):
        write(path, both[:cut])
        assert await journal.read() == [mark("AAA")]
        await journal.append([mark("CCC")])
        assert await journal.read() == [mark("AAA"), mark("CCC")]
    await journal.clear(1)
    assert await journal.read() == [mark("CCC")]


async def test_a_damaged_line_is_passed_over(path: Path) -> None:
    """A changed byte is noticed, and does not hide the other lines."""
    journal = FileJournal(path)
    await journal.append([mark("AAA"), mark("BBB")])
    write(path, read(path).replace(b"AAA", b"AAB", 1))
    assert await journal.read() == [mark("BBB")]


async def test_a_disk_that_fails_is_told(tmp_path: Path) -> None:
    """An `OSError`: the caller must not send any more."""
    with pytest.raises(OSError, match="No such file"):
        await FileJournal(tmp_path / "absent" / "journal.jsonl").append([mark("AAA")])


def read(path: Path) -> bytes:
    """What is in the file."""
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    """Put this into the file."""
    path.write_bytes(content)

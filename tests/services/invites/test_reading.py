"""Large copies, read beside a working event loop."""

from __future__ import annotations

import asyncio

import attrs
import psutil  # type: ignore[import-untyped]  # it comes without types
import pytest

from giftbot.errors import CopyRefusedError
from giftbot.services.invites import reading
from giftbot.services.invites.envelope import ForeignCopyError, read_copy, render_copy
from giftbot.services.invites.payload import OURS, STATE, pack_records
from giftbot.services.invites.ports import Copy
from giftbot.services.invites.reading import LARGE, read_any_copy
from giftbot.stores import invite_documents
from tests.services.invites.copying import NORTH, T0, join, records


def body_of(joins: int) -> bytes:
    """A copy with so many joins, and with whatever else can be there."""
    one = attrs.evolve(records(), joins=tuple(join(NORTH, user) for user in range(1, joins + 1)))
    sections = {name: section.own for name, section in pack_records(one, invite_documents).items()}
    guilds = {str(NORTH): sections, "5": {}, "6": [], "7": {STATE: {}, "joins 2026-05": []}}
    carried: dict[str, object] = {"a": [], "b": {}, "c": 1, "d": [{"id": number} for number in range(1200)]}
    return render_copy(Copy("series", 5, T0, {OURS: guilds, **carried}))


@pytest.mark.parametrize("joins", [1, 6000])
def test_it_is_the_same_copy(joins: int) -> None:
    """However large it is, to the last detail and in the same order."""
    body = body_of(joins)
    assert (len(body) > LARGE) is (joins == 6000)
    copy = read_any_copy(body)
    assert copy == read_copy(body)
    assert list(copy.data) == list(read_copy(body).data)


def test_a_large_one_is_refused_with_its_reason() -> None:
    """Of the same kind as a small one."""
    body = body_of(6000)
    with pytest.raises(CopyRefusedError, match="no whole JSON"):
        read_any_copy(body[:-1])
    with pytest.raises(ForeignCopyError):
        read_any_copy(b"[" + b"1," * LARGE + b"1]")


def test_without_a_process_it_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives none."""
    body = body_of(6000)

    def refuse(*_: object, **__: object) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(reading, "ProcessPoolExecutor", refuse)
    assert read_any_copy(body) == read_copy(body)


async def test_a_large_one_is_parsed_by_another_process() -> None:
    """Which ends with it: in a thread, parsing 20 MiB would hold the event loop for as long as it takes."""
    seen: set[int] = set()
    reading_it = asyncio.create_task(asyncio.to_thread(read_any_copy, body_of(40_000)))
    while not reading_it.done():
        seen |= {process.pid for process in psutil.Process().children(recursive=True)}
        await asyncio.sleep(0.001)
    assert (await reading_it).sequence == 5
    assert [pid for pid in seen if not psutil.pid_exists(pid)]

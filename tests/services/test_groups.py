"""Doing many small things together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from giftbot.services.groups import MOST, Groups


class Works:
    """Work that lasts until it is let go, and doubles numbers; 100 fails by itself."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self, items: Sequence[int]) -> Sequence[int | Exception]:
        """Work on a group."""
        self.groups.append(list(items))
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        return [ValueError(item) if item == 100 else 2 * item for item in items]


async def begin(groups: Groups[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Hand items over, each in a task of its own, and let them come as far as they can."""
    tasks = [asyncio.create_task(groups.put(item)) for item in items]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


async def test_who_comes_while_a_group_is_under_way_is_in_the_next_one() -> None:
    """Nobody waits for company, and each gets their own result."""
    works = Works()
    groups = Groups(works)
    first = await begin(groups, 1)
    others = await begin(groups, 2, 3)
    assert works.groups == [[1]]
    works.gate.set()
    assert await asyncio.gather(*first, *others) == [2, 4, 6]
    assert works.groups == [[1], [2, 3]]


async def test_a_group_has_a_largest_size() -> None:
    """The rest is the next one."""
    works = Works()
    works.gate.set()
    groups = Groups(works)
    await asyncio.gather(*(groups.put(number) for number in range(1000, 1000 + MOST + 1)))
    assert [len(group) for group in works.groups] == [MOST, 1]


async def test_what_fails_alone_fails_alone() -> None:
    """The others of its group have their results."""
    works = Works()
    works.gate.set()
    groups = Groups(works)
    results = await asyncio.gather(*(groups.put(item) for item in (1, 100, 2)), return_exceptions=True)
    assert works.groups == [[1, 100, 2]]
    assert [type(result) for result in results] == [int, ValueError, int]


async def test_what_fails_as_a_whole_fails_for_everybody_and_the_next_group_goes_on() -> None:
    """Nobody waits for ever."""
    works = Works()
    works.failure = OSError("gone")
    groups = Groups(works)
    first = await begin(groups, 1)
    works.gate.set()
    second = await begin(groups, 2, 3)
    results = await asyncio.gather(*first, *second, return_exceptions=True)
    assert results == [works.failure] * 3
    works.failure = None
    assert await groups.put(4) == 8


@pytest.mark.parametrize("keep", [False, True])
async def test_what_an_absent_caller_left_behind_is_done_only_if_that_is_wanted(keep: bool) -> None:
    """Before its group began; one that began is not stopped by it."""
    works = Works()
    groups = Groups(works, keep_abandoned=keep)
    [first] = await begin(groups, 1)
    [second, third] = await begin(groups, 2, 3)
    first.cancel()
    second.cancel()
    works.gate.set()
    assert await third == 6
    await groups.aclose()
    assert works.groups == [[1], [2, 3] if keep else [3]]


async def test_the_end_of_the_loop_ends_those_who_wait() -> None:
    """When the group's own task is cancelled, nobody is left behind."""
    works = Works()
    groups = Groups(works)
    waiting = await begin(groups, 1, 2)
    waiting += await begin(groups, 3)
    for task in asyncio.all_tasks() - {asyncio.current_task(), *waiting}:
        task.cancel()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 3

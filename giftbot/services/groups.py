"""Doing many small things together: whoever comes while a group is being worked on belongs to the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST = 500
"""Items of one group, at most."""


class Groups(Generic[Item, Result]):
    """Hands items over in groups, one group at a time, in the order in which they came.

    Nobody is kept waiting for company: a group is what has come when the one before it is done.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        keep_abandoned: bool = False,
    ) -> None:
        """Take what gives each item of a group its result, or the exception that is raised for it alone.

        What it raises is raised for every item of the group. With `keep_abandoned` items whose caller was cancelled
        meanwhile are worked on all the same.
        """
        self._work = work
        self._keep_abandoned = keep_abandoned
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._working: asyncio.Task[None] | None = None

    async def put(self, item: Item) -> Result:
        """Return the item's result. A caller that is cancelled does not stop a group halfway."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._run())
        return await done

    async def aclose(self) -> None:
        """Return when everything that was handed in is done."""
        if self._working is not None:
            await self._working

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            if not self._keep_abandoned:
                group = [(item, done) for item, done in group if not done.done()]
            if group:
                await self._run_one(group)

    async def _run_one(self, group: Sequence[tuple[Item, asyncio.Future[Result]]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await self._work([item for item, _ in group])
        except Exception as error:
            results = [error] * len(group)
        except BaseException:  # this very task is cancelled: nobody else will tell those who wait
            for _, done in (*group, *self._waiting):
                done.cancel()
            raise
        for (_, done), result in zip(group, results, strict=True):
            if done.done():  # a caller that was cancelled does not ask any more
                continue
            if isinstance(result, Exception):
                done.set_exception(result)
            else:
                done.set_result(result)

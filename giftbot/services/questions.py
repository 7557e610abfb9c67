"""Questions to the game that are on their way."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import attrs

from giftbot.models.ids import PlayerId
from giftbot.models.redemption import Redemption


@attrs.define(eq=False)
class Question:
    """One question, and the task that asks it."""

    row: Redemption
    """As it was before."""
    task: asyncio.Task[Redemption] = attrs.field(init=False, repr=False)
    is_begun: bool = False
    """Whether the game may have been asked."""

    def begin(self) -> None:
        """Note that the game is asked from here on. Until then the question may have to wait for another turn."""
        self.is_begun = True

    def take_back(self) -> None:
        """End it, unless the game is being asked: then it ends once the answer is stored."""
        if not self.is_begun:
            self.task.cancel()


class Questions:
    """Those of one job."""

    def __init__(self, interrupted: asyncio.Event) -> None:
        self._interrupted = interrupted
        self._asked: dict[asyncio.Task[Redemption], Question] = {}
        self._landed: list[asyncio.Task[Redemption]] = []
        """Those that are answered, and were not handed out yet: looking for them would cost more than asking."""
        self._news = asyncio.Event()
        self._listening: asyncio.Task[bool] | None = None

    def __len__(self) -> int:
        return len(self._asked)

    @property
    def players(self) -> set[PlayerId]:
        """Whom they are about."""
        return {question.row.player_id for question in self._asked.values()}

    def add(self, question: Question) -> None:
        """Wait for the answer to this one, too."""
        self._asked[question.task] = question
        question.task.add_done_callback(self._land)

    async def answered(self, heartbeat: float) -> list[Question]:
        """Wait for an answer, an interruption, or so many seconds; those that were answered, each once."""
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._interrupted.wait())
            self._listening.add_done_callback(lambda _: self._news.set())
        with suppress(TimeoutError):
            async with asyncio.timeout(heartbeat):
                await self._news.wait()
        self._news.clear()
        return self._take()

    async def drain(self, timeout: float) -> list[Question]:
        """Let them come to their end, for so many seconds; those that did."""
        if self._asked:
            await asyncio.wait(self._asked, timeout=timeout)
        return self._take()

    async def take_back(self) -> None:
        """End those that may be ended, wait for the others, and forget them. Cancelled, it ends all at once."""
        for question in self._asked.values():
            question.take_back()
        await asyncio.gather(*self._asked, return_exceptions=True)
        self._asked.clear()
        self._landed.clear()

    async def aclose(self) -> None:
        """Take them back, and listen no more."""
        if self._listening is not None:
            self._listening.cancel()
        await self.take_back()

    def _land(self, task: asyncio.Task[Redemption]) -> None:
        self._landed.append(task)
        self._news.set()

    def _take(self) -> list[Question]:
        landed, self._landed = self._landed, []
        return [self._asked.pop(task) for task in landed if task in self._asked]

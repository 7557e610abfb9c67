"""An event loop whose time jumps to the next timer when nobody has anything to do: hours pass in milliseconds.

Deterministic: the same program takes the same steps at the same moments.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import attrs

from tests.fakes import START

Result = TypeVar("Result")
Params = ParamSpec("Params")


class _JumpingSelector(selectors.DefaultSelector):
    """Never waits for the time to pass, but while threads are at work that will call back."""

    elapsed = 0.0
    threads_at_work = 0
    stuck = 0
    """Jumps of no length at all, in a row."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; else let `timeout` pass in no time."""
        if ready := super().select(0):
            return ready
        if self.threads_at_work:
            self.stuck = 0
            return super().select(0 if timeout == 0 else 5)
        if timeout is None:
            raise RuntimeError("Everybody waits, and nothing will ever happen.")
        before, self.elapsed = self.elapsed, self.elapsed + max(0.0, timeout)
        self.stuck = self.stuck + 1 if self.elapsed == before else 0
        if self.stuck > 1000:
            raise RuntimeError("Somebody sleeps for so short that the time does not move.")
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; use `run` or, for a test, `virtual`."""

    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        """Seconds since it was made."""
        return self.jumping.elapsed

    def run_in_executor(
        self, executor: Executor | None, func: Callable[..., Result], *args: object
    ) -> asyncio.Future[Result]:
        """Do this in a thread; the time stands still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self.jumping.threads_at_work += 1
        future.add_done_callback(self._one_thread_less)
        return future

    async def shutdown_default_executor(self) -> None:
        """Wait for the threads to end."""
        self.jumping.threads_at_work += 1
        try:
            await super().shutdown_default_executor()
        finally:
            self.jumping.threads_at_work -= 1

    def _one_thread_less(self, future: asyncio.Future[Result]) -> None:
        self.jumping.threads_at_work -= 1


@attrs.define
class VirtualClock:
    """The running loop's time as a `Clock`, with timers that may wake late."""

    lateness: Callable[[], float] = lambda: 0.0
    """How many seconds later than asked for a sleep ends."""

    def now(self) -> datetime:
        """The present moment, cut to milliseconds."""
        moment = START + timedelta(seconds=self.monotonic())
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait for so long, or a little longer."""
        await asyncio.sleep(seconds + self.lateness())


def run(main: Coroutine[None, None, Result]) -> Result:
    """Run this on a loop of its own; the end of it cancels what it left running."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)


def virtual(test: Callable[Params, Coroutine[None, None, None]]) -> Callable[Params, None]:
    """Make this a test that runs on a loop of its own."""

    @functools.wraps(test)
    def on_virtual_time(*args: Params.args, **kwargs: Params.kwargs) -> None:
        run(test(*args, **kwargs))

    return on_virtual_time


def await_threads(at_work: bool) -> None:
    """Let the time stand still while threads are at work (True), and go on when they are done (False)."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.jumping.threads_at_work += 1 if at_work else -1

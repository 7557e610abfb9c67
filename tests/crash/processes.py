"""Starting bots cheaply: a warm process, which has imported everything, forks one for each start."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Self

from giftbot.sandbox.pulse import PATIENCE
from tests.crash import child
from tests.crash.orders import Orders

_WARM = ["pytest", "tests.crash.warm"]
"""`pytest` because each child looks at the main script, which may be that."""


class Bot:
    """One start of the bot."""

    def __init__(self, orders: Orders) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_WARM)
        self._process: ForkServerProcess = context.Process(target=child.run, args=(orders,))

    def start(self) -> Self:
        """Start it; it is not ready on return."""
        self._process.start()
        return self

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)

    async def ended(self, timeout: float = PATIENCE) -> int | None:
        """Its exit code (negative: the signal that ended it), None if it goes on running for so long."""
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, gone.set)
        try:
            async with asyncio.timeout(timeout):
                await gone.wait()
        except TimeoutError:
            return None
        finally:
            loop.remove_reader(self._process.sentinel)
        self._process.join()
        return self._process.exitcode

    async def stopped_itself(self, timeout: float = PATIENCE) -> bool:
        """Wait until it has been put to sleep (SIGSTOP); whether it was."""
        deadline = time.monotonic() + timeout
        while not self._is_asleep():
            if time.monotonic() > deadline or not self.is_running:
                return False
            await asyncio.sleep(0.02)
        return True

    def _is_asleep(self) -> bool:
        status = Path(f"/proc/{self._process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    async def stopped(self) -> int | None:
        """End it in good order; its exit code."""
        self.send(signal.SIGTERM)
        return await self.ended()

    def bury(self) -> None:
        """End it whatever it does, as a power cut would."""
        self._process.kill()
        self._process.join()

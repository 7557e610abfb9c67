"""Child processes that answer questions: one JSON line in, one JSON line out."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from giftbot.sandbox.payload import Payload

Handler = Callable[[Payload], Awaitable[Payload]]
LIMIT = 1 << 26
"""Bytes of the longest line."""
PATIENCE = 120.0
"""Seconds that a child may take for one answer."""


class Child:
    """The other end of `serve`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    async def ask(self, what: str, **arguments: object) -> Payload:
        """Have something done, and return what came of it. Raises `ChildProcessError` when the child ended."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("a child has pipes")
        self._process.stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        if not line:
            words = self._log.read_text(encoding="utf-8", errors="replace")[-3000:]
            raise ChildProcessError(f"{what}: the process ended:\n{words}")
        answer: Payload = json.loads(line)
        return answer

    async def end(self) -> None:
        """Close its input, upon which it ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(20.0):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def child(
    module: str, directory: Path, *arguments: str, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Child]:
    """`python -m MODULE`, from when it is ready to its end; its standard error goes to a file in `directory`."""
    log = directory / f"{module.rpartition('.')[2]}.log"
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env=environ,
            limit=LIMIT,
        )
    opened = Child(process, log)
    try:
        await opened.ask("hello")
        yield opened
    finally:
        await opened.end()


async def serve(handlers: Mapping[str, Handler]) -> None:
    """Answer questions on standard input until it is closed."""
    reader = asyncio.StreamReader(limit=LIMIT)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        question: Payload = json.loads(line)
        what = question.pop("do")
        answer = {} if what == "hello" else await handlers[what](question)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

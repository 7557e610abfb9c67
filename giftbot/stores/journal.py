"""The journal: marks that the store could not take, as lines of JSON on this machine's disk."""

from __future__ import annotations

import asyncio
import json
import os
import zlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog
from cattrs import Converter

from giftbot.files import replacing, sync_directory
from giftbot.models.announcement import Mark
from giftbot.stores.documents import build_converter

_log = structlog.get_logger(__name__)


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


class FileJournal:
    """`Journal` on a file. Each line is `{"mark": ..., "sum": ...}`, the sum over the mark's text.

    A line that was cut off by a power failure is passed over: its `append` never returned. Raises `OSError` when
    the disk does not do what it is asked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self._converter: Converter = build_converter(moment=datetime.isoformat)

    async def append(self, marks: Sequence[Mark]) -> None:
        """Keep marks; on return they are on disk."""
        if marks:
            lines = b"".join(self._line(mark) for mark in marks)
            async with self._lock:
                await asyncio.to_thread(self._append, lines)

    async def read(self) -> list[Mark]:
        """All marks kept, in order."""
        async with self._lock:
            return [mark for mark, _ in await asyncio.to_thread(self._read)]

    async def clear(self, count: int) -> None:
        """Forget the first `count` marks, after they were replayed."""
        async with self._lock:
            await asyncio.to_thread(self._clear, count)

    def _line(self, mark: Mark) -> bytes:
        text = json.dumps(self._converter.unstructure(mark), separators=(",", ":"))
        return f'{{"mark":{text},"sum":"{_checksum(text)}"}}\n'.encode()

    def _append(self, lines: bytes) -> None:
        is_new = not self._path.exists()
        with self._path.open("a+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    lines = b"\n" + lines  # after a line that was cut off
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            sync_directory(self._path.parent)

    def _read(self) -> list[tuple[Mark, bytes]]:
        """The marks with the lines that hold them."""
        if not self._path.exists():
            return []
        found: list[tuple[Mark, bytes]] = []
        for number, line in enumerate(self._path.read_bytes().splitlines(keepends=True), start=1):
            try:
                found.append((self._mark(line), line))
            except Exception as error:  # whatever a damaged line makes of the parsers
                _log.warning(
                    "journal line passed over", path=str(self._path), line=number, why=type(error).__name__
                )
        return found

    def _mark(self, line: bytes) -> Mark:
        text, _, rest = line.decode().rstrip("\n").removeprefix('{"mark":').rpartition(',"sum":"')
        if rest != f'{_checksum(text)}"}}':
            raise ValueError("the checksum does not match")
        return self._converter.structure(json.loads(text), Mark)

    def _clear(self, count: int) -> None:
        kept = self._read()[count:]
        if not self._path.exists():
            return
        with replacing(self._path) as file:
            file.writelines(line for _, line in kept)

"""The log of `ops`: a file in the data directory, made when there is something to write."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TextIO

NAME = "ops.log"
LARGEST = 1_000_000
"""Bytes; a larger file is put aside as `ops.log.1` before the next line."""


class LogFile(io.TextIOBase):
    """A stream to a file that need not exist. Where it cannot be written, what is written is dropped."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._path = directory / NAME
        self._file: TextIO | None = None
        self.written: Path | None = None
        """The file, once something is in it."""

    def writable(self) -> bool:
        """Whether one may try."""
        return True

    def write(self, words: str) -> int:
        """Append."""
        try:
            if self._file is None:
                self._file = self._open()
            self._file.write(words)
            self._file.flush()
            self.written = self._path
        except OSError:
            pass  # the sentence for the operator says that there is no log
        return len(words)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()

    def _open(self) -> TextIO:
        if self._path.exists() and self._path.stat().st_size > LARGEST:
            self._path.replace(self._path.with_name(f"{NAME}.1"))
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8")
